// A chunk's or delta's payload either decodes within a chunk, or is refused as damaged. The first byte is the codec.
#include "base/error.h"
#include "vault/chunk_codec.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace lifeboat;
  if (size == 0) return 0;
  const auto codec = static_cast<vault::PayloadCodec>(data[0] % 4);
  const ByteView payload(data + 1, size - 1);
  static Bytes content(vault::kChunkBytes);
  const auto refuses_cleanly = [](const auto& decode) {
    try {
      decode();
    } catch (const Exception& e) {
      if (e.code() != Code::kCorruption) __builtin_trap();
    }
  };
  refuses_cleanly([&] { vault::decode_plain(codec, payload, content); });
  refuses_cleanly([&] { vault::apply_delta(codec, payload, content); });
  return 0;
}
