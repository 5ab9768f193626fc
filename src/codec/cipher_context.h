/// Internal to codec: one thread's OpenSSL cipher context for one use, keyed with the CipherKey used last.
#pragma once

#include <openssl/evp.h>

#include <cstdint>

#include "codec/cipher_key.h"

namespace lifeboat::codec {

enum class Direction { kEncrypt, kDecrypt };

/// Threads: belongs to one thread; meant to be thread_local.
class CipherContext {
 public:
  CipherContext(const char* cipher, Direction direction);
  ~CipherContext();
  CipherContext(const CipherContext&) = delete;
  CipherContext& operator=(const CipherContext&) = delete;

  /// The context under `key`, ready for a message with `nonce` (null for ECB).
  EVP_CIPHER_CTX* begin(const CipherKey& key, const std::uint8_t* nonce);

 private:
  EVP_CIPHER* cipher_;
  EVP_CIPHER_CTX* context_;
  Direction direction_;
  std::uint64_t serial_ = 0;  ///< of the key in the context; 0: none
};

/// For calls that fail only when memory or OpenSSL itself does.
void check_openssl(bool ok, const char* what);

/// OpenSSL counts in int.
int openssl_size(ByteView bytes);

}  // namespace lifeboat::codec
