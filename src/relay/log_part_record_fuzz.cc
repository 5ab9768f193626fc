// A log part's record either decodes to what encodes to an equal one, or is refused as damaged.
#include "base/error.h"
#include "relay/log_part_record.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace lifeboat;
  try {
    const relay::LogPartRecord record = relay::decode_log_part_record({data, size});
    LIFEBOAT_CHECK(relay::decode_log_part_record(relay::encode_log_part_record(record)) == record);
  } catch (const Exception& e) {
    if (e.code() != Code::kCorruption) __builtin_trap();
  }
  return 0;
}
