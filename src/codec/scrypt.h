/// Passphrase to key (RFC 7914): slow and memory-hungry on purpose.
#pragma once

#include <cstdint>

#include "base/bytes.h"
#include "codec/secret.h"

namespace lifeboat::codec {

struct ScryptCost {
  std::uint8_t log2_n = 15;
  std::uint8_t r = 8;
  std::uint8_t p = 1;
  bool operator==(const ScryptCost&) const = default;
};

/// Takes 128 · r · 2^log2_n bytes of memory while it runs. Throws kUnsupported beyond log2_n 20, r 32, p 16 or 1 GiB.
Secret scrypt(ByteView passphrase, ByteView salt, ScryptCost cost, std::size_t size = 32);

}  // namespace lifeboat::codec
