// A launch list either decodes to what encodes to an equal list, or is refused as damaged.
#include "base/error.h"
#include "volume/launch_list.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace lifeboat;
  try {
    const std::vector<volume::LaunchRun> runs = volume::decode_launch_list({data, size});
    LIFEBOAT_CHECK(volume::decode_launch_list(volume::encode_launch_list(runs)) == runs);
  } catch (const Exception& e) {
    if (e.code() != Code::kCorruption) __builtin_trap();
  }
  return 0;
}
