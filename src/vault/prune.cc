#include "vault/prune.h"

#include <algorithm>
#include <map>
#include <unordered_map>

#include "base/error.h"
#include "base/log.h"
#include "vault/format.h"
#include "vault/key_slots.h"
#include "vault/pins.h"
#include "vault/proofs.h"
#include "vault/prune_session.h"
#include "vault/references.h"
#include "vault/sweep.h"

namespace lifeboat::vault {
namespace {

/// Keeps a mark well below the size of a small object; the next prune marks the rest.
constexpr std::size_t kLogPartsPerMark = 100'000;

struct ListedPack {
  std::uint64_t size = 0;
  SystemTime modified;
};
using Packs = std::unordered_map<Id, ListedPack, IdHash>;

Packs list_packs(Vault& vault) {
  Packs packs;
  vault.store().list(kPacksPrefix, [&](const store::ObjectInfo& object) {
    const std::string_view name = object.name;
    try {
      const Id id = id_from_text(name.substr(name.rfind('/') + 1));
      if (pack_name(id) == name) packs[id] = {object.size, object.modified};
    } catch (const Exception&) {
      log::warn("{}: not the name of a pack, left alone", name);
    }
  });
  return packs;
}

/// What a prune looks at, in the order that the protocol asks for.
struct Survey {
  Survey(Vault& vault, PruneReport& report)
      : packs(list_packs(vault)), live(alive(list_sessions(vault))), pinned(pinned_images(vault)) {
    for (Mark& mark : read_marks(vault, report.damaged)) {
      (mark.in_force() ? marks : undone).push_back(std::move(mark));
    }
    log_parts = list_log_parts(vault);
    stored = stored_images(vault);
    std::vector<std::string> damaged;
    images = list_images(vault, &damaged);
    if (!damaged.empty()) {
      fail(Code::kCorruption, damaged.front(),
           "Nothing is pruned while an image can't be read, since what it refers to is not known. Heal it with "
           "`lifeboat vault scrub --heal-from URL`, or let it go with `lifeboat image rm`.");
    }
    proven = proven_images(vault, names_of(images));
  }

  static std::vector<SessionInfo> alive(std::vector<SessionInfo> sessions) {
    std::erase_if(sessions, [](const SessionInfo& session) { return !session.alive(); });
    return sessions;
  }

  std::vector<RetentionImage> judged_images(const PruneOptions& options) const {
    const auto users = images_in_use(live);
    std::vector<RetentionImage> judged = retention_images(images, stored, options.history_of);
    for (RetentionImage& image : judged) {
      const auto user = users.find(image.name);
      image.pinned = pinned.contains(image.name);
      image.in_use = user == users.end() ? "" : user->second;
      image.proven = proven.contains(image.name);
    }
    return judged;
  }

  /// Packs that came after this may be of an image to come.
  SystemTime writers_since(SystemTime now) const {
    for (const SessionInfo& session : live) {
      if (session.kind == SessionKind::kWrite) now = std::min(now, session.started);
    }
    return now;
  }

  Packs packs;
  std::vector<SessionInfo> live;
  std::set<ImageName> pinned;
  std::map<ImageName, SystemTime> proven;
  std::vector<Mark> marks;
  std::vector<Mark> undone;
  std::vector<ListedLogPart> log_parts;
  std::map<ImageName, SystemTime> stored;
  std::vector<ImageInfo> images;
};

void walk(const Survey& survey, References& references, const PruneReport& report, Progress* progress) {
  for (const ImageInfo& image : survey.images) {
    const std::uint64_t before = references.bytes_read();
    if (std::ranges::find(report.images, image.name) == report.images.end()) references.add(image.name);
    if (progress != nullptr) progress->add(references.bytes_read() - before);
  }
}

void choose_packs(const Survey& survey, const References& references, SystemTime now, PruneReport& report) {
  std::set<Id> marked;
  for (const Mark& mark : survey.marks) marked.insert(mark.packs.begin(), mark.packs.end());
  const SystemTime writers_since = survey.writers_since(now);
  std::uint64_t sampled = 0;
  std::uint64_t wasted = 0;
  for (const auto& [id, pack] : survey.packs) {
    if (references.refers_to(id)) {
      ++report.kept_packs;
      report.kept_bytes += pack.size;
      if (!references.sampled(id)) continue;
      ++sampled;
      wasted += pack.size - std::min(pack.size, references.used_bytes(id) + kHeaderBytes + kTrailerBytes);
    } else if (marked.contains(id)) {
      continue;
    } else if (pack.modified >= writers_since) {
      ++report.young_packs;
    } else {
      report.packs.push_back(id);
      report.pack_bytes += pack.size;
    }
  }
  report.wasted_is_estimate = sampled < report.kept_packs;
  if (sampled > 0) {
    report.wasted_bytes = static_cast<std::uint64_t>(
        static_cast<double>(wasted) * (static_cast<double>(report.kept_packs) / static_cast<double>(sampled)));
  }
  std::ranges::sort(report.packs);
}

/// The log that the images that stay do not need, but for what is marked already.
void choose_log_parts(const Survey& survey, std::vector<RetentionImage> stay, std::chrono::milliseconds window,
                      SystemTime now, PruneReport& report) {
  const std::set<ImageName> going(report.images.begin(), report.images.end());
  std::erase_if(stay, [&](const RetentionImage& image) { return going.contains(image.name); });
  report.log = plan_log(survey.log_parts, stay, window, now);
  std::set<std::string> marked;
  for (const Mark& mark : survey.marks) marked.insert(mark.log_parts.begin(), mark.log_parts.end());
  for (const ListedLogPart& part : report.log.remove) {
    const std::string name = log_part_object(part.name);
    if (!marked.contains(name) && report.log_parts.size() < kLogPartsPerMark) report.log_parts.push_back(name);
  }
}

void plan(Vault& vault, const Survey& survey, const PruneOptions& options, References& references,
          PruneReport& report) {
  const SystemTime now = vault.store().clock();
  std::vector<RetentionImage> images = survey.judged_images(options);
  report.verdicts = judge(images, options.policy, now);
  for (const Verdict& verdict : report.verdicts) {
    if (!verdict.keep) report.images.push_back(verdict.name);
  }
  walk(survey, references, report, options.progress);
  choose_packs(survey, references, now, report);
  choose_log_parts(survey, std::move(images), options.log_window, now, report);
}

/// What would become of the marks, without claiming one.
std::vector<SweptMark> preview(Vault& vault, const Survey& survey, std::chrono::milliseconds grace) {
  const SystemTime now = vault.store().clock();
  std::vector<SweptMark> result;
  for (const Mark& mark : survey.marks) {
    SweptMark swept{.mark = mark};
    if (mark.state == MarkState::kPending) swept.waits_for = waits_for(mark, survey.live, survey.pinned, grace, now);
    result.push_back(std::move(swept));
  }
  return result;
}

/// A damaged settling object must not keep a mark in force for ever.
void settle_unclear_marks(Vault& vault, Survey& survey) {
  for (Mark& mark : survey.marks) {
    if (mark.state != MarkState::kUnclear) continue;
    mark.state = settle_unclear(vault, mark);
    if (!mark.in_force()) survey.undone.push_back(mark);
  }
  std::erase_if(survey.marks, [](const Mark& mark) { return !mark.in_force(); });
}

void tidy(Vault& vault, const Survey& survey) {
  for (const Mark& mark : survey.undone) remove_mark(vault, mark.id);
  remove_unreadable_marks(vault);
  remove_orphaned_undo(vault);
  remove_foreign_slots(vault);
  for (const SessionInfo& session : list_sessions(vault)) {
    if (session.ended) remove_session(vault, session);
  }
}

}  // namespace

namespace {
/// A prune of a full disk writes with what was kept for it.
class Reserve {
 public:
  explicit Reserve(store::Store& store) : store_(store) { store_.release_reserve(); }
  ~Reserve() { store_.keep_reserve(); }
  Reserve(const Reserve&) = delete;
  Reserve& operator=(const Reserve&) = delete;

 private:
  store::Store& store_;
};
}  // namespace

PruneSession::PruneSession(Vault& vault) : session_(vault, SessionKind::kPrune) {
  int pruners = 0;
  std::string other;
  std::string other_id;
  for (const SessionInfo& session : live_sessions(vault)) {
    if (session.kind != SessionKind::kPrune) continue;
    ++pruners;
    if (session.id == session_.id()) continue;
    other = session.text();
    other_id = id_text(session.id);
  }
  if (pruners < 2) return;
  fail(Code::kBusy, format("another prune is at work in this vault: {}", other),
       format("Wait for it. If it is known to be gone: lifeboat vault unlock --force {}", other_id));
}

PruneReport prune(Vault& vault, const PruneOptions& options) {
  std::optional<Reserve> reserve;
  std::optional<PruneSession> session;
  if (!options.dry_run) {
    reserve.emplace(vault.store());
    session.emplace(vault);
  }
  PruneReport report;
  Survey survey(vault, report);
  References references(vault);
  plan(vault, survey, options, references, report);
  if (options.dry_run) {
    report.sweeps = preview(vault, survey, options.grace);
    return report;
  }
  session->check();
  settle_unclear_marks(vault, survey);
  if (!report.images.empty() || !report.packs.empty() || !report.log_parts.empty()) {
    report.mark = put_mark(vault, {report.images, report.packs, report.log_parts}, "retention");
    survey.marks.push_back(*report.mark);
  }
  report.sweeps = sweep(vault, survey.marks, options, references);
  tidy(vault, survey);
  report.unfinished_bytes = vault.store().remove_unfinished(std::chrono::hours(24));
  return report;
}

}  // namespace lifeboat::vault
