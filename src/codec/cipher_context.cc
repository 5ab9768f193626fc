#include "codec/cipher_context.h"

#include <limits>

#include "base/error.h"

namespace lifeboat::codec {

void check_openssl(bool ok, const char* what) {
  if (!ok) fail(Code::kInternal, format("OpenSSL: {} failed", what));
}

int openssl_size(ByteView bytes) {
  LIFEBOAT_CHECK(bytes.size() <= std::size_t{std::numeric_limits<int>::max()});
  return static_cast<int>(bytes.size());
}

CipherContext::CipherContext(const char* cipher, Direction direction)
    : cipher_(EVP_CIPHER_fetch(nullptr, cipher, nullptr)), context_(EVP_CIPHER_CTX_new()), direction_(direction) {
  const bool ready = cipher_ != nullptr && context_ != nullptr &&
                     EVP_CipherInit_ex2(context_, cipher_, nullptr, nullptr, direction_ == Direction::kEncrypt ? 1 : 0,
                                        nullptr) == 1 &&
                     EVP_CIPHER_CTX_set_padding(context_, 0) == 1;
  if (!ready) {
    EVP_CIPHER_CTX_free(context_);
    EVP_CIPHER_free(cipher_);
  }
  check_openssl(ready, cipher);
}

CipherContext::~CipherContext() {
  EVP_CIPHER_CTX_free(context_);
  EVP_CIPHER_free(cipher_);
}

EVP_CIPHER_CTX* CipherContext::begin(const CipherKey& key, const std::uint8_t* nonce) {
  const bool same_key = serial_ == key.serial();
  if (!same_key || nonce != nullptr) {
    serial_ = 0;
    check_openssl(
        EVP_CipherInit_ex2(context_, nullptr, same_key ? nullptr : key.bytes().data(), nonce, -1, nullptr) == 1,
        "setting a key");
    serial_ = key.serial();
  }
  return context_;
}

}  // namespace lifeboat::codec
