#include "codec/scrypt.h"

#include <openssl/evp.h>

#include "base/error.h"
#include "codec/cipher_context.h"

namespace lifeboat::codec {

namespace {
constexpr std::uint64_t kMemoryMax = std::uint64_t{1} << 30U;

std::uint64_t memory_needed(ScryptCost cost) {
  return 128ULL * cost.r * ((std::uint64_t{1} << cost.log2_n) + cost.p + 2);
}
}  // namespace

Secret scrypt(ByteView passphrase, ByteView salt, ScryptCost cost, std::size_t size) {
  const bool sensible = cost.log2_n >= 1 && cost.log2_n <= 20 && cost.r >= 1 && cost.r <= 32 && cost.p >= 1 &&
                        cost.p <= 16 && memory_needed(cost) <= kMemoryMax;
  if (!sensible) {
    fail(Code::kUnsupported, format("scrypt cost N=2^{} r={} p={} is out of bounds", cost.log2_n, cost.r, cost.p));
  }
  Bytes out(size);
  check_openssl(
      EVP_PBE_scrypt(reinterpret_cast<const char*>(passphrase.data()), passphrase.size(), salt.data(), salt.size(),
                     std::uint64_t{1} << cost.log2_n, cost.r, cost.p, kMemoryMax * 2, out.data(), out.size()) == 1,
      "scrypt");
  return Secret(std::move(out));
}

}  // namespace lifeboat::codec
