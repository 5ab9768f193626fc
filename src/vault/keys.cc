#include "vault/keys.h"

namespace lifeboat::vault {

namespace {

constexpr std::size_t kCacheNameBytes = 16;

codec::Secret derive_from(const codec::Secret& vault_key, const Id& vault_id, std::string_view label, ByteView id,
                          std::size_t size = 32) {
  Encoder info;
  info.raw(label);
  info.raw(id);
  return codec::hkdf_sha256(vault_key.view(), vault_id, info.bytes(), size);
}

}  // namespace

Keys::Keys(const Id& vault_id, codec::Secret vault_key)
    : vault_id_(vault_id),
      vault_key_(std::move(vault_key)),
      block_prf_(derive_from(vault_key_, vault_id_, "digest", {}, 64).view()) {}

codec::Secret Keys::derive(std::string_view label, ByteView id) const {
  return derive_from(vault_key_, vault_id_, label, id);
}

codec::SealKey Keys::pack_key(const Id& pack) const {
  return codec::SealKey(derive("pack", pack).view());
}

codec::SealKey Keys::object_key(std::string_view name) const {
  return codec::SealKey(derive("object", as_bytes(name)).view());
}

codec::Hash256 Keys::config_mac(ByteView bytes) const {
  return codec::hmac_sha256(derive("config", {}).view(), bytes);
}

codec::Hash256 Keys::slot_mac(const Id& slot, ByteView bytes) const {
  return codec::hmac_sha256(derive("slot", slot).view(), bytes);
}

codec::SigningKey Keys::proof_key() const {
  return codec::SigningKey(derive("proof", {}));
}

std::string Keys::cache_name() const {
  return to_hex(derive("cache", {}).view().first(kCacheNameBytes));
}

}  // namespace lifeboat::vault
