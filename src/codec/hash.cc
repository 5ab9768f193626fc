#include "codec/hash.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>

#include <algorithm>

#include "base/error.h"
#include "codec/cipher_context.h"

namespace lifeboat::codec {

namespace {

class Sha256 {
 public:
  static constexpr std::size_t kBlockBytes = 64;

  Sha256() : context_(EVP_MD_CTX_new()) {
    check_openssl(context_ != nullptr && EVP_DigestInit_ex2(context_, EVP_sha256(), nullptr) == 1, "SHA-256");
  }
  ~Sha256() { EVP_MD_CTX_free(context_); }
  Sha256(const Sha256&) = delete;
  Sha256& operator=(const Sha256&) = delete;

  void update(ByteView bytes) { check_openssl(EVP_DigestUpdate(context_, bytes.data(), bytes.size()) == 1, "SHA-256"); }
  Hash256 finish() {
    Hash256 out{};
    check_openssl(EVP_DigestFinal_ex(context_, out.data(), nullptr) == 1, "SHA-256");
    return out;
  }

 private:
  EVP_MD_CTX* context_;
};

}  // namespace

Hash256 sha256(std::initializer_list<ByteView> parts) {
  Sha256 hash;
  for (ByteView part : parts) hash.update(part);
  return hash.finish();
}

Hash256 hmac_sha256(ByteView key, std::initializer_list<ByteView> parts) {
  std::array<std::uint8_t, Sha256::kBlockBytes> pad{};
  if (key.size() > pad.size()) {
    std::ranges::copy(sha256(key), pad.begin());
  } else {
    std::ranges::copy(key, pad.begin());
  }
  for (std::uint8_t& byte : pad) byte ^= 0x36U;
  Sha256 inner;
  inner.update(pad);
  for (ByteView part : parts) inner.update(part);
  for (std::uint8_t& byte : pad) byte ^= 0x36U ^ 0x5cU;
  const Hash256 out = sha256({pad, inner.finish()});
  OPENSSL_cleanse(pad.data(), pad.size());
  return out;
}

Secret hkdf_sha256(ByteView key, ByteView salt, ByteView info, std::size_t size) {
  LIFEBOAT_CHECK(size <= 255 * sizeof(Hash256));
  Hash256 extracted = hmac_sha256(salt, key);
  Hash256 block{};
  Bytes out;
  for (std::uint8_t counter = 1; out.size() < size; ++counter) {
    const ByteView previous = counter == 1 ? ByteView() : ByteView(block);
    block = hmac_sha256(extracted, {previous, info, ByteView(&counter, 1)});
    out.insert(out.end(), block.begin(), block.end());
  }
  OPENSSL_cleanse(extracted.data(), extracted.size());
  OPENSSL_cleanse(block.data(), block.size());
  Secret whole(std::move(out));
  return Secret(whole.view().first(size));
}

bool equal_in_constant_time(ByteView a, ByteView b) {
  return a.size() == b.size() && CRYPTO_memcmp(a.data(), b.data(), a.size()) == 0;
}

BlockPrf::BlockPrf(ByteView key) : mac_key_(key.first(CipherKey::kBytes)), block_key_(key.subspan(CipherKey::kBytes)) {}

BlockPrf::Value BlockPrf::operator()(std::uint32_t number, ByteView block) const {
  thread_local CipherContext mac("AES-256-GCM", Direction::kEncrypt);
  thread_local CipherContext cipher("AES-256-ECB", Direction::kEncrypt);
  const std::array<std::uint8_t, 12> nonce{static_cast<std::uint8_t>(number), static_cast<std::uint8_t>(number >> 8U),
                                           static_cast<std::uint8_t>(number >> 16U),
                                           static_cast<std::uint8_t>(number >> 24U)};
  Value tag{};
  Value out{};
  int size = 0;
  EVP_CIPHER_CTX* gmac = mac.begin(mac_key_, nonce.data());
  check_openssl(EVP_EncryptUpdate(gmac, nullptr, &size, block.data(), openssl_size(block)) == 1 &&
                    EVP_EncryptFinal_ex(gmac, tag.data(), &size) == 1 &&
                    EVP_CIPHER_CTX_ctrl(gmac, EVP_CTRL_AEAD_GET_TAG, static_cast<int>(tag.size()), tag.data()) == 1,
                "GMAC");
  EVP_CIPHER_CTX* aes = cipher.begin(block_key_, nullptr);
  check_openssl(EVP_EncryptUpdate(aes, out.data(), &size, tag.data(), static_cast<int>(tag.size())) == 1, "AES");
  return out;
}

}  // namespace lifeboat::codec
