// Compressed payloads and columns of any bytes inflate to no more than allowed, or are refused.
#include "binlog/fuzzing.h"
#include "binlog/inflate.h"
#include "codec/decompress_stream.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace lifeboat;
  const ByteView bytes(data, size);
  binlog::may_refuse([&] {
    if (binlog::inflate_payload(bytes, binlog::kFuzzLimit).size() > binlog::kFuzzLimit) __builtin_trap();
  });
  binlog::may_refuse([&] { binlog::inflate_column(bytes, binlog::kFuzzLimit); });
  binlog::may_refuse([&] {
    codec::DecompressStream stream(bytes);
    Bytes out(4096);
    for (std::size_t total = 0; total < binlog::kFuzzLimit;) {
      const std::size_t got = stream.read(out);
      if (got == 0) break;
      total += got;
    }
  });
  return 0;
}
