#include "codec/seal.h"

#include <openssl/err.h>

#include "base/error.h"
#include "codec/cipher_context.h"

namespace lifeboat::codec {

namespace {
constexpr const char* kCipher = "AES-256-GCM";

bool add_associated(EVP_CIPHER_CTX* context, ByteView associated) {
  int size = 0;
  return associated.empty() ||
         EVP_CipherUpdate(context, nullptr, &size, associated.data(), openssl_size(associated)) == 1;
}
}  // namespace

void SealKey::seal(const Nonce& nonce, ByteView associated, std::span<const ByteView> parts, ByteSpan out) const {
  thread_local CipherContext cipher(kCipher, Direction::kEncrypt);
  EVP_CIPHER_CTX* context = cipher.begin(key_, nonce.data());
  check_openssl(add_associated(context, associated), "sealing");
  std::size_t at = 0;
  int size = 0;
  for (ByteView part : parts) {
    LIFEBOAT_CHECK(part.size() + kSealTagBytes <= out.size() - at);
    if (part.empty()) continue;
    check_openssl(EVP_EncryptUpdate(context, out.data() + at, &size, part.data(), openssl_size(part)) == 1, "sealing");
    at += part.size();
  }
  LIFEBOAT_CHECK(at + kSealTagBytes == out.size());
  check_openssl(EVP_EncryptFinal_ex(context, out.data() + at, &size) == 1 &&
                    EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_GET_TAG, int{kSealTagBytes}, out.data() + at) == 1,
                "sealing");
}

bool SealKey::open(const Nonce& nonce, ByteView associated, ByteView sealed, ByteSpan out) const {
  if (sealed.size() < kSealTagBytes) return false;
  const ByteView text = sealed.first(sealed.size() - kSealTagBytes);
  LIFEBOAT_CHECK(out.size() == text.size());
  std::array<std::uint8_t, kSealTagBytes> tag{};
  std::memcpy(tag.data(), sealed.data() + text.size(), tag.size());

  thread_local CipherContext cipher(kCipher, Direction::kDecrypt);
  EVP_CIPHER_CTX* context = cipher.begin(key_, nonce.data());
  int size = 0;
  std::uint8_t nothing = 0;
  check_openssl(add_associated(context, associated), "opening");
  check_openssl(text.empty() || EVP_DecryptUpdate(context, out.data(), &size, text.data(), openssl_size(text)) == 1,
                "opening");
  check_openssl(EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_SET_TAG, int{kSealTagBytes}, tag.data()) == 1, "opening");
  if (EVP_DecryptFinal_ex(context, &nothing, &size) == 1) return true;
  ERR_clear_error();
  return false;
}

}  // namespace lifeboat::codec
