#include "vault/sweep.h"

#include <algorithm>

#include "base/cancel.h"
#include "base/error.h"
#include "base/log.h"
#include "vault/format.h"
#include "vault/pins.h"

namespace lifeboat::vault {
namespace {

/// Claims the marks that wait for nothing, so that they can't be taken back any more.
std::vector<SweptMark> claim(Vault& vault, const std::vector<Mark>& marks, std::chrono::milliseconds grace) {
  const std::vector<SessionInfo> live = live_sessions(vault);
  const std::set<ImageName> pinned = pinned_images(vault);
  const SystemTime now = vault.store().clock();
  std::vector<SweptMark> result;
  for (const Mark& mark : marks) {
    SweptMark swept{.mark = mark};
    // One that a killed prune has claimed waits for nothing: that was looked at before.
    if (mark.state == MarkState::kPending) swept.waits_for = waits_for(mark, live, pinned, grace, now);
    if (mark.state == MarkState::kUnclear) swept.waits_for = "its undo object is damaged";
    if (swept.waits_for.empty() && settle_mark(vault, mark.id, MarkState::kSweeping) != MarkState::kSweeping) {
      swept.waits_for = "it was just taken back";
    }
    swept.swept = swept.waits_for.empty();
    result.push_back(std::move(swept));
  }
  return result;
}

/// Walks every image there is that is not about to go. Listed after the claims: see the document.
void refer_to_what_stays(Vault& vault, const std::vector<SweptMark>& marks, References& references) {
  std::set<ImageName> going;
  for (const SweptMark& swept : marks) {
    if (swept.swept) going.insert(swept.mark.images.begin(), swept.mark.images.end());
  }
  for (const auto& [image, _] : stored_images(vault)) {
    if (!going.contains(image)) references.add(image);
  }
}

void remove_launch_lists(Vault& vault, const ImageName& image) {
  std::vector<std::string> names;
  vault.store().list(format("{}{}-", kLaunchPrefix, image),
                     [&](const store::ObjectInfo& object) { names.push_back(object.name); });
  for (const std::string& name : names) vault.store().remove(name);
}

void remove_images(Vault& vault, SweptMark& swept) {
  for (const ImageName& image : swept.mark.images) {
    const std::string name = format("{}{}", kImagesPrefix, image);
    if (const auto info = vault.store().find(name)) {
      swept.bytes_removed += info->size;
      ++swept.images_removed;
      vault.store().remove(name);
    }
    remove_launch_lists(vault, image);
  }
}

void remove_packs(Vault& vault, const References& references, SweptMark& swept) {
  for (const Id& pack : swept.mark.packs) {
    throw_if_cancelled();  // what a stopped sweep leaves, the next one removes
    if (references.refers_to(pack)) {
      ++swept.packs_spared;
      continue;
    }
    const auto info = vault.store().find(pack_name(pack));
    if (!info) continue;
    vault.store().remove(pack_name(pack));
    swept.bytes_removed += info->size;
    ++swept.packs_removed;
  }
}

/// What of the log may go now, when the marks are claimed: an image that was taken back may need it after all.
std::set<std::string> removable_log_parts(Vault& vault, const PruneOptions& options) {
  const std::vector<ImageInfo> listed = list_images(vault);
  const auto images =
      retention_images(listed, stored_images(vault), options.history_of);  // in that order: all are stored
  std::set<std::string> names;
  for (const ListedLogPart& part :
       plan_log(list_log_parts(vault), images, options.log_window, vault.store().clock()).remove) {
    names.insert(log_part_object(part.name));
  }
  return names;
}

void remove_log_parts(Vault& vault, const std::set<std::string>& removable, SweptMark& swept) {
  for (const std::string& name : swept.mark.log_parts) {
    throw_if_cancelled();
    const auto info = vault.store().find(name);
    if (!info) continue;
    if (!removable.contains(name)) {
      ++swept.log_parts_spared;
      continue;
    }
    vault.store().remove(name);
    swept.bytes_removed += info->size;
    ++swept.log_parts_removed;
  }
}

}  // namespace

std::map<ImageName, std::string> images_in_use(const std::vector<SessionInfo>& live) {
  std::map<ImageName, std::string> users;
  for (const SessionInfo& session : live) {
    if (!session.image.empty()) users.try_emplace(session.image, session.text());
  }
  return users;
}

std::string waits_for(const Mark& mark, const std::vector<SessionInfo>& live, const std::set<ImageName>& pinned,
                      std::chrono::milliseconds grace, SystemTime now) {
  if (now - mark.time < grace) return format("its grace period, until {}", format_time(mark.time + grace));
  for (const SessionInfo& session : live) {
    if (session.kind == SessionKind::kWrite && !session.knows.contains(mark.id)) {
      return format("{}, who may not know the mark (if it is known to be gone: lifeboat vault unlock --force {})",
                    session.text(), id_text(session.id));
    }
  }
  const auto users = images_in_use(live);
  for (const ImageName& image : mark.images) {
    if (pinned.contains(image)) return format("image {}, which is pinned", image);
    if (const auto at = users.find(image); at != users.end()) return format("image {}, used by {}", image, at->second);
  }
  return {};
}

std::vector<SweptMark> sweep(Vault& vault, const std::vector<Mark>& marks, const PruneOptions& options,
                             References& references) {
  std::vector<SweptMark> result = claim(vault, marks, options.grace);
  if (std::ranges::none_of(result, &SweptMark::swept)) return result;
  refer_to_what_stays(vault, result, references);
  // Every image before any pack: an image that can be seen is never without its packs.
  for (SweptMark& swept : result) {
    if (swept.swept) remove_images(vault, swept);
  }
  const bool any_log =
      std::ranges::any_of(result, [](const SweptMark& s) { return s.swept && !s.mark.log_parts.empty(); });
  const auto removable = any_log ? removable_log_parts(vault, options) : std::set<std::string>{};
  for (SweptMark& swept : result) {
    if (!swept.swept) continue;
    remove_packs(vault, references, swept);
    remove_log_parts(vault, removable, swept);
    remove_mark(vault, swept.mark.id);
    log::debug("mark {} swept: {} images, {} packs", id_text(swept.mark.id), swept.images_removed, swept.packs_removed);
  }
  return result;
}

}  // namespace lifeboat::vault
