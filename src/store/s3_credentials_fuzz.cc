// Credentials files as people write them: refused with kCorruption only, and nothing accepted could end a header.

#include "base/error.h"
#include "store/s3_credentials.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  try {
    const auto found = lifeboat::store::parse_s3_credentials(lifeboat::as_text({data, size}), "default", "fuzz");
    if (!found) return 0;
    LIFEBOAT_CHECK(!found->access_key.empty() && !found->secret_key.empty());
    for (const std::string& text : {found->access_key, found->session_token}) {
      for (const char c : text) LIFEBOAT_CHECK(c > ' ' && c <= '~');
    }
  } catch (const lifeboat::Exception& e) {
    LIFEBOAT_CHECK(e.code() == lifeboat::Code::kCorruption);
  }
  return 0;
}
