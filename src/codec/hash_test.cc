#include "codec/hash.h"

#include <gtest/gtest.h>

#include <string>

#include "base/error.h"

namespace lifeboat::codec {
namespace {

TEST(Sha256, MatchesPublishedVectors) {
  EXPECT_EQ(to_hex(sha256(as_bytes(""))), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  EXPECT_EQ(to_hex(sha256(as_bytes("abc"))), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  EXPECT_EQ(sha256({as_bytes("a"), as_bytes(""), as_bytes("bc")}), sha256(as_bytes("abc")));
}

struct HmacVector {
  std::string key, data, mac;
};

TEST(HmacSha256, MatchesRfc4231) {
  const HmacVector vectors[] = {
      {"0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b", "4869205468657265",
       "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7"},
      {"4a656665", "7768617420646f2079612077616e7420666f72206e6f7468696e673f",
       "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"},
      {"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
       "dddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddd",
       "773ea91e36800e46854db8ebd09181a72959098b3ef8c122d9635514ced565fe"},
      {"0102030405060708090a0b0c0d0e0f10111213141516171819",
       "cdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcd",
       "82558a389a443c0ea4cc819899f2083a85f0faa3e578f8077a2e3ff46729665b"},
  };
  for (const HmacVector& vector : vectors) {
    EXPECT_EQ(to_hex(hmac_sha256(from_hex(vector.key), from_hex(vector.data))), vector.mac);
  }
  const Bytes long_key(131, 0xaa);
  EXPECT_EQ(to_hex(hmac_sha256(long_key, as_bytes("Test Using Larger Than Block-Size Key - Hash Key First"))),
            "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54");
  EXPECT_EQ(to_hex(hmac_sha256(long_key, {as_bytes("This is a test using a larger than block-size key and a larger "),
                                          as_bytes("than block-size data. The key needs to be hashed before being "),
                                          as_bytes("used by the HMAC algorithm.")})),
            "9b09ffa71b942fcb27635fbcd5b0e944bfdc63644f0713938a7f51535c3a35e2");
}

TEST(HkdfSha256, MatchesRfc5869) {
  const Bytes ikm(22, 0x0b);
  EXPECT_EQ(
      to_hex(hkdf_sha256(ikm, from_hex("000102030405060708090a0b0c"), from_hex("f0f1f2f3f4f5f6f7f8f9"), 42).view()),
      "3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf34007208d5b887185865");
  Bytes long_ikm, salt, info;
  for (int i = 0; i < 80; ++i) {
    long_ikm.push_back(static_cast<std::uint8_t>(i));
    salt.push_back(static_cast<std::uint8_t>(0x60 + i));
    info.push_back(static_cast<std::uint8_t>(0xb0 + i));
  }
  EXPECT_EQ(to_hex(hkdf_sha256(long_ikm, salt, info, 82).view()),
            "b11e398dc80327a1c8e7f78c596a49344f012eda2d4efad8a050cc4c19afa97c59045a99cac7827271cb41c65e590e09"
            "da3275600c2f09b8367793a9aca3db71cc30c58179ec3e87c14c01d5c1f3434f1d87");
  EXPECT_EQ(to_hex(hkdf_sha256(ikm, {}, {}, 42).view()),
            "8da4e775a563c18f715f802a063c5a31b8a11f5c5ee1879ec3454e5f3c738d2d9d201395faa4b61a96c8");
}

TEST(EqualInConstantTime, ComparesLengthAndContent) {
  EXPECT_TRUE(equal_in_constant_time(as_bytes("abc"), as_bytes("abc")));
  EXPECT_FALSE(equal_in_constant_time(as_bytes("abc"), as_bytes("abd")));
  EXPECT_FALSE(equal_in_constant_time(as_bytes("abc"), as_bytes("ab")));
  EXPECT_TRUE(equal_in_constant_time({}, {}));
}

Bytes counting(std::size_t size) {
  Bytes out(size);
  for (std::size_t i = 0; i < size; ++i) out[i] = static_cast<std::uint8_t>(i);
  return out;
}

TEST(BlockPrf, MatchesTheSameComposedWithTheOpensslCommand) {
  Bytes block(4096);
  for (std::size_t i = 0; i < block.size(); ++i) block[i] = static_cast<std::uint8_t>(i * 7 + i / 256);
  // openssl mac GMAC, then openssl enc -aes-256-ecb -nopad
  EXPECT_EQ(to_hex(BlockPrf(counting(64))(5, block)), "c98a74b7d86bc571d07c854526992b62");
}

TEST(BlockPrf, DependsOnKeyNumberAndEveryByte) {
  const BlockPrf prf(counting(64));
  Bytes block(4096, 1);
  const BlockPrf::Value value = prf(0, block);
  EXPECT_EQ(prf(0, block), value);
  EXPECT_NE(prf(1, block), value);
  EXPECT_NE(prf(0x01000000, block), value);
  EXPECT_NE(BlockPrf(Bytes(64, 9))(0, block), value);
  EXPECT_EQ(prf(0, block), value) << "another key in between";
  for (std::size_t i : {0UZ, 1UZ, 15UZ, 16UZ, 2048UZ, 4095UZ}) {
    block[i] ^= 0x80U;
    EXPECT_NE(prf(0, block), value) << i;
    block[i] ^= 0x80U;
  }
}

TEST(BlockPrf, SeesBlocksThatChangePlaces) {
  const BlockPrf prf(counting(64));
  const Bytes a(4096, 1), b(4096, 2);
  const auto both = [&](const Bytes& first, const Bytes& second) {
    BlockPrf::Value sum = prf(0, first);
    const BlockPrf::Value other = prf(1, second);
    for (std::size_t i = 0; i < sum.size(); ++i) sum[i] ^= other[i];
    return sum;
  };
  EXPECT_NE(both(a, b), both(b, a));
}

TEST(Secret, CopiesAndMovesItsBytes) {
  Secret a(std::string_view("passphrase"));
  Secret b = a;
  Secret c = std::move(a);
  EXPECT_TRUE(a.empty());  // NOLINT(bugprone-use-after-move): that it is empty is the promise
  EXPECT_EQ(as_text(b.view()), "passphrase");
  EXPECT_EQ(as_text(c.view()), "passphrase");
  b = Secret(Bytes{1, 2});
  c = b;
  EXPECT_EQ(to_hex(c.view()), "0102");
}

}  // namespace
}  // namespace lifeboat::codec
