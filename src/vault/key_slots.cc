#include "vault/key_slots.h"

#include <algorithm>
#include <cctype>
#include <tuple>

#include "base/error.h"
#include "base/random.h"
#include "codec/base32.h"
#include "codec/hash.h"
#include "vault/format.h"
#include "vault/key_slot_format.h"

namespace lifeboat::vault {

namespace {

constexpr std::size_t kRecoveryKeyBytes = 32;
constexpr std::size_t kRecoveryDigits = 52;
constexpr std::size_t kRecoveryCheckDigits = 4;
constexpr std::size_t kGroup = 4;

std::string recovery_checksum(ByteView key) {
  return codec::to_base32(codec::sha256(key)).substr(0, kRecoveryCheckDigits);
}

Id add_slot(Vault& vault, SlotType type, const codec::Secret& secret, std::string_view label) {
  if (label.size() > kSlotLabelBytesMax) {
    fail(Code::kUsage, format("a key's label has at most {} bytes", kSlotLabelBytesMax), "Choose a shorter label.");
  }
  const Id id = random_id();
  vault.store().put(slot_name(id), seal_slot(vault.keys(), id, type, secret, label, vault.store().clock()));
  return id;
}

SlotInfo describe(Vault& vault, const Id& id) {
  SlotInfo info;
  info.id = id;
  try {
    const Bytes object = vault.store().get(slot_name(id), kSlotBytesMax);
    verify_slot(vault.keys(), object, id);
    const KeySlot slot = decode_slot(object, vault.id(), id);
    info.type = slot.type;
    info.created = slot.created;
    info.label = slot.label;
  } catch (const Exception& e) {
    if (e.code() != Code::kCorruption && e.code() != Code::kUnsupported) throw;
    info.damage = e.error().message;
  }
  return info;
}

bool any_whole_slot(Vault& vault) {
  return std::ranges::any_of(list_slots(vault), [](const SlotInfo& slot) { return slot.damage.empty(); });
}

}  // namespace

std::vector<Id> slot_ids(store::Store& store) {
  std::vector<Id> ids;
  store.list(kKeysPrefix, [&](const store::ObjectInfo& object) {
    // What is not named like a slot is no slot of ours.
    if (const auto id = find_id(std::string_view(object.name).substr(kKeysPrefix.size()))) ids.push_back(*id);
  });
  return ids;
}

std::vector<SlotInfo> list_slots(Vault& vault) {
  std::vector<SlotInfo> slots;
  for (const Id& id : slot_ids(vault.store())) {
    try {
      slots.push_back(describe(vault, id));
    } catch (const Exception& e) {
      if (e.code() != Code::kNotFound) throw;  // removed since it was listed
    }
  }
  std::ranges::sort(slots, {},
                    [](const SlotInfo& slot) { return std::tuple(!slot.damage.empty(), slot.created, slot.id); });
  return slots;
}

Id add_passphrase_slot(Vault& vault, const Credential& passphrase, std::string_view label) {
  check_passphrase(passphrase);
  return add_slot(vault, SlotType::kPassphrase, passphrase.text, label);
}

NewRecoverySlot add_recovery_slot(Vault& vault, std::string_view label) {
  const codec::Secret key(random_bytes(kRecoveryKeyBytes));
  NewRecoverySlot made;
  made.recovery_key = recovery_key_text(key.view());
  made.id = add_slot(vault, SlotType::kRecovery, key, label);
  return made;
}

std::vector<Id> foreign_slots(Vault& vault) {
  std::vector<Id> foreign;
  for (const Id& id : slot_ids(vault.store())) {
    try {
      if (is_foreign_slot(vault.store().get(slot_name(id), kSlotBytesMax), vault.id(), id)) foreign.push_back(id);
    } catch (const Exception& e) {
      if (e.code() != Code::kNotFound) throw;  // removed since it was listed
    }
  }
  return foreign;
}

std::size_t remove_foreign_slots(Vault& vault) {
  const std::vector<Id> foreign = foreign_slots(vault);
  for (const Id& id : foreign) vault.store().remove(slot_name(id));
  return foreign.size();
}

void remove_slot(Vault& vault, const Id& id) {
  const std::vector<SlotInfo> slots = list_slots(vault);
  if (std::ranges::find(slots, id, &SlotInfo::id) == slots.end()) {
    fail(Code::kNotFound, format("no key {}", id_text(id)), "`lifeboat vault key ls` shows the keys there are.");
  }
  const auto last_hint =
      "Add another key first with `lifeboat vault key add`; without any, nobody could open the vault.";
  const bool another =
      std::ranges::any_of(slots, [&](const SlotInfo& slot) { return slot.id != id && slot.damage.empty(); });
  if (!another) fail(Code::kRefused, format("{} is the last whole key of this vault", id_text(id)), last_hint);

  // Two people may each remove "the other one": whoever then finds none left puts back what was removed.
  const Bytes object = vault.store().get(slot_name(id), kSlotBytesMax);
  vault.store().remove(slot_name(id));
  if (any_whole_slot(vault)) return;
  vault.store().put(slot_name(id), object);
  fail(Code::kConflict, format("{} became the last key of this vault while it was being removed", id_text(id)),
       last_hint);
}

void check_passphrase(const Credential& passphrase) {
  if (passphrase.text.empty())
    fail(Code::kUsage, "the passphrase is empty", "Put a passphrase into the passphrase file.");
}

codec::Secret recovery_key_text(ByteView key) {
  LIFEBOAT_CHECK(key.size() == kRecoveryKeyBytes);
  const std::string digits = codec::to_base32(key) + recovery_checksum(key);
  Bytes text;
  for (std::size_t i = 0; i < digits.size(); ++i) {
    if (i > 0 && i % kGroup == 0) text.push_back('-');
    text.push_back(static_cast<std::uint8_t>(digits[i]));
  }
  return codec::Secret(std::move(text));
}

std::string recovery_digits(std::string_view text) {
  std::string digits;
  for (char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (c != '-' && std::isspace(byte) == 0) digits.push_back(static_cast<char>(std::toupper(byte)));
  }
  return digits;
}

bool looks_like_recovery_key(std::string_view text) {
  const std::string digits = recovery_digits(text);
  return digits.size() + 2 >= kRecoveryDigits + kRecoveryCheckDigits &&
         digits.size() <= kRecoveryDigits + kRecoveryCheckDigits + 2 &&
         std::ranges::all_of(digits, [](char c) { return (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9'); });
}

std::optional<codec::Secret> parse_recovery_key(std::string_view text) {
  const std::string digits = recovery_digits(text);
  if (digits.size() != kRecoveryDigits + kRecoveryCheckDigits) return std::nullopt;
  std::optional<Bytes> key = codec::from_base32(std::string_view(digits).substr(0, kRecoveryDigits));
  if (!key || recovery_checksum(*key) != std::string_view(digits).substr(kRecoveryDigits)) return std::nullopt;
  return codec::Secret(std::move(*key));
}

}  // namespace lifeboat::vault
