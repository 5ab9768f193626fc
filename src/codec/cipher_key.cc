#include "codec/cipher_key.h"

#include <atomic>

#include "base/error.h"

namespace lifeboat::codec {

CipherKey::CipherKey(ByteView key) : bytes_(key) {
  LIFEBOAT_CHECK(key.size() == kBytes);
  static std::atomic<std::uint64_t> next{1};
  serial_ = next.fetch_add(1, std::memory_order_relaxed);
}

}  // namespace lifeboat::codec
