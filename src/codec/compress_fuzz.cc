// The first byte chooses: a frame, a frame with a prefix before it, or content to be compressed. Decompression stays
// inside its bound and refuses with kCorruption only; what was compressed comes back.

#include <algorithm>

#include "base/error.h"
#include "codec/compress.h"

namespace {

using lifeboat::Bytes;
using lifeboat::ByteSpan;
using lifeboat::ByteView;
namespace codec = lifeboat::codec;

constexpr std::size_t kBound = 128 << 10U;

void round_trip(ByteView content, ByteView prefix, int level) {
  Bytes frame(codec::compress_bound(content.size()));
  frame.resize(codec::compress_with_prefix(content, prefix, frame, level));
  Bytes back(content.size());
  LIFEBOAT_CHECK(codec::decompress_with_prefix(frame, prefix, back) == content.size());
  LIFEBOAT_CHECK(std::ranges::equal(back, content));
  LIFEBOAT_CHECK(std::ranges::equal(codec::decompress(codec::compress(content, level), content.size()), content));
}

void try_one(std::uint8_t mode, ByteView input) {
  if (mode % 3 == 0) {
    LIFEBOAT_CHECK(codec::decompress(input, kBound).size() <= kBound);
    return;
  }
  const ByteView prefix = input.first(std::min<std::size_t>(input.size(), mode));
  const ByteView rest = input.subspan(prefix.size());
  if (mode % 3 == 1) {
    Bytes out(kBound);
    LIFEBOAT_CHECK(codec::decompress_with_prefix(rest, prefix, out) <= kBound);
  } else {
    round_trip(rest, prefix, mode % 8 - 3);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  try {
    try_one(data[0], {data + 1, size - 1});
  } catch (const lifeboat::Exception& e) {
    if (e.code() != lifeboat::Code::kCorruption) __builtin_trap();
  }
  return 0;
}
