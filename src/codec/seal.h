/// Authenticated encryption: AES-256-GCM with a 96-bit nonce and a 128-bit tag at the end. A key must never seal two
/// things under one nonce; the vault's formats derive a key per object, so that nonces are offsets.
#pragma once

#include <array>
#include <cstdint>
#include <initializer_list>
#include <span>

#include "base/bytes.h"
#include "codec/cipher_key.h"

namespace lifeboat::codec {

inline constexpr std::size_t kSealTagBytes = 16;
using Nonce = std::array<std::uint8_t, 12>;

/// A value. Threads: a const SealKey may be shared.
class SealKey {
 public:
  /// `key` is 32 bytes.
  explicit SealKey(ByteView key) : key_(key) {}

  /// Seals the parts, one after another, to `out`, which is exactly kSealTagBytes longer than they are. A single part
  /// may lie where `out` begins; else they must not overlap.
  void seal(const Nonce& nonce, ByteView associated, std::span<const ByteView> parts, ByteSpan out) const;
  void seal(const Nonce& nonce, ByteView associated, std::initializer_list<ByteView> parts, ByteSpan out) const {
    seal(nonce, associated, std::span(parts.begin(), parts.size()), out);
  }
  /// Opens `sealed` to `out`, which is exactly kSealTagBytes shorter and may begin where `sealed` does. False, and
  /// `out` is to be thrown away, if anything differs from what was sealed.
  [[nodiscard]] bool open(const Nonce& nonce, ByteView associated, ByteView sealed, ByteSpan out) const;

 private:
  CipherKey key_;
};

}  // namespace lifeboat::codec
