/// Which groups of the log a replica gets that connects by GTID: those after its position in each domain, up to its
/// UNTIL. The rules are those of a MariaDB source, since replicas rely on them: docs/internals/replication-protocol.md.
///
/// Threads: one at a time. Errors: SqlFailure (1236) when the log cannot continue the replica's position.
#pragma once

#include <map>
#include <optional>
#include <vector>

#include "binlog/gtid.h"
#include "binlog/gtid_event.h"
#include "relay/replica_dialogue.h"

namespace lifeboat::relay {

class GtidSelection {
 public:
  /// `log` is everything that is kept. Wishes must carry a connect state.
  GtidSelection(const ReplicaWishes& wishes, const binlog::GtidState& log);

  /// The file to start at, as an index into `heads` (the Gtid_list at each file's head, oldest first; none: a file of
  /// an old server, which begins with nothing before it). Call it once, before `next`.
  std::size_t choose_file(const std::vector<std::optional<std::vector<binlog::Gtid>>>& heads);
  /// The same; nothing, and nothing has changed, if it is in none of these.
  std::optional<std::size_t> find_file(const std::vector<std::optional<std::vector<binlog::Gtid>>>& heads);

  /// The Gtid_list event at the head of each file that is read.
  void enter_file(const binlog::GtidState& head) { seen_ = head; }
  /// Whether the group that begins with `event` is served.
  bool next(const binlog::GtidEvent& event);

  /// The replica has seen everything before the next group: false until the start was reached in every domain.
  bool reached_start() const { return skip_to_.empty(); }
  /// True once after the group that was the last one left out in its domain: the time to tell the replica where it is.
  bool take_start_reached();
  /// The group of the last `next` ends the dump (or, before any, the position asked for was past UNTIL at the start).
  bool until_reached() const { return until_ && until_->empty(); }
  /// What the stream has passed so far, as far as the replica can know.
  const binlog::GtidState& seen() const { return seen_; }

 private:
  struct Start {
    binlog::Gtid gtid;
    bool on_empty_domain = false;  ///< the log knew nothing of this domain when the replica came
  };
  void check_start(const binlog::GtidState& log);
  bool starts_in_or_after(const std::vector<binlog::Gtid>& head) const;
  bool left_out_before_start(const binlog::GtidEvent& event);
  bool left_out_after_until(const binlog::Gtid& gtid);

  std::map<std::uint32_t, Start> skip_to_;  ///< by domain: nothing is served up to this group
  std::optional<std::map<std::uint32_t, binlog::Gtid>> until_;
  binlog::GtidState seen_;
  bool strict_;
  bool ignore_duplicates_;
  bool start_just_reached_ = false;
};

}  // namespace lifeboat::relay
