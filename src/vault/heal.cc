#include "vault/heal.h"

#include <optional>
#include <set>
#include <utility>

#include "base/error.h"
#include "vault/config.h"
#include "vault/damage.h"
#include "vault/format.h"
#include "vault/key_slots.h"
#include "vault/marks.h"
#include "vault/object_check.h"
#include "vault/scrub_log.h"

namespace lifeboat::vault {
namespace {

bool is_whole(store::Store& store, const Keys& keys, const std::string& name) {
  try {
    check_object(keys, name, store.get(name, kObjectBytesMax));
    return true;
  } catch (const Exception& e) {
    if (!is_damaged_or_gone(e)) throw;
    return false;
  }
}

Bytes get_good(Vault& from, const std::string& name) {
  Bytes good = from.store().get(name, kObjectBytesMax);
  check_object(from.keys(), name, good);
  return good;
}

void put_anew(store::Store& store, const Keys& keys, const std::string& name, ByteView good) {
  store.remove(name);
  store.put(name, good);
  check_object(keys, name, store.get(name, kObjectBytesMax));
}

void heal_config(store::Store& store, Vault& from, HealReport& report) {
  const std::string name(kConfigName);
  if (is_whole(store, from.keys(), name)) return;
  put_anew(store, from.keys(), name, get_good(from, name));
  report.healed.push_back(name);
}

class Healing {
 public:
  Healing(Vault& vault, Vault& from, HealReport& report)
      : vault_(vault), from_(from), report_(report), hidden_(hidden_images(vault)) {}

  void object(const std::string& name) {
    if (is_whole(vault_.store(), vault_.keys(), name)) return;
    try {
      const Bytes good = get_good(from_, name);
      const std::optional<std::string> note =
          is_to_be_noted(name) ? std::optional(put_healing_note(vault_, name)) : std::nullopt;
      put_anew(vault_.store(), vault_.keys(), name, good);
      if (note) vault_.store().remove(*note);
      report_.healed.push_back(name);
    } catch (const Exception& e) {
      if (!is_damaged_or_gone(e)) throw;
      report_.failures.push_back({name, format("{}: {}", from_.store().url(), e.error().message)});
    }
  }

 private:
  bool is_to_be_noted(const std::string& name) const {
    if (name.starts_with(kImagesPrefix)) return !hidden_.contains(name.substr(kImagesPrefix.size()));
    const auto begins = [&](std::string_view prefix) { return name.starts_with(prefix); };
    return begins(kPinsPrefix) || begins(kKeysPrefix) || begins(kLogsPrefix) || begins(kProofsPrefix);
  }

  Vault& vault_;
  Vault& from_;
  HealReport& report_;
  std::set<ImageName> hidden_;
};

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
  Healing healing(vault, from, report);
  for (const std::string& name : objects) healing.object(name);
  return report;
}

HealReport heal_way_in(std::unique_ptr<store::Store> store, Vault& from) {
  if (!is_copy(*store, from)) {
    fail(Code::kRefused, format("{} is another vault than {}", store->url(), from.store().url()),
         "Only a copy made with `lifeboat vault copy` can heal.");
  }
  HealReport report;
  heal_config(*store, from, report);  // first: in a vault it can be noted what is being healed
  const auto vault = Vault::open_copy(std::move(store), from);
  Healing healing(*vault, from, report);
  for (const Id& id : slot_ids(from.store())) healing.object(slot_name(id));
  return report;
}

}  // namespace lifeboat::vault
