// `lifeboat vault stat`: what is in the vault, how much of it is proven, who is at work.

#include "cli/commands.h"
#include "cli/housekeeping.h"
#include "vault/stat.h"

namespace lifeboat::cli {
namespace {

json::value time_or_null(SystemTime time) {
  return unix_ms(time) == 0 ? json::value() : json::value(format_time(time));
}

json::object to_json(vault::Vault& vault, const vault::VaultStat& stat) {
  json::array sessions;
  for (const vault::SessionInfo& session : stat.sessions) sessions.push_back(session_to_json(session));
  json::array marks;
  for (const vault::Mark& mark : stat.marks) marks.push_back(mark_to_json(mark));
  json::array damage;
  for (const vault::KnownDamage& known : stat.damage) {
    damage.push_back(json::object{{"object", known.object}, {"what", known.what}, {"since", format_time(known.since)}});
  }
  json::object object{{"vault", vault::id_text(vault.id())},
                      {"url", vault.store().url()},
                      {"images", stat.images.size()},
                      {"hidden_images", stat.hidden_images},
                      {"pinned_images", stat.pinned_images},
                      {"oldest_image", nullptr},
                      {"newest_image", nullptr},
                      {"packs", stat.packs},
                      {"pack_bytes", stat.pack_bytes},
                      {"logs", stat.logs},
                      {"log_parts", stat.log_parts},
                      {"log_bytes", stat.log_bytes},
                      {"newest_log", time_or_null(stat.newest_log)},
                      {"small_objects", stat.small_objects},
                      {"small_bytes", stat.small_bytes},
                      {"last_scrub", time_or_null(stat.last_scrub)},
                      {"proven_packs", stat.proven_packs},
                      {"proven_bytes", stat.proven_bytes},
                      {"oldest_proof", time_or_null(stat.oldest_proof)},
                      {"damage", std::move(damage)},
                      {"sessions", std::move(sessions)},
                      {"marks", std::move(marks)},
                      {"unreadable", json::array(stat.unreadable.begin(), stat.unreadable.end())}};
  if (!stat.images.empty()) {
    object["oldest_image"] = vault::image_to_json(stat.images.front());
    object["newest_image"] = vault::image_to_json(stat.images.back());
  }
  return object;
}

std::string proof_text(const vault::VaultStat& stat) {
  if (unix_ms(stat.last_scrub) == 0) return "proven: nothing yet (lifeboat vault scrub)\n";
  return format("proven: {} of {} packs ({}), the longest ago at {}; last scrub {}\n", stat.proven_packs, stat.packs,
                format_size(stat.proven_bytes), stat.proven_packs == 0 ? "-" : format_time(stat.oldest_proof),
                format_time(stat.last_scrub));
}

std::string to_text(vault::Vault& vault, const vault::VaultStat& stat) {
  std::string text = format("vault {} at {}\n", vault::id_text(vault.id()), vault.store().url());
  text += format("images: {} ({} hidden, {} pinned)\n", stat.images.size(), stat.hidden_images, stat.pinned_images);
  if (!stat.images.empty()) {
    const vault::ImageInfo& newest = stat.images.back();
    text += format("  oldest {}\n  newest {} ({})\n", stat.images.front().name, newest.name, format_size(newest.bytes));
  }
  text += format("packs: {} ({}); small objects: {} ({})\n", stat.packs, format_size(stat.pack_bytes),
                 stat.small_objects, format_size(stat.small_bytes));
  if (stat.logs > 0) {
    text += format("logs: {} in {} parts ({}), the newest stored at {}\n", stat.logs, stat.log_parts,
                   format_size(stat.log_bytes), format_time(stat.newest_log));
  }
  text += proof_text(stat);
  for (const vault::KnownDamage& known : stat.damage) {
    text += format("damaged since {}: {}: {}\n", format_time(known.since), known.object, known.what);
  }
  for (const std::string& what : stat.unreadable) text += format("unreadable: {}\n", what);
  for (const vault::SessionInfo& session : stat.sessions) {
    text += format("session {}: {}, since {}{}\n", vault::id_text(session.id), session.text(),
                   format_time(session.started), session.alive() ? "" : ", dead");
  }
  for (const vault::Mark& mark : stat.marks) {
    text += format("marked for removal at {}: {} images, {} packs, {} log parts ({})\n", format_time(mark.time),
                   mark.images.size(), mark.packs.size(), mark.log_parts.size(), mark.reason);
  }
  return text;
}

void run(Context& context, const NoOptions&) {
  const auto vault = context.open_vault();
  const vault::VaultStat stat = vault::stat_vault(*vault);
  context.print(to_json(*vault, stat), to_text(*vault, stat));
}

}  // namespace

void add_vault_stat(CLI::App& noun, Context& context) {
  add_command<NoOptions>(
      noun, context, "stat", "What is in the vault, how much of it is proven, who is at work",
      "lifeboat vault stat --vault file:///backup/vault --passphrase-file /etc/lifeboat/passphrase",
      [](Command&, NoOptions&) {}, run);
}

}  // namespace lifeboat::cli
