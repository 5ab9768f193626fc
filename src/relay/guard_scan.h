/// What stands in a kept log at the places where replicas are, as far as the guard has a say: each group is read once
/// for all replicas that come by, a little ahead of the first of them.
///
/// A walk begins before the file that is asked for: one file at least, so that what the groups before it told of tables
/// is known, and as many as hold what went within the longest window before it. Replicas at very different places have
/// walks of their own.
///
/// Threads: safe from any; those who ask for the same part wait for each other, the others do not. Errors: none: what
/// cannot be read is not known, and says why. Memory: kWalksMax walks, each with the groups it found last.
#pragma once

#include <chrono>
#include <deque>
#include <functional>
#include <list>
#include <map>
#include <memory>
#include <mutex>
#include <string>

#include "relay/gate.h"
#include "relay/guard_walk.h"
#include "relay/served_log.h"

namespace lifeboat::relay {

class GuardScan {
 public:
  static constexpr std::size_t kWalksMax = 16;
  static constexpr std::size_t kFilesMax = 8;       ///< whose groups a walk remembers
  static constexpr std::size_t kGroupsMax = 2'000;  ///< that a walk remembers

  explicit GuardScan(ServedLog& log) : log_(log) {}

  struct Finding {
    bool known = false;
    bool failed = false;                      ///< if not known: it cannot be told; tried again after a while
    std::string waiting;                      ///< if not known: for what
    std::shared_ptr<const FoundGroup> group;  ///< nothing: the guard has no say in it
  };
  /// Comes back within a fraction of a second. Another config than last time: all is read again.
  Finding look(const GroupPlace& place, const std::shared_ptr<const GuardConfig>& config);

 private:
  using Clock = std::chrono::steady_clock;
  /// What a walk knows of one file.
  struct Known {
    std::string file;
    std::uint64_t from = 0;
    std::uint64_t to = 0;
    std::map<std::uint64_t, std::shared_ptr<const FoundGroup>> groups;  ///< by begin
  };
  struct Walk {
    explicit Walk(const GuardConfig& config) : walk(config) {}
    std::timed_mutex busy;  ///< guards the three that follow
    GuardWalk walk;
    bool at_end = false;                          ///< all of its file was read
    std::shared_ptr<const ServedLog::Held> held;  ///< the file, while it is read, if it is not on the disk otherwise
    // Guarded by mutex_:
    std::string file;
    std::string towards;  ///< the file it was begun for
    std::uint64_t position = 0;
    bool warmed_up = false;  ///< what it finds counts
    bool holds = false;      ///< `held`
    std::string failed;
    std::deque<Known> known;
    Clock::time_point used;
  };

  std::vector<ServedLog::File> files_with(const std::string& name);
  void forget_idle();
  std::optional<Finding> find_known(const GroupPlace& place);
  std::shared_ptr<Walk> walk_towards(const GroupPlace& place, const std::vector<ServedLog::File>& files,
                                     const GuardConfig& config);
  std::shared_ptr<Walk> start_walk(const std::vector<ServedLog::File>& files, std::size_t at,
                                   const GuardConfig& config);
  void advance(Walk& walk, const GroupPlace& place, const GuardConfig& config);
  ServedLog::End end_of(const Walk& walk) const;
  bool read_on(Walk& walk, const std::function<bool()>& go_on, const GuardWalk::OnGroup& on_group);
  void enter(Walk& walk, const ServedLog::File& file);
  void remember(Walk& walk, FoundGroup&& group, const GuardConfig& config);

  ServedLog& log_;
  std::mutex mutex_;  ///< taken after a walk's
  std::shared_ptr<const GuardConfig> config_;
  std::list<std::shared_ptr<Walk>> walks_;
};

}  // namespace lifeboat::relay
