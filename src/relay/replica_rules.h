/// What each replica may have of the log: its own hold, delay, skip set and end. Kept in a small text file that a
/// person edits; the relay takes up a change within a second, without losing a connection.
///
///     # who        rule        value
///     *            skip        0-1-77,0-1-90
///     user:reports delay       1h
///     id:12        hold
///     id:13        stop-after  0-1-500
///
/// Who: `*`, `user:ACCOUNT` or `id:SERVER_ID`. All lines that fit a replica count together: any hold holds, the longest
/// delay and the last stop-after count, skips add up. What is skipped is recorded by the replica as seen.
///
/// Threads: RuleBook is safe from any thread; ReplicaRules is a value. Errors: parse throws kUsage naming the line.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/file.h"
#include "binlog/gtid.h"

namespace lifeboat::relay {

struct ReplicaRules {
  bool hold = false;
  std::chrono::milliseconds delay{0};      ///< a group is sent when it is this old
  std::optional<binlog::Gtid> stop_after;  ///< nothing is sent that the log has after this group
  std::set<binlog::Gtid> skip;
};

struct ReplicaName {
  std::string user;
  std::uint32_t server_id = 0;
};

class RuleSet {
 public:
  static RuleSet parse(std::string_view text);
  ReplicaRules of(const ReplicaName& replica) const;

 private:
  struct Line {
    std::string user;                        ///< empty: any
    std::optional<std::uint32_t> server_id;  ///< empty: any
    ReplicaRules rules;
  };
  static Line parse_line(const std::vector<std::string>& words);
  std::vector<Line> lines_;
};

/// The rules in a file, read again when it changes; an empty path: no rules. A file that later is gone, or cannot be
/// read or parsed, leaves the last good rules in force, which is logged: a hold must not end because a file was lost.
class RuleBook {
 public:
  /// Throws for a file that is absent or wrong.
  explicit RuleBook(Path file, std::chrono::milliseconds look_every = std::chrono::seconds(1));
  /// Looks at the file at most every `look_every`.
  ReplicaRules of(const ReplicaName& replica);
  /// Another number when the rules have changed.
  std::uint64_t version() const { return version_; }

 private:
  void reload_if_changed();

  Path file_;
  std::chrono::milliseconds look_every_;
  std::atomic<std::uint64_t> version_ = 0;
  std::mutex mutex_;  ///< guards all below
  RuleSet rules_;
  std::string text_;
  std::string problem_;  ///< the last one logged
  std::chrono::steady_clock::time_point looked_;
};

}  // namespace lifeboat::relay
