/// Housekeeping that removes: decides what goes, hides it at once, removes it after a grace period.
/// Protocol and its reasons: docs/internals/vault-format.md, "Pruning". Killed anywhere, the next run goes on.
///
/// Errors: kBusy (another prune is at work), kCorruption (an image can't be walked: then nothing is removed, since what
/// it refers to is not known), and the store's. Memory: see the document.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/progress.h"
#include "vault/log_retention.h"
#include "vault/marks.h"
#include "vault/retention.h"

namespace lifeboat::vault {

inline constexpr std::chrono::hours kDefaultGrace{7 * 24};

struct PruneOptions {
  RetentionPolicy policy;
  std::chrono::milliseconds log_window = kDefaultLogWindow;  ///< see log_retention.h
  HistoryOf history_of = {};                                 ///< likewise; empty: images do not say
  std::chrono::milliseconds grace = kDefaultGrace;           ///< how long what was marked can be taken back
  bool dry_run = false;                                      ///< look only: puts and removes nothing
  Progress* progress = nullptr;                              ///< told the bytes of tree nodes read
};

/// What became of one mark.
struct SweptMark {
  Mark mark;
  bool swept = false;
  std::string waits_for;  ///< if not swept: why
  std::uint64_t images_removed = 0;
  std::uint64_t packs_removed = 0;
  std::uint64_t packs_spared = 0;  ///< an image refers to them after all
  std::uint64_t log_parts_removed = 0;
  std::uint64_t log_parts_spared = 0;  ///< the window or an image needs them after all
  std::uint64_t bytes_removed = 0;
};

struct PruneReport {
  std::vector<Verdict> verdicts;  ///< of every image that was not hidden
  std::vector<ImageName> images;  ///< marked now, or to be
  std::vector<Id> packs;          ///< likewise: nothing that stays refers to them
  std::uint64_t pack_bytes = 0;
  std::uint64_t young_packs = 0;  ///< unreferenced, but perhaps of a writer at work: left alone
  LogPlan log;                    ///< of it, what no mark names yet is marked now, or to be
  std::vector<std::string> log_parts;
  std::optional<Mark> mark;       ///< put now
  std::vector<SweptMark> sweeps;  ///< of every mark pending
  std::uint64_t kept_packs = 0;
  std::uint64_t kept_bytes = 0;
  std::uint64_t wasted_bytes = 0;      ///< in kept packs, of records that nothing refers to
  bool wasted_is_estimate = false;     ///< told from a sample of the packs
  std::uint64_t unfinished_bytes = 0;  ///< what killed writers left, removed
  std::vector<std::string> damaged;    ///< marks that can't be read: left alone
};

PruneReport prune(Vault& vault, const PruneOptions& options);

/// Throws kRefused if the image is inside the policy's window, the last of its origin, the last proven of it, pinned or
/// in use.
void check_removable(Vault& vault, const ImageName& image, const RetentionPolicy& policy);
/// Hides one image and leaves its removal to prune. Refuses as check_removable.
Mark remove_image(Vault& vault, const ImageName& image, const RetentionPolicy& policy, std::string_view reason);

/// Takes a pending mark back: its images are visible again. `which` is the mark's id or an image it names. kNotFound if
/// there is none, kConflict if its removal has begun.
Mark undelete(Vault& vault, std::string_view which);

}  // namespace lifeboat::vault
