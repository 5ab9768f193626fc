/// What a standby makes of what it sees: how it stands, how far behind it is, when to commit, when to try again.
/// Threads: values. Errors: none.
#pragma once

#include <chrono>
#include <optional>
#include <string>

#include "rescue/standby_server.h"
#include "rescue/standby_status.h"

namespace lifeboat::rescue {

using SteadyTime = std::chrono::steady_clock::time_point;

/// One look at the server and, if it is on this host, the relay.
struct StandbyView {
  ReplicaState replica;
  std::optional<HeldDanger> held;
  std::string
      relay_trouble;  ///< why the relay has nothing new: it does not run, or does not follow; empty: nothing known
};

/// Fills in state, lag, held, problem and hint.
void judge(const StandbyView& view, SystemTime time, StandbyStatus& status);

/// After a failure: in one second, then twice as long each time, up to a minute.
class RetryClock {
 public:
  bool due(SteadyTime time) const { return time >= next_; }
  void failed(SteadyTime time);
  void succeeded() { wait_ = kFirst; }

 private:
  static constexpr std::chrono::seconds kFirst{1};
  static constexpr std::chrono::seconds kLongest{60};
  std::chrono::seconds wait_ = kFirst;
  SteadyTime next_{};
};

/// When to commit: every so often if there is something new, at once at the start, and before what is not in the vault
/// fills half of a bounded volume.
class CommitClock {
 public:
  explicit CommitClock(std::chrono::milliseconds every) : every_(every) {}
  /// A commit that was made before this process ran counts.
  void last_was(std::chrono::milliseconds ago, SteadyTime time) { begun_ = time - ago; }
  void begin(SteadyTime time) { begun_ = time; }

  struct Volume {
    std::uint64_t dirty_bytes = 0;
    std::uint64_t space_max = 0;  ///< 0: not bounded
  };
  bool due(SteadyTime time, bool something_new, const Volume& volume) const;

 private:
  std::chrono::milliseconds every_;
  std::optional<SteadyTime> begun_;
};

}  // namespace lifeboat::rescue
