// What is typed as a recovery key either is one, and then is shown again as it was typed, or is not.

#include <algorithm>

#include "base/error.h"
#include "codec/base32.h"
#include "vault/key_slots.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace lifeboat;
  const std::string_view text = as_text({data, size});
  if (const auto bytes = codec::from_base32(text)) LIFEBOAT_CHECK(codec::to_base32(*bytes).size() == text.size());
  if (const auto key = vault::parse_recovery_key(text)) {
    LIFEBOAT_CHECK(vault::looks_like_recovery_key(text));
    const codec::Secret shown = vault::recovery_key_text(key->view());
    LIFEBOAT_CHECK(std::ranges::equal(vault::parse_recovery_key(as_text(shown.view()))->view(), key->view()));
  }
  return 0;
}
