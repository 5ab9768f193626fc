/// An AES-256 key as the codec's ciphers hold it. OpenSSL's contexts are costly to make and not to be shared, so each
/// thread keeps one per use and re-keys it only when another key comes along; the serial number tells keys apart.
#pragma once

#include <cstdint>

#include "base/bytes.h"
#include "codec/secret.h"

namespace lifeboat::codec {

class CipherKey {
 public:
  static constexpr std::size_t kBytes = 32;

  /// `key` is kBytes long.
  explicit CipherKey(ByteView key);

  ByteView bytes() const { return bytes_.view(); }
  std::uint64_t serial() const { return serial_; }

 private:
  Secret bytes_;
  std::uint64_t serial_;
};

}  // namespace lifeboat::codec
