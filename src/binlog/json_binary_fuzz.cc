// MySQL's binary JSON of any bytes becomes text that is not larger than allowed, or is refused.
#include "binlog/fuzzing.h"
#include "binlog/json_binary.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace lifeboat;
  const ByteView bytes(data, size);
  binlog::may_refuse([&] {
    if (binlog::json_text(bytes, binlog::kFuzzLimit).size() > binlog::kFuzzLimit) __builtin_trap();
  });
  binlog::may_refuse([&] { binlog::json_diff_text(bytes, binlog::kFuzzLimit); });
  return 0;
}
