/// Ed25519 signatures (RFC 8032): whoever has the public key can tell who signed, and cannot sign.
/// Threads: values; a const SigningKey may be shared. Errors: verify_signature has none; a seed or key of another size
/// is a bug of the caller.
#pragma once

#include <array>

#include "base/bytes.h"
#include "codec/secret.h"

namespace lifeboat::codec {

using PublicKey = std::array<std::uint8_t, 32>;
using Signature = std::array<std::uint8_t, 64>;

class SigningKey {
 public:
  static constexpr std::size_t kSeedSize = 32;

  /// The key is the seed's alone: 32 bytes that nobody can guess.
  explicit SigningKey(Secret seed);

  PublicKey public_key() const;
  Signature sign(ByteView message) const;

 private:
  Secret seed_;
};

bool verify_signature(const PublicKey& key, ByteView message, const Signature& signature);

}  // namespace lifeboat::codec
