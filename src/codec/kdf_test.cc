#include <gtest/gtest.h>

#include "base/error.h"
#include "base/random.h"
#include "codec/base32.h"
#include "codec/scrypt.h"

namespace lifeboat::codec {
namespace {

TEST(Scrypt, MatchesRfc7914) {
  EXPECT_EQ(to_hex(scrypt({}, {}, {.log2_n = 4, .r = 1, .p = 1}, 64).view()),
            "77d6576238657b203b19ca42c18a0497f16b4844e3074ae8dfdffa3fede21442"
            "fcd0069ded0948f8326a753a0fc81f17e8d3e0fb2e0d3628cf35e20c38d18906");
  EXPECT_EQ(to_hex(scrypt(as_bytes("password"), as_bytes("NaCl"), {.log2_n = 10, .r = 8, .p = 16}, 64).view()),
            "fdbabe1c9d3472007856e7190d01e9fe7c6ad7cbc8237830e77376634b373162"
            "2eaf30d92e22a3886ff109279d9830dac727afb94a83ee6d8360cbdfa2cc0640");
  EXPECT_EQ(
      to_hex(scrypt(as_bytes("pleaseletmein"), as_bytes("SodiumChloride"), {.log2_n = 14, .r = 8, .p = 1}, 64).view()),
      "7023bdcb3afd7348461c06cd81fd38ebfda8fbba904f8e3ea9b543f6545da1f2"
      "d5432955613f0fcf62d49705242a9af9e61e85dc0d651e40dfcf017b45575887");
}

TEST(Scrypt, RefusesCostsBeyondItsBounds) {
  for (const ScryptCost cost :
       {ScryptCost{0, 8, 1}, {21, 8, 1}, {255, 8, 1}, {15, 0, 1}, {15, 33, 1}, {15, 8, 0}, {15, 8, 17}, {20, 32, 1}}) {
    EXPECT_THROW(scrypt(as_bytes("x"), as_bytes("y"), cost), Exception)
        << int{cost.log2_n} << ' ' << int{cost.r} << ' ' << int{cost.p};
  }
}

TEST(Base32, MatchesRfc4648) {
  EXPECT_EQ(to_base32(as_bytes("")), "");
  EXPECT_EQ(to_base32(as_bytes("f")), "MY");
  EXPECT_EQ(to_base32(as_bytes("fo")), "MZXQ");
  EXPECT_EQ(to_base32(as_bytes("foo")), "MZXW6");
  EXPECT_EQ(to_base32(as_bytes("foob")), "MZXW6YQ");
  EXPECT_EQ(to_base32(as_bytes("fooba")), "MZXW6YTB");
  EXPECT_EQ(to_base32(as_bytes("foobar")), "MZXW6YTBOI");
}

TEST(Base32, ReadsBackEveryLengthInEitherCase) {
  for (std::size_t size = 0; size < 70; ++size) {
    const Bytes bytes = random_bytes(size);
    std::string text = to_base32(bytes);
    EXPECT_EQ(from_base32(text), bytes);
    for (char& c : text) c = static_cast<char>(std::tolower(c));
    EXPECT_EQ(from_base32(text), bytes);
  }
}

TEST(Base32, RefusesWhatItWouldNotWrite) {
  for (const char* text : {"M", "MZX", "MZXW6Y", "M1", "M=", "MZ XQ", "M0", "MZ8Q", "MZ"}) {
    EXPECT_FALSE(from_base32(text)) << text;
  }
}

}  // namespace
}  // namespace lifeboat::codec
