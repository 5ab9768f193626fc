/// All holds of a relay's directory, as its audit log tells them, and the decisions that people make on them. The relay
/// and every command hold a book of their own; they meet in the file, so that decisions are possible while the relay is
/// dead, and it takes them up when it lives.
///
/// What counts is judged here, on reading, not where it is written: an approval whose signature, key or time is not
/// right is none, and a release without enough of them releases nothing.
///
/// Threads: safe from any. Errors: kNotFound, kConflict (already decided), kRefused (not allowed), kBusy, and
/// AuditLog's. Durability: what a method has done survives power loss when it returns.
#pragma once

#include <functional>
#include <mutex>

#include "relay/approvers.h"
#include "relay/audit_log.h"
#include "relay/hold.h"

namespace lifeboat::relay {

/// Which hold, and for which replica.
struct Choice {
  std::string id;
  std::string stream{kEveryStream};
  bool run = false;  ///< and the rest of its run (see continues_run), unseen
};

/// Who may let a danger pass was changed.
struct ApproversChange {
  std::string id;  ///< "approvers-3": the number of its entry
  SystemTime time;
  std::string by;
  std::vector<std::string> names;     ///< from then on
  std::vector<std::string> new_keys;  ///< whose keys were not listed before
  std::set<std::string> told;         ///< channels
};

class HoldBook {
 public:
  using Clock = std::function<SystemTime()>;

  /// `directory` is the relay's; its guard's files lie below it.
  explicit HoldBook(const Path& relay_directory, Clock clock = now);

  Path approvers_file() const { return directory_ / "approvers"; }
  const Path& directory() const { return directory_; }

  /// Takes up what others wrote.
  void refresh();

  // As of the last refresh or change:
  std::vector<Hold> list() const;  ///< oldest first
  std::vector<ApproversChange> approvers_changes() const;
  std::optional<Hold> find(const std::string& id) const;
  /// The hold that the text begins, if it is one only; kNotFound or kUsage naming them.
  Hold get(const std::string& id) const;
  /// The hold that was decided with its run, which `subject` continues.
  std::optional<Hold> find_run(const HoldSubject& subject, const std::string& stream) const;
  /// Whether that transaction was left out before, as one of a run.
  bool skipped_in_run(const std::string& id, const std::string& stream) const;
  /// All that was decided to be left out for a stream: each hold, and what was met of its run.
  std::vector<HoldSubject> left_out(const std::string& stream) const;
  std::string head() const;
  /// The text that the last entry of this event, of whatever hold, gave under `key`.
  std::string last_told(const std::string& event, const std::string& key) const;

  // For the relay:
  /// If there is no such hold yet. The stream stands before it.
  Hold begin(const HoldSubject& subject, const std::string& stream);
  void arrive(const Choice& choice);
  /// What was decided on the run that `hold` began is applied to `subject`.
  void cover(const std::string& hold, const HoldSubject& subject);
  void note(const std::string& event, json::object body);
  void note_notice(const std::string& id, const std::string& event, const std::string& channel);

  // For people; `by` is who they are to the operating system.
  /// By the approver's signature. Releases once there are enough.
  Hold approve(const Choice& choice, const std::string& name, const codec::Secret& passphrase);
  Hold break_glass(const Choice& choice, const std::string& by, const std::string& reason);
  Hold skip(const Choice& choice, const std::string& by);
  /// The approvers file as it is now becomes known: only then do its keys count.
  void note_approvers(const std::string& by);
  void set_approvers(const std::vector<Approver>& approvers, const std::string& by);

 private:
  struct Known {
    Approver approver;
    SystemTime since;  ///< when the key was first noted
  };

  /// A later transaction of a run.
  struct Covered {
    HoldSubject subject;          ///< described as the first of the run
    std::set<std::string> holds;  ///< that began its run
  };

  template <typename Action>
  auto change(Action action);
  void read();
  void append(std::string_view event, json::object body);
  void apply(const AuditEntry& entry);
  void apply_known(const AuditEntry& entry);
  void apply_hold(const AuditEntry& entry);
  void apply_stream(const AuditEntry& entry);
  void apply_approval(const AuditEntry& entry);
  void apply_decision(const AuditEntry& entry, HoldState state);
  void apply_covered(const AuditEntry& entry);
  void apply_notice(const AuditEntry& entry);
  void apply_approvers(const AuditEntry& entry);
  Hold* hold_of(const AuditEntry& entry);
  bool is_covered(const std::string& hold, const std::string& id) const;
  bool is_skipped(const Covered& covered, const std::string& stream) const;
  Hold& undecided(const Choice& choice);
  static bool counts(const Known& known, SystemTime time);
  const Known& known_approver(const std::string& name) const;
  bool knows(const std::vector<Approver>& listed) const;
  void note_approvers_locked(const std::vector<Approver>& approvers, const std::string& by);
  std::vector<Hold> sorted() const;

  Path directory_;
  Clock clock_;
  mutable std::mutex mutex_;  ///< guards all below
  AuditLog log_;
  std::map<std::string, Hold> holds_;
  std::map<std::string, Covered> covered_;  ///< by the transaction's id
  std::vector<Known> approvers_;
  std::vector<ApproversChange> approvers_changes_;
  std::map<std::string, json::object> last_;  ///< by event
};

/// Where in a relay's directory the guard's files lie.
Path guard_directory(const Path& relay_directory);

}  // namespace lifeboat::relay
