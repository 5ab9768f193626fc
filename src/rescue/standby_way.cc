#include "rescue/standby_way.h"

#include <algorithm>

#include "base/error.h"
#include "base/printable.h"
#include "rescue/guard_verdicts.h"
#include "rescue/history_identity.h"
#include "rescue/standby_server.h"
#include "rescue/standby_status.h"
#include "server/branch_record.h"

namespace lifeboat::rescue {
namespace {

constexpr std::chrono::seconds kAskPatience{5};

/// Why it will not do, by what its server says; empty: it will.
std::string reason_of_server(const server::BranchRecord& branch, const std::vector<server::Login>& logins,
                             binlog::GtidPosition& position) {
  if (branch.state != server::BranchState::kRunning) {
    return format("its server does not run ({}); `lifeboat standby run` starts it", branch_state_name(branch.state));
  }
  StandbyServer server(branch.socket, logins, kAskPatience);
  position = server.done();
  if (!server.is_replica()) return "it runs as an ordinary branch, to which anybody may have written";
  if (const auto gtid = server.own_write()) {
    return format("somebody wrote to it: {} is not of its source", format_gtid(*gtid));
  }
  const ReplicaState state = server.state();
  if (!state.applying && !state.apply_error.empty()) return format("it has stopped: {}", printable(state.apply_error));
  return {};
}

class StandbyJudge {
 public:
  StandbyJudge(RescueLog& log, const FoundStandby& standby, const StandbyQuestion& question)
      : log_(log), standby_(standby), question_(question) {
    way_.standby = standby.name;
    way_.position = standby.position;
    way_.until = question.until;
    way_.left_out = question.left_out;
  }

  StandbyWay judge() {
    try {
      way_.why_not = reason_against();
      if (way_.why_not.empty() && !way_.begun) way_.bytes = log_.bytes_after(way_.position);
    } catch (const Exception& e) {
      if (e.code() == Code::kCancelled) throw;
      way_.why_not = e.error().text();
    }
    return std::move(way_);
  }

 private:
  std::string reason_against() {
    way_.begun = !standby_.rescue.empty() && standby_.rescue == question_.rescue;
    if (way_.begun) return {};
    if (!standby_.why_not.empty()) return standby_.why_not;
    if (!standby_.rescue.empty()) return format("rescue {} has taken it", standby_.rescue);
    std::string foreign = HistoryIdentity(log_).another_source(standby_.source);
    if (!foreign.empty()) return foreign;
    if (way_.position.empty()) return "it does not say how far it is";
    if (!log_.knows(way_.position)) return format("this log knows nothing of {}", way_.position.format());
    if (!way_.position.reached(log_.begin())) {
      return format("the log on this disk begins later, after {}", log_.begin().format());
    }
    for (const binlog::Gtid& gtid : way_.position.gtids()) {
      if (log_.end().find(gtid.domain) && !log_.has(way_.until, gtid)) {
        return format("it has applied {}, which is later", format_gtid(gtid));
      }
    }
    end_before_gap();
    return ask_guard();
  }

  void end_before_gap() {
    const auto gap = log_.gap_behind(way_.position, way_.until);
    if (!gap) return;
    way_.until = gap->kept_to;
    way_.loss = gap->loss;
    std::erase_if(way_.left_out, [&](const binlog::Gtid& gtid) { return !log_.has(way_.until, gtid); });
  }

  /// What the guard skipped for it is left out, too; what nobody has decided on is not applied to the only copy that is
  /// up to date.
  std::string ask_guard() {
    const auto verdicts = guard_verdicts(log_, {.relay_directory = question_.relay_directory,
                                                .server_id = standby_.server_id,
                                                .position = way_.position,
                                                .until = way_.until});
    for (const auto& [gtid, verdict] : verdicts) {
      const bool skipped = verdict.state == relay::HoldState::kSkipped;
      const bool passed = log_.has(way_.position, gtid);
      const bool left_out = std::ranges::find(way_.left_out, gtid) != way_.left_out.end();
      if (skipped && passed) way_.holes.push_back(gtid);
      if (passed || left_out || !log_.has(way_.until, gtid)) continue;
      if (skipped) way_.left_out.push_back(gtid);
      if (verdict.state != relay::HoldState::kHeld) continue;
      return format("nobody has decided on {} ({}), which comes behind it: leave it out, too, with --skip",
                    format_gtid(gtid), verdict.what);
    }
    for (const binlog::Gtid& gtid : way_.left_out) {
      const bool skipped = std::ranges::find(way_.holes, gtid) != way_.holes.end();
      if (log_.has(way_.position, gtid) && !skipped) return format("it has applied {}", format_gtid(gtid));
    }
    return {};
  }

  RescueLog& log_;
  const FoundStandby& standby_;
  const StandbyQuestion& question_;
  StandbyWay way_;
};

}  // namespace

std::vector<FoundStandby> find_standbys(const Path& state_root, const std::vector<server::Login>& logins) {
  std::vector<FoundStandby> all;
  for (const server::BranchRecord& branch : server::find_branches(state_root)) {
    const auto origin = find_standby_origin(branch.directory);
    if (!origin) continue;
    FoundStandby found{.name = branch.name, .server_id = branch.server_id, .source = origin->source};
    try {
      if (const auto taken = find_standby_taken(branch.directory)) found.rescue = taken->rescue;
      if (found.rescue.empty()) found.why_not = reason_of_server(branch, logins, found.position);
    } catch (const Exception& e) {
      found.why_not = e.error().text();
    }
    all.push_back(std::move(found));
  }
  return all;
}

StandbyWay judge_standby(RescueLog& log, const FoundStandby& standby, const StandbyQuestion& question) {
  return StandbyJudge(log, standby, question).judge();
}

}  // namespace lifeboat::rescue
