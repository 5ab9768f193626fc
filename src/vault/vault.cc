#include "vault/vault.h"

#include <algorithm>
#include <vector>

#include "base/error.h"
#include "base/log.h"
#include "base/random.h"
#include "vault/config.h"
#include "vault/damage.h"
#include "vault/format.h"
#include "vault/key_slot_format.h"
#include "vault/key_slots.h"
#include "vault/keys.h"

namespace lifeboat::vault {

namespace {

constexpr std::size_t kVaultKeyBytes = 32;
constexpr std::size_t kRecoveryKeyBytes = 32;

void check_vacant(store::Store& store) {
  if (store.find(kConfigName)) {
    fail(Code::kExists, format("there is a vault at {} already", store.url()), "Open it, or choose another place.");
  }
  store.list("", [&](const store::ObjectInfo& object) {
    // Slots are left by an init that was killed half way; anything else belongs to somebody.
    if (object.name.starts_with(kKeysPrefix)) return;
    fail(Code::kRefused, format("{} is not empty: it holds {}", store.url(), object.name),
         "Choose an empty place. If this was a vault, its object 'config' is lost: restore it from a copy.");
  });
}

Bytes get_config(store::Store& store) {
  try {
    return store.get(kConfigName, kConfigBytes * 2);
  } catch (const Exception& e) {
    if (e.code() != Code::kNotFound) throw;
    fail(Code::kNotFound, format("no vault at {}", store.url()),
         "Check the address, and that its disk is mounted. Only where there never was one: lifeboat vault init.");
  }
}

struct NamedSlot {
  Id id{};
  KeySlot slot;
};

/// This vault's slots that are whole; what is wrong with the others goes to `damage`. Slots of another vault are wrong
/// only where there is nothing else: then it is rather the config that is foreign.
std::vector<NamedSlot> get_slots(store::Store& store, const Id& vault_id, std::vector<std::string>& damage) {
  std::vector<NamedSlot> slots;
  std::vector<std::string> foreign;
  for (const Id& id : slot_ids(store)) {
    try {
      const Bytes object = store.get(slot_name(id), kSlotBytesMax);
      if (is_foreign_slot(object, vault_id, id)) {
        foreign.push_back(format("{}: foreign object, of another vault", slot_name(id)));
        continue;
      }
      slots.push_back({id, decode_slot(object, vault_id, id)});
    } catch (const Exception& e) {
      if (!is_damaged_or_gone(e)) throw;
      damage.push_back(e.error().message);
    }
  }
  if (slots.empty()) std::ranges::move(foreign, std::back_inserter(damage));
  return slots;
}

std::optional<codec::Secret> try_slots(const std::vector<NamedSlot>& slots, SlotType type,
                                       const codec::Secret& secret) {
  for (const NamedSlot& named : slots) {
    if (named.slot.type != type) continue;
    if (std::optional<codec::Secret> key = open_slot(named.slot, secret)) return key;
  }
  return std::nullopt;
}

[[noreturn]] void fail_to_unlock(store::Store& store, std::string_view text, const std::vector<NamedSlot>& slots,
                                 const std::vector<std::string>& damage) {
  if (!damage.empty()) {
    fail(Code::kCorruption,
         format("{}: no key slot opens with this passphrase or key, and {} of {} cannot be read: {}", store.url(),
                damage.size(), damage.size() + slots.size(), damage.front()),
         "The passphrase may be right and its slot damaged: use another passphrase or the recovery key.");
  }
  if (slots.empty()) {
    fail(Code::kCorruption, format("{}: the vault has no key slots", store.url()),
         "Restore the objects under 'keys/' from a copy of the store.");
  }
  fail(Code::kLocked, format("{}: wrong passphrase or recovery key", store.url()),
       looks_like_recovery_key(text)
           ? "This looks like a recovery key with a typing mistake: compare it group by group."
           : "Check which passphrase belongs to this vault; the recovery key printed at init opens it as well.");
}

codec::Secret unlock(store::Store& store, const Id& vault_id, const Credential& credential) {
  std::vector<std::string> damage;
  const std::vector<NamedSlot> slots = get_slots(store, vault_id, damage);
  const std::string_view text = as_text(credential.text.view());
  std::optional<codec::Secret> key;
  if (const std::optional<codec::Secret> recovery = parse_recovery_key(text)) {
    key = try_slots(slots, SlotType::kRecovery, *recovery);
  }
  if (!key) key = try_slots(slots, SlotType::kPassphrase, credential.text);
  if (!key) fail_to_unlock(store, text, slots, damage);
  for (const std::string& what : damage) log::warn("{}", what);
  return *std::move(key);
}

void put_unless_there(store::Store& store, const std::string& name, ByteView object) {
  try {
    store.put(name, object);
  } catch (const Exception& e) {
    if (e.code() != Code::kExists) throw;
  }
}

/// Empty if it is damaged or another vault's.
std::optional<Bytes> find_whole_slot(Vault& vault, const Id& id) {
  try {
    Bytes slot = vault.store().get(slot_name(id), kSlotBytesMax);
    verify_slot(vault.keys(), slot, id);
    return slot;
  } catch (const Exception& e) {
    if (!is_damaged_or_gone(e)) throw;
    return std::nullopt;
  }
}

}  // namespace

struct Vault::State {
  std::unique_ptr<store::Store> store;
  Keys keys;
};

InitResult Vault::init(store::Store& store, const Credential& passphrase) {
  check_passphrase(passphrase);
  check_vacant(store);
  const Keys keys(random_id(), codec::Secret(random_bytes(kVaultKeyBytes)));
  const codec::Secret recovery(random_bytes(kRecoveryKeyBytes));
  const SystemTime time = store.clock();
  const Id slots[] = {random_id(), random_id()};
  store.put(slot_name(slots[0]), seal_slot(keys, slots[0], SlotType::kPassphrase, passphrase.text, "passphrase", time));
  store.put(slot_name(slots[1]), seal_slot(keys, slots[1], SlotType::kRecovery, recovery, "recovery key", time));
  try {
    store.put(kConfigName, encode_config(keys, time));  // last: from here on there is a vault
  } catch (const Exception& e) {
    if (e.code() == Code::kExists) {
      for (const Id& id : slots) store.remove(slot_name(id));
    }
    throw;
  }
  store.keep_reserve();
  return {keys.vault_id(), slots[1], recovery_key_text(recovery.view())};
}

std::unique_ptr<Vault> Vault::open(std::unique_ptr<store::Store> store, const Credential& credential) {
  const Bytes config = get_config(*store);
  const Id vault_id = decode_config(config).vault_id;
  Keys keys(vault_id, unlock(*store, vault_id, credential));
  verify_config(keys, config);
  return std::unique_ptr<Vault>(new Vault(std::make_unique<State>(std::move(store), std::move(keys))));
}

void Vault::init_copy(store::Store& store, Vault& of) {
  if (store.find(kConfigName)) return;
  check_vacant(store);
  std::size_t slots = 0;
  for (const Id& id : slot_ids(of.store())) {
    const std::optional<Bytes> slot = find_whole_slot(of, id);
    if (!slot) continue;
    put_unless_there(store, slot_name(id), *slot);
    ++slots;
  }
  if (slots == 0) {
    fail(Code::kCorruption, format("{}: no key slot is whole, so nobody could open the copy", of.store().url()),
         "Add a passphrase with `lifeboat vault key add`, then copy again.");
  }
  const Bytes config = get_config(of.store());
  verify_config(of.keys(), config);
  put_unless_there(store, std::string(kConfigName), config);
  store.keep_reserve();
}

std::unique_ptr<Vault> Vault::open_copy(std::unique_ptr<store::Store> store, const Vault& of) {
  const Bytes config = get_config(*store);
  if (decode_config(config).vault_id != of.id()) {
    fail(Code::kRefused, format("{} is another vault", store->url()),
         "A copy has the id and keys of its vault. Name an empty place, or the copy that was made of this vault.");
  }
  Keys keys(of.id(), of.keys().vault_key());
  verify_config(keys, config);
  return std::unique_ptr<Vault>(new Vault(std::make_unique<State>(std::move(store), std::move(keys))));
}

Vault::Vault(std::unique_ptr<State> state) : state_(std::move(state)) {}
Vault::~Vault() = default;

const Id& Vault::id() const {
  return state_->keys.vault_id();
}
store::Store& Vault::store() {
  return *state_->store;
}
const Keys& Vault::keys() const {
  return state_->keys;
}
std::string Vault::cache_name() const {
  return state_->keys.cache_name();
}

}  // namespace lifeboat::vault
