/// The bytes of a key slot. Layout: docs/internals/vault-format.md, "keys/<id>". Pure functions but for the random salt
/// and nonce of seal_slot. Errors of decoding: kCorruption (damage, another vault's slot), kUnsupported.
#pragma once

#include <array>
#include <optional>
#include <string>
#include <string_view>

#include "base/bytes.h"
#include "base/units.h"
#include "codec/scrypt.h"
#include "codec/seal.h"
#include "codec/secret.h"
#include "vault/key_slots.h"
#include "vault/keys.h"
#include "vault/types.h"

namespace lifeboat::vault {

/// A reader fetches no more of a slot than this.
inline constexpr std::size_t kSlotBytesMax = 4096;

struct KeySlot {
  SlotType type = SlotType::kPassphrase;
  codec::ScryptCost cost;  ///< all zero for a recovery key
  std::array<std::uint8_t, 32> salt{};
  SystemTime created;
  std::string label;
  codec::Nonce nonce{};
  Bytes associated;  ///< everything before the nonce
  Bytes sealed_key;
  Bytes mac;  ///< checked by verify_slot
};

/// A whole slot object that lets `secret` (passphrase bytes, or the 32 bytes of a recovery key) open the vault.
Bytes seal_slot(const Keys& keys, const Id& id, SlotType type, const codec::Secret& secret, std::string_view label,
                SystemTime created);

/// Checks what can be checked without any key: a slot that passes is what was once written, but for a forger's.
KeySlot decode_slot(ByteView object, const Id& vault_id, const Id& id);
/// Whether it is a whole slot of some other vault: what an `init` that was killed has left.
bool is_foreign_slot(ByteView object, const Id& vault_id, const Id& id);
/// The vault key, or nothing if `secret` is not this slot's.
std::optional<codec::Secret> open_slot(const KeySlot& slot, const codec::Secret& secret);
/// For holders of the vault key: throws kCorruption unless this vault's keys wrote the slot.
void verify_slot(const Keys& keys, ByteView object, const Id& id);

}  // namespace lifeboat::vault
