/// Removal marks: which images are hidden, which packs must not be re-used, and how a mark is settled: taken back or
/// swept. Protocol: docs/internals/vault-format.md, "Pruning".
/// Errors: the store's; damage is collected where many marks are read. Threads: functions without state.
#pragma once

#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/units.h"
#include "vault/image.h"
#include "vault/vault.h"

namespace lifeboat::vault {

enum class MarkState {
  kPending,   ///< in force, may be taken back
  kUndone,    ///< taken back: nothing it says counts
  kSweeping,  ///< in force, and what it names is being removed
  kUnclear,   ///< in force, but the object that settles it is damaged: nobody sweeps it
};
std::string_view mark_state_name(MarkState state);

struct Mark {
  Id id{};
  SystemTime time;  ///< by the store's clock
  std::vector<ImageName> images;
  std::vector<Id> packs;
  std::vector<std::string> log_parts;  ///< their objects' names
  std::string reason;
  MarkState state = MarkState::kPending;

  bool in_force() const { return state != MarkState::kUndone; }
};

/// Oldest first. Damaged ones are reported through `damaged` and left out: they hide nothing and are never swept.
std::vector<Mark> read_marks(Vault& vault, std::vector<std::string>& damaged);

/// What a mark names.
struct Marked {
  std::vector<ImageName> images;
  std::vector<Id> packs;
  std::vector<std::string> log_parts;
};
/// Durable when it returns. Fills in `id` and `time`.
Mark put_mark(Vault& vault, Marked marked, std::string_view reason);

/// Settles a pending mark as kUndone or kSweeping; returns what it is settled as, which may be the other if somebody
/// came first. Throws kCorruption if that cannot be read.
MarkState settle_mark(Vault& vault, const Id& mark, MarkState as);

/// For the holder of the prune session. If anything that an unclear mark names is gone, its sweep had begun: it is
/// settled as kSweeping anew. Else nothing was lost yet, and it is to be taken for kUndone.
MarkState settle_unclear(Vault& vault, const Mark& mark);

/// Removes the marks that are damaged beyond reading: they hide nothing and nobody could ever sweep them. What they
/// named is marked again if it is still to go. Not those of a newer format. For the holder of the prune session.
void remove_unreadable_marks(Vault& vault);

/// Removes a mark that is settled and done with, and then what settled it.
void remove_mark(Vault& vault, const Id& mark);

/// Removes what settled marks that are gone already (a prune was killed between the two).
void remove_orphaned_undo(Vault& vault);

/// The sum of all marks in force. Damaged ones are left out with a warning in the log.
struct Hidden {
  std::set<ImageName> images;
  std::set<Id> packs;
  std::vector<Id> marks;  ///< for Session::obey
};
Hidden read_hidden(Vault& vault);
std::set<ImageName> hidden_images(Vault& vault);

/// For who reads an image for long, after its session is registered: then a prune that puts a mark later sees the
/// session, and a mark that was put before is seen here. kConflict if one hides the image.
void check_not_hidden(Vault& vault, const ImageName& image);

}  // namespace lifeboat::vault
