/// Every key of a vault, derived from its vault key. Layout: docs/internals/vault-format.md, "Keys".
/// Threads: a const Keys may be shared.
#pragma once

#include <string>
#include <string_view>

#include "codec/hash.h"
#include "codec/seal.h"
#include "codec/secret.h"
#include "codec/signature.h"
#include "vault/types.h"

namespace lifeboat::vault {

class Keys {
 public:
  Keys(const Id& vault_id, codec::Secret vault_key);

  const Id& vault_id() const { return vault_id_; }
  /// For sealing it into another key slot; for nothing else.
  const codec::Secret& vault_key() const { return vault_key_; }

  codec::SealKey pack_key(const Id& pack) const;
  codec::SealKey object_key(std::string_view name) const;
  /// MACs the config and the key slots, which are not sealed.
  codec::Hash256 config_mac(ByteView bytes) const;
  codec::Hash256 slot_mac(const Id& slot, ByteView bytes) const;
  /// Signs proofs: its public key may be told to anybody.
  codec::SigningKey proof_key() const;
  /// What chunk digests are made of.
  const codec::BlockPrf& block_prf() const { return block_prf_; }
  std::string cache_name() const;

 private:
  codec::Secret derive(std::string_view label, ByteView id) const;

  Id vault_id_;
  codec::Secret vault_key_;
  codec::BlockPrf block_prf_;
};

}  // namespace lifeboat::vault
