#include "vault/heal.h"

#include "base/error.h"
#include "vault/config.h"
#include "vault/format.h"
#include "vault/key_slots.h"
#include "vault/object_check.h"

namespace lifeboat::vault {
namespace {

bool is_damage(const Exception& e) {
  return e.code() == Code::kCorruption || e.code() == Code::kNotFound || e.code() == Code::kUnsupported;
}

bool is_whole(store::Store& store, const Keys& keys, const std::string& name) {
  try {
    check_object(keys, name, store.get(name, kObjectBytesMax));
    return true;
  } catch (const Exception& e) {
    if (!is_damage(e)) throw;
    return false;
  }
}

void heal_object(store::Store& store, Vault& from, const std::string& name, HealReport& report) {
  if (is_whole(store, from.keys(), name)) return;
  try {
    const Bytes good = from.store().get(name, kObjectBytesMax);
    check_object(from.keys(), name, good);
    store.remove(name);
    store.put(name, good);
    check_object(from.keys(), name, store.get(name, kObjectBytesMax));
    report.healed.push_back(name);
  } catch (const Exception& e) {
    if (!is_damage(e)) throw;
    report.failures.push_back({name, format("{}: {}", from.store().url(), e.error().message)});
  }
}

/// Whether a store that can't be opened holds this vault: its config is this vault's or one of its key slots is.
bool is_copy(store::Store& store, Vault& of) {
  if (is_whole(store, of.keys(), std::string(kConfigName))) return true;
  for (const Id& id : slot_ids(store)) {
    if (is_whole(store, of.keys(), slot_name(id))) return true;
  }
  return false;
}

}  // namespace

HealReport heal(Vault& vault, Vault& from, const std::vector<std::string>& objects) {
  if (vault.id() != from.id()) {
    fail(Code::kRefused, format("{} is another vault", from.store().url()),
         "Only a copy made with `lifeboat vault copy` can heal.");
  }
  HealReport report;
  for (const std::string& name : objects) heal_object(vault.store(), from, name, report);
  return report;
}

HealReport heal_way_in(store::Store& store, Vault& from) {
  if (!is_copy(store, from)) {
    fail(Code::kRefused, format("{} is another vault than {}", store.url(), from.store().url()),
         "Only a copy made with `lifeboat vault copy` can heal.");
  }
  HealReport report;
  for (const Id& id : slot_ids(from.store())) heal_object(store, from, slot_name(id), report);
  heal_object(store, from, std::string(kConfigName), report);
  return report;
}

}  // namespace lifeboat::vault
