#include "codec/signature.h"

#include <openssl/evp.h>

#include <memory>

#include "base/error.h"
#include "codec/cipher_context.h"

namespace lifeboat::codec {
namespace {

using Key = std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)>;
using Digest = std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)>;

Key private_key(const Secret& seed) {
  Key key(EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, nullptr, seed.view().data(), seed.view().size()),
          &EVP_PKEY_free);
  check_openssl(key != nullptr, "ed25519 key");
  return key;
}

Digest new_digest() {
  Digest digest(EVP_MD_CTX_new(), &EVP_MD_CTX_free);
  check_openssl(digest != nullptr, "ed25519 context");
  return digest;
}

}  // namespace

SigningKey::SigningKey(Secret seed) : seed_(std::move(seed)) {
  LIFEBOAT_CHECK(seed_.view().size() == kSeedSize);
}

PublicKey SigningKey::public_key() const {
  const Key key = private_key(seed_);
  PublicKey out{};
  std::size_t size = out.size();
  check_openssl(EVP_PKEY_get_raw_public_key(key.get(), out.data(), &size) == 1, "ed25519 public key");
  return out;
}

Signature SigningKey::sign(ByteView message) const {
  const Key key = private_key(seed_);
  const Digest digest = new_digest();
  Signature out{};
  std::size_t size = out.size();
  check_openssl(EVP_DigestSignInit(digest.get(), nullptr, nullptr, nullptr, key.get()) == 1 &&
                    EVP_DigestSign(digest.get(), out.data(), &size, message.data(), message.size()) == 1,
                "ed25519 signature");
  return out;
}

bool verify_signature(const PublicKey& key, ByteView message, const Signature& signature) {
  const Key public_key(EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, nullptr, key.data(), key.size()), &EVP_PKEY_free);
  if (public_key == nullptr) return false;
  const Digest digest = new_digest();
  return EVP_DigestVerifyInit(digest.get(), nullptr, nullptr, nullptr, public_key.get()) == 1 &&
         EVP_DigestVerify(digest.get(), signature.data(), signature.size(), message.data(), message.size()) == 1;
}

}  // namespace lifeboat::codec
