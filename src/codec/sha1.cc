#include "codec/sha1.h"

#include <openssl/evp.h>

#include "codec/cipher_context.h"

namespace lifeboat::codec {

Hash160 sha1(ByteView bytes) {
  Hash160 out{};
  check_openssl(EVP_Digest(bytes.data(), bytes.size(), out.data(), nullptr, EVP_sha1(), nullptr) == 1, "SHA-1");
  return out;
}

}  // namespace lifeboat::codec
