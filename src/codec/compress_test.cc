#include "codec/compress.h"

#include <gtest/gtest.h>

#include <functional>
#include <random>

#include "base/error.h"
#include "base/random.h"

namespace lifeboat::codec {
namespace {

/// Words from a small vocabulary: compresses about as rows do.
Bytes row_like(std::size_t size, unsigned seed) {
  std::mt19937 random(seed);
  Bytes out;
  while (out.size() < size) {
    const std::string word = "field" + std::to_string(random() % 5000) + " ";
    out.insert(out.end(), word.begin(), word.end());
  }
  out.resize(size);
  return out;
}

Code code_of(const std::function<void()>& call) {
  try {
    call();
  } catch (const Exception& e) {
    return e.code();
  }
  return Code::kInternal;
}

TEST(Compress, RoundTripsAtEveryLevel) {
  for (int level : {-5, -1, 1, 3, 9}) {
    for (std::size_t size : {0UZ, 1UZ, 4096UZ, 131072UZ, 1000000UZ}) {
      const Bytes in = row_like(size, 1);
      EXPECT_EQ(decompress(compress(in, level), size), in) << level << ' ' << size;
    }
  }
  const Bytes noise = random_bytes(131072);
  EXPECT_EQ(decompress(compress(noise, 1), noise.size()), noise);
}

TEST(Compress, RefusesMoreThanTheBound) {
  const Bytes frame = compress(Bytes(100000), 1);
  EXPECT_EQ(code_of([&] { decompress(frame, 99999); }), Code::kCorruption);
  Bytes out(99999);
  EXPECT_EQ(code_of([&] { decompress(frame, ByteSpan(out)); }), Code::kCorruption);
}

TEST(Compress, RefusesTruncatedAndExtendedFrames) {
  Bytes frame = compress(row_like(5000, 2), 1);
  for (std::size_t size = 0; size < frame.size(); ++size) {
    EXPECT_EQ(code_of([&] { decompress(ByteView(frame).first(size), 5000); }), Code::kCorruption) << size;
  }
  frame.push_back(0);
  EXPECT_EQ(code_of([&] { decompress(frame, 5000); }), Code::kCorruption);
  const Bytes two = compress(Bytes(10), 1);
  frame.pop_back();
  frame.insert(frame.end(), two.begin(), two.end());
  EXPECT_EQ(code_of([&] { decompress(frame, 6000); }), Code::kCorruption);
}

TEST(CompressWithPrefix, AChangedPageCostsLittleMoreThanTheChange) {
  for (std::size_t size : {4096UZ, 16384UZ, 131072UZ}) {
    const Bytes before = row_like(size, 3);
    Bytes after = before;
    const Bytes change = random_bytes(60);
    std::copy(change.begin(), change.end(), after.begin() + static_cast<std::ptrdiff_t>(size / 2));
    Bytes frame(compress_bound(size));
    frame.resize(compress_with_prefix(after, before, frame, 1));
    EXPECT_LT(frame.size(), 200U) << size;

    Bytes out(size);
    EXPECT_EQ(decompress_with_prefix(frame, before, out), size);
    EXPECT_EQ(out, after);
  }
}

TEST(CompressWithPrefix, APrefixIsUsedOnce) {
  const Bytes before = row_like(16384, 4);
  const Bytes same(before.begin(), before.end());  // elsewhere in memory
  Bytes frame(compress_bound(before.size()));
  frame.resize(compress_with_prefix(same, before, frame, 1));
  Bytes out(before.size());
  // A failure and a success with the prefix; then without it the same frame must not open.
  EXPECT_THROW(decompress_with_prefix(ByteView(frame).first(frame.size() - 1), before, out), Exception);
  EXPECT_EQ(decompress_with_prefix(frame, before, out), before.size());
  EXPECT_THROW(decompress(frame, ByteSpan(out)), Exception);
  EXPECT_EQ(decompress(compress(before, 1), before.size()), before);
}

TEST(CompressWithPrefix, APrefixThatLooksLikeADictionaryIsStillRaw) {
  Bytes before = row_like(8192, 5);
  const Bytes magic = from_hex("37a430ec");
  std::copy(magic.begin(), magic.end(), before.begin());
  const Bytes same(before.begin(), before.end());  // elsewhere in memory
  Bytes frame(compress_bound(before.size()));
  frame.resize(compress_with_prefix(same, before, frame, 1));
  EXPECT_LT(frame.size(), 100U);
  Bytes out(before.size());
  EXPECT_EQ(decompress_with_prefix(frame, before, out), before.size());
  EXPECT_EQ(out, before);
}

}  // namespace
}  // namespace lifeboat::codec
