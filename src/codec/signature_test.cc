#include "codec/signature.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace lifeboat::codec {
namespace {

template <typename Array>
Array from_hex_as(std::string_view hex) {
  const Bytes bytes = from_hex(hex);
  Array out{};
  std::ranges::copy(bytes, out.begin());
  return out;
}

TEST(Signature, EqualsTheSecondVectorOfTheStandard) {  // RFC 8032, 7.1
  const SigningKey key(Secret(from_hex("4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb")));
  EXPECT_EQ(to_hex(key.public_key()), "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c");
  const Bytes message = from_hex("72");
  EXPECT_EQ(to_hex(key.sign(message)),
            "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da"
            "085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00");
}

TEST(Signature, HoldsForItsMessageAndKeyOnly) {
  const SigningKey key(Secret(Bytes(32, 7)));
  const SigningKey other(Secret(Bytes(32, 8)));
  const Signature signature = key.sign(as_bytes("release h-1"));
  EXPECT_TRUE(verify_signature(key.public_key(), as_bytes("release h-1"), signature));
  EXPECT_FALSE(verify_signature(key.public_key(), as_bytes("release h-2"), signature));
  EXPECT_FALSE(verify_signature(other.public_key(), as_bytes("release h-1"), signature));
  for (std::size_t i = 0; i < signature.size(); ++i) {
    Signature changed = signature;
    changed[i] ^= 1U;
    EXPECT_FALSE(verify_signature(key.public_key(), as_bytes("release h-1"), changed)) << i;
  }
}

TEST(Signature, OfAKeyThatIsNoPointHoldsForNothing) {
  const auto key = from_hex_as<PublicKey>("ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff");
  EXPECT_FALSE(verify_signature(key, as_bytes("x"), Signature{}));
}

}  // namespace
}  // namespace lifeboat::codec
