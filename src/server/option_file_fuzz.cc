#include "base/error.h"
#include "server/option_file.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  try {
    lifeboat::server::parse_option_text(lifeboat::as_text({data, size}), "fuzz");
  } catch (const lifeboat::Exception&) {  // refused, as it should be
  }
  return 0;
}
