// The small files that say what a volume is: its record, its process, its description. Each is read or refused.
#include "base/error.h"
#include "volume/description.h"
#include "volume/state_dir.h"

namespace {

template <typename Call>
void may_refuse(Call call) {
  try {
    call();
  } catch (const lifeboat::Exception& e) {
    if (e.code() != lifeboat::Code::kCorruption && e.code() != lifeboat::Code::kUnsupported) __builtin_trap();
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace lifeboat;
  const ByteView content(data, size);
  may_refuse([&] { volume::decode_volume_record(content, "fuzz"); });
  may_refuse([&] { LIFEBOAT_CHECK(volume::decode_process(content, "fuzz").pid >= 0); });
  may_refuse([&] { volume::decode_description(content, "fuzz"); });
  return 0;
}
