/// Proofs: what became of an image that was tried, signed, in the vault. `proofs/<image>/<id>`, write-once; a trial
/// that failed is put as well. What a proof says is its writer's; here it is known which image it is about, when it was
/// made, and whether the image stood it. Layout: docs/internals/vault-format.md, "proofs/<image>/<id>".
///
/// Threads: functions without state. Errors: kCorruption (damaged, or its signature is not this vault's), the store's.
#pragma once

#include <expected>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "base/units.h"
#include "codec/signature.h"
#include "vault/image.h"
#include "vault/vault.h"

namespace lifeboat::vault {

struct ProofName {
  ImageName image;
  std::string id;  ///< "20261130-121221-3f9a2c", as an image's name: sorts by time
};

struct Proof {
  ProofName name;
  SystemTime time;  ///< when it was made
  bool passed = false;
  bool restored = false;
  json::object said;  ///< all of it, the members above included
  codec::PublicKey key;
  codec::Signature signature;  ///< of the text that `said` was read from
};

struct ProofResult {
  bool passed = false;
  bool restored = false;  ///< it was brought back: one that was only read is not proven
};

std::string make_proof_id(SystemTime time);

/// Signs and puts what `said` says beside these members, which it cannot replace. Durable when it returns; kExists if
/// the id is taken.
void put_proof(Vault& vault, const ProofName& name, SystemTime time, ProofResult result, const json::object& said);

/// Newest last; nothing of them is read.
std::vector<ProofName> list_proofs(Vault& vault);
/// Its signature is checked.
Proof read_proof(Vault& vault, const ProofName& name);
/// The same for who goes through many: why one is passed over that is damaged, of another version, or gone since it was
/// listed.
std::expected<Proof, Error> find_proof(Vault& vault, const ProofName& name);
/// By an id, a unique beginning of one, or "latest". kNotFound, kUsage.
ProofName resolve_proof(Vault& vault, std::string_view text);

/// When each of `images` was last brought back and stood its trial; of those that never did, nothing. Proofs that
/// cannot be read prove nothing; those of other images, which are kept for ever, are not read.
std::map<ImageName, SystemTime> proven_images(Vault& vault, const std::set<ImageName>& images);

}  // namespace lifeboat::vault
