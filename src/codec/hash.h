/// Hashes: SHA-256, HMAC-SHA-256, HKDF-SHA-256, and the keyed block hash that chunk digests are made of.
/// Threads: free functions from any thread; a const BlockPrf may be shared.
#pragma once

#include <array>
#include <cstdint>
#include <initializer_list>

#include "base/bytes.h"
#include "codec/cipher_key.h"
#include "codec/secret.h"

namespace lifeboat::codec {

using Hash256 = std::array<std::uint8_t, 32>;

/// The hash of the parts, one after another.
Hash256 sha256(std::initializer_list<ByteView> parts);
inline Hash256 sha256(ByteView bytes) {
  return sha256({bytes});
}

Hash256 hmac_sha256(ByteView key, std::initializer_list<ByteView> parts);
inline Hash256 hmac_sha256(ByteView key, ByteView bytes) {
  return hmac_sha256(key, {bytes});
}

/// RFC 5869, extract and expand; `size` up to 8160.
Secret hkdf_sha256(ByteView key, ByteView salt, ByteView info, std::size_t size = 32);

/// Compares without telling by its time where the two differ.
bool equal_in_constant_time(ByteView a, ByteView b);

/// The keyed hash of one block and its number: a PRF to whoever does not hold the key. Runs over every byte that is
/// imported, hence AES and carry-less multiplication rather than SHA: AES-256(second key half, GMAC(first key half,
/// nonce = number, block)). GMAC alone is linear, so blocks that change places would go unseen; behind AES its tags are
/// never visible, so a nonce may serve many blocks.
class BlockPrf {
 public:
  using Value = std::array<std::uint8_t, 16>;

  /// `key` is 64 bytes.
  explicit BlockPrf(ByteView key);

  Value operator()(std::uint32_t number, ByteView block) const;

 private:
  CipherKey mac_key_;
  CipherKey block_key_;
};

}  // namespace lifeboat::codec
