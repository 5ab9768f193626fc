#include "codec/seal.h"

#include <gtest/gtest.h>

#include <atomic>
#include <thread>
#include <vector>

#include "base/error.h"
#include "base/random.h"

namespace lifeboat::codec {
namespace {

Nonce nonce_from_hex(std::string_view hex) {
  Nonce out{};
  const Bytes bytes = from_hex(hex);
  std::copy(bytes.begin(), bytes.end(), out.begin());
  return out;
}

std::string seal_hex(std::string_view key, std::string_view nonce, std::string_view associated,
                     std::string_view plain) {
  const Bytes text = from_hex(plain);
  Bytes out(text.size() + kSealTagBytes);
  SealKey(from_hex(key)).seal(nonce_from_hex(nonce), from_hex(associated), {text}, out);
  return to_hex(out);
}

// The AES-256 cases of the vectors NIST published with GCM.
TEST(SealKey, MatchesPublishedVectors) {
  const std::string zero_key(64, '0');
  const std::string zero_nonce(24, '0');
  EXPECT_EQ(seal_hex(zero_key, zero_nonce, "", ""), "530f8afbc74536b9a963b4f1c4cb738b");
  EXPECT_EQ(seal_hex(zero_key, zero_nonce, "", std::string(32, '0')),
            "cea7403d4d606b6e074ec5d3baf39d18d0d1c8a799996bf0265b98b5d48ab919");
  EXPECT_EQ(seal_hex("feffe9928665731c6d6a8f9467308308feffe9928665731c6d6a8f9467308308", "cafebabefacedbaddecaf888",
                     "feedfacedeadbeeffeedfacedeadbeefabaddad2",
                     "d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a721c3c0c95956809532fcf0e2449a6b525"
                     "b16aedf5aa0de657ba637b39"),
            "522dc1f099567d07f47f37a32a84427d643a8cdcbfe5c0c97598a2bd2555d1aa8cb08e48590dbb3da7b08b1056828838"
            "c5f61e6393ba7a0abcc9f66276fc6ece0f4e1768cddf8853bb2d551b");
}

TEST(SealKey, PartsInPlaceAndWholeAreTheSame) {
  const SealKey key(Bytes(32, 7));
  const Bytes text = random_bytes(1000);
  Bytes whole(text.size() + kSealTagBytes);
  key.seal(Nonce{1}, as_bytes("x"), {text}, whole);

  Bytes parts(whole.size());
  key.seal(Nonce{1}, as_bytes("x"),
           {ByteView(text).first(1), {}, ByteView(text).subspan(1, 500), ByteView(text).subspan(501)}, parts);
  EXPECT_EQ(parts, whole);

  Bytes in_place = text;
  in_place.resize(whole.size());
  key.seal(Nonce{1}, as_bytes("x"), {ByteView(in_place).first(text.size())}, in_place);
  EXPECT_EQ(in_place, whole);

  ASSERT_TRUE(key.open(Nonce{1}, as_bytes("x"), in_place, ByteSpan(in_place).first(text.size())));
  in_place.resize(text.size());
  EXPECT_EQ(in_place, text);
}

TEST(SealKey, EveryFlippedBitIsFound) {
  const SealKey key(Bytes(32, 7));
  Bytes sealed(40 + kSealTagBytes);
  Bytes out(40);
  key.seal(Nonce{1}, as_bytes("aad"), {Bytes(40, 3)}, sealed);
  for (std::size_t bit = 0; bit < sealed.size() * 8; ++bit) {
    sealed[bit / 8] ^= static_cast<std::uint8_t>(1U << (bit % 8));
    EXPECT_FALSE(key.open(Nonce{1}, as_bytes("aad"), sealed, out)) << bit;
    sealed[bit / 8] ^= static_cast<std::uint8_t>(1U << (bit % 8));
  }
  EXPECT_FALSE(key.open(Nonce{2}, as_bytes("aad"), sealed, out));
  EXPECT_FALSE(key.open(Nonce{1}, as_bytes("aae"), sealed, out));
  EXPECT_FALSE(SealKey(Bytes(32, 8)).open(Nonce{1}, as_bytes("aad"), sealed, out));
  EXPECT_FALSE(key.open(Nonce{1}, as_bytes("aad"), ByteView(sealed).first(10), {}));
  EXPECT_TRUE(key.open(Nonce{1}, as_bytes("aad"), sealed, out)) << "failures must leave nothing behind";
}

TEST(SealKey, ThreadsShareKeys) {
  const SealKey keys[] = {SealKey(Bytes(32, 1)), SealKey(Bytes(32, 2))};
  std::vector<std::thread> threads;
  std::atomic<int> opened{0};
  threads.reserve(4);
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&] {
      for (std::uint8_t i = 0; i < 200; ++i) {
        const SealKey& key = keys[i % 2];
        Bytes sealed(100 + kSealTagBytes);
        Bytes out(100);
        key.seal(Nonce{i}, {}, {Bytes(100, i)}, sealed);
        opened += key.open(Nonce{i}, {}, sealed, out) && out == Bytes(100, i) ? 1 : 0;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(opened, 800);
}

}  // namespace
}  // namespace lifeboat::codec
