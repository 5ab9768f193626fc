#include "vault/stat.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "vault/format.h"
#include "vault/log_part_name.h"
#include "vault/pins.h"

namespace lifeboat::vault {
namespace {

void add_pack(const store::ObjectInfo& object, const ScrubLog& log, VaultStat& stat) {
  ++stat.packs;
  stat.pack_bytes += object.size;
  const auto proven = log.proven.find(object.name);
  if (proven == log.proven.end()) return;
  ++stat.proven_packs;
  stat.proven_bytes += object.size;
  if (stat.proven_packs == 1 || proven->second < stat.oldest_proof) stat.oldest_proof = proven->second;
}

void add_log_part(const store::ObjectInfo& object, VaultStat& stat) {
  ++stat.log_parts;
  stat.log_bytes += object.size;
  stat.newest_log = std::max(stat.newest_log, object.modified);
}

}  // namespace

VaultStat stat_vault(Vault& vault) {
  VaultStat stat;
  std::optional<Id> log;
  const ScrubLog scrubbed = read_scrub_log(vault);
  stat.last_scrub = scrubbed.time;
  stat.damage = scrubbed.damage;
  vault.store().list("", [&](const store::ObjectInfo& object) {
    if (object.name.starts_with(kPacksPrefix)) return add_pack(object, scrubbed, stat);
    if (const auto part = parse_log_part_object(object.name)) {
      if (std::exchange(log, part->stream) != part->stream) ++stat.logs;
      return add_log_part(object, stat);
    }
    ++stat.small_objects;
    stat.small_bytes += object.size;
  });
  stat.images = list_images(vault, &stat.unreadable);
  stat.pinned_images = pinned_images(vault).size();
  for (Mark& mark : read_marks(vault, stat.unreadable)) {
    if (!mark.in_force()) continue;
    stat.hidden_images += mark.images.size();
    stat.marks.push_back(std::move(mark));
  }
  stat.sessions = list_sessions(vault);
  std::erase_if(stat.sessions, [](const SessionInfo& session) { return session.ended; });
  return stat;
}

}  // namespace lifeboat::vault
