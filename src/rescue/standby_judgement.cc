#include "rescue/standby_judgement.h"

#include <algorithm>

namespace lifeboat::rescue {
namespace {

/// Of a volume that fills: not more often than this.
constexpr std::chrono::seconds kEarlyCommit{10};

bool error_tells(const std::string& error, std::string_view words) {
  return error.find(words) != std::string::npos;
}

std::string hint_for_fetching(const std::string& error) {
  if (error_tells(error, "1236") || error_tells(error, "not in the")) {
    return "The relay's log has no such position. Check that it is the right relay (lifeboat log gaps), or make a new "
           "standby from a newer image or seed.";
  }
  if (error_tells(error, "ccess denied"))
    return "Check --user and --password-file: they are those of the relay's account.";
  return "It tries again by itself; see the relay with: lifeboat relay status --dir RELAY_DIR";
}

std::string hint_for_applying(const std::string& error) {
  if (error_tells(error, "out-of-order")) {
    return "Two servers write under one GTID domain. Give each a gtid_domain_id of its own (lifeboat check shows the "
           "ring), then make a new standby.";
  }
  return "It is tried again by itself. If it stays, the standby no longer equals its source: make a new one from an "
         "older image (lifeboat standby run --name OTHER --image IMAGE), which replays what came since.";
}

void judge_stopped(const ReplicaState& replica, StandbyStatus& status) {
  status.state = StandbyState::kStopped;
  status.problem = replica.apply_error.empty() ? "what has come is not being applied" : replica.apply_error;
  status.hint = hint_for_applying(replica.apply_error);
}

void judge_disconnected(const ReplicaState& replica, StandbyStatus& status) {
  status.state = StandbyState::kDisconnected;
  status.problem = replica.fetch_error.empty() ? format("not connected to the relay at {}", replica.address.text())
                                               : replica.fetch_error;
  status.hint = hint_for_fetching(replica.fetch_error);
}

std::optional<double> lag_of(const StandbyView& view, SystemTime time) {
  if (view.held) {
    return std::max(0.0, static_cast<double>(unix_ms(time) - unix_ms(view.held->event_time)) / 1000);
  }
  if (view.replica.fetching != "Yes" || !view.replica.applying || !view.relay_trouble.empty()) return std::nullopt;
  return view.replica.lag_seconds;
}

}  // namespace

void judge(const StandbyView& view, SystemTime time, StandbyStatus& status) {
  status.problem.clear();
  status.hint.clear();
  status.held = view.held;
  status.lag_seconds = lag_of(view, time);
  if (!view.replica.applying) return judge_stopped(view.replica, status);
  if (view.replica.fetching != "Yes") return judge_disconnected(view.replica, status);
  status.state = view.held ? StandbyState::kHeld : StandbyState::kFollowing;
  if (!view.relay_trouble.empty()) {
    status.problem = view.relay_trouble;
    status.hint = "See: lifeboat relay status --dir RELAY_DIR";
  }
}

void RetryClock::failed(SteadyTime time) {
  next_ = time + wait_;
  wait_ = std::min(2 * wait_, kLongest);
}

bool CommitClock::due(SteadyTime time, bool something_new, const Volume& volume) const {
  if (!something_new) return false;
  if (!begun_ || time - *begun_ >= every_) return true;
  return volume.space_max != 0 && volume.dirty_bytes > volume.space_max / 2 && time - *begun_ >= kEarlyCommit;
}

}  // namespace lifeboat::rescue
