#include "vault/scrub_log.h"

#include <algorithm>

#include "base/error.h"
#include "base/json.h"
#include "base/log.h"
#include "vault/format.h"
#include "vault/sealed_object.h"

namespace lifeboat::vault {
namespace {

void merge(const json::object& object, ScrubLog& log) {
  log.time = std::max(log.time, from_unix_ms(json_integer(object, "time")));
  const json::value* proven = object.if_contains("proven");
  const json::value* damage = object.if_contains("damage");
  if (proven == nullptr || !proven->is_object() || damage == nullptr || !damage->is_array()) {
    fail(Code::kCorruption, "scrub result without 'proven' or 'damage'");
  }
  for (const auto& [name, time] : proven->get_object()) {
    if (!time.is_int64()) fail(Code::kCorruption, "'proven' holds what is not a time");
    SystemTime& at = log.proven[std::string(name)];
    at = std::max(at, from_unix_ms(time.get_int64()));
  }
  for (const json::value& each : damage->get_array()) {
    if (!each.is_object()) fail(Code::kCorruption, "'damage' holds what is not an object");
    const json::object& found = each.get_object();
    log.damage.push_back(
        {json_string(found, "object"), json_string(found, "what"), from_unix_ms(json_integer(found, "since"))});
  }
}

/// One finding per object and kind of damage; none of what was proven whole later.
void settle(ScrubLog& log) {
  std::ranges::sort(log.damage, {}, [](const KnownDamage& d) { return std::tie(d.object, d.what, d.since); });
  const auto repeated =
      std::ranges::unique(log.damage, {}, [](const KnownDamage& d) { return std::tie(d.object, d.what); });
  log.damage.erase(repeated.begin(), repeated.end());
  std::erase_if(log.damage, [&log](const KnownDamage& d) {
    const auto proven = log.proven.find(d.object);
    return proven != log.proven.end() && proven->second > d.since;
  });
}

std::string put_log(Vault& vault, const ScrubLog& log) {
  json::object proven;
  for (const auto& [name, time] : log.proven) proven[name] = unix_ms(time);
  json::array damage;
  for (const KnownDamage& each : log.damage) {
    damage.push_back(json::object{{"object", each.object}, {"what", each.what}, {"since", unix_ms(each.since)}});
  }
  const json::object object{{"time", unix_ms(log.time)}, {"proven", std::move(proven)}, {"damage", std::move(damage)}};
  std::string name = format("{}{}", kScrubPrefix, id_text(random_id()));
  put_object(vault, ObjectKind::kScrub, name, as_bytes(json::serialize(object)));
  return name;
}

}  // namespace

std::vector<std::string> scrub_objects(Vault& vault) {
  std::vector<std::string> names;
  vault.store().list(kScrubPrefix, [&](const store::ObjectInfo& object) { names.push_back(object.name); });
  return names;
}

ScrubLog read_scrub_log(Vault& vault) {
  ScrubLog log;
  for (const std::string& name : scrub_objects(vault)) {
    try {
      const json::value value = parse_json(as_text(get_object(vault, ObjectKind::kScrub, name)), "scrub result");
      if (!value.is_object()) fail(Code::kCorruption, "scrub result is not an object");
      merge(value.get_object(), log);
    } catch (const Exception& e) {
      if (e.code() == Code::kNotFound) continue;  // merged by another scrub
      if (e.code() != Code::kCorruption && e.code() != Code::kUnsupported) throw;
      log::warn("a scrub result is left out: {}", e.what());
    }
  }
  settle(log);
  return log;
}

void replace_scrub_log(Vault& vault, const ScrubLog& log, const std::vector<std::string>& before) {
  put_log(vault, log);
  for (const std::string& name : before) {
    try {
      vault.store().remove(name);
    } catch (const Exception& e) {
      if (e.code() != Code::kDenied) throw;
    }
  }
}

std::string put_healing_note(Vault& vault, const std::string& object) {
  ScrubLog note;  // of no time: it is no scrub
  note.damage.push_back({object, std::string(kHealingNotEnded), vault.store().clock()});
  return put_log(vault, note);
}

}  // namespace lifeboat::vault
