/// Key slots: the ways to open a vault. Layout: docs/internals/vault-format.md, "keys/<id>".
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/units.h"
#include "codec/scrypt.h"
#include "codec/secret.h"
#include "vault/keys.h"
#include "vault/types.h"
#include "vault/vault.h"

namespace lifeboat::vault {

enum class SlotType : std::uint8_t { kPassphrase = 1, kRecovery = 2 };
inline constexpr std::size_t kSlotLabelBytesMax = 64;

struct SlotInfo {
  Id id{};
  SlotType type = SlotType::kPassphrase;
  SystemTime created;
  std::string label;
  std::string damage;  ///< empty if the slot is whole
};

/// Oldest first; damaged slots last.
std::vector<SlotInfo> list_slots(Vault& vault);
/// `label` is at most kSlotLabelBytesMax bytes (kUsage).
Id add_passphrase_slot(Vault& vault, const Credential& passphrase, std::string_view label);
struct NewRecoverySlot {
  Id id{};
  codec::Secret recovery_key;  ///< to be shown once
};
NewRecoverySlot add_recovery_slot(Vault& vault, std::string_view label);
/// Slots of vaults that never were, left by an `init` that was killed.
std::vector<Id> foreign_slots(Vault& vault);
/// Returns how many.
std::size_t remove_foreign_slots(Vault& vault);
/// kRefused for the last whole slot; kNotFound.
void remove_slot(Vault& vault, const Id& id);

/// Ids of the objects under keys/, whole or not.
std::vector<Id> slot_ids(store::Store& store);

/// kUsage if it is empty.
void check_passphrase(const Credential& passphrase);

/// "ABCD-EFGH-…": 32 bytes in 14 groups, checksum included; and back, ignoring case, blanks and dashes.
codec::Secret recovery_key_text(ByteView key);
/// Empty if it is not a recovery key or has a typing mistake.
std::optional<codec::Secret> parse_recovery_key(std::string_view text);
/// Whether a person who typed this probably meant a recovery key.
bool looks_like_recovery_key(std::string_view text);

}  // namespace lifeboat::vault
