// The part of RescueRun that promotes a standby: it is taken from who runs it, with all appliers stopped; what lies
// before each transaction that is left out is applied first, then what lies behind the last. It stays read_only until
// the cut-over puts it in place: what is written to it before that would be in the way of what is still to come.

#include <algorithm>

#include "base/error.h"
#include "base/log.h"
#include "rescue/cut_over.h"
#include "rescue/rescue_run.h"
#include "rescue/standby_status.h"
#include "rescue/standby_takeover.h"

namespace lifeboat::rescue {
namespace {

constexpr std::chrono::seconds kStopStandbyPatience{60};

}  // namespace

void RescueRun::promote_standby() {
  phase("take over", [this] { take_over(); });
  if (!record_.skip.empty()) phase("skip", [this] { replay(last_left_out()); });
  phase("catch up", [this] { replay(record_.until); });
  check();
}

void RescueRun::take_over() {
  const server::BranchRecord standby = server::open_branch(means_.branch.mount.state_root, record_.standby);
  standby_lock_.reset();
  standby_lock_.emplace(take_standby(standby, record_.name));
  ensure_running();
  connection_->query("STOP SLAVE");
  check_taken(standing());
  connection_->query("RESET SLAVE ALL");
  fill_last_holes();
  skip_at_guard(record_, branch_.server_id, means_.by);
}

/// It may have gone on since the plan was made, or be another by now. Then it is a standby again.
void RescueRun::check_taken(const binlog::GtidPosition& at) {
  RescueLog log(record_.log);
  const auto not_this_one = [&](const std::string& why) {
    remove_standby_taken(branch_.directory);
    fail(Code::kConflict, format("standby {} {}", record_.standby, why),
         "From an image: lifeboat rescue --way image. `lifeboat standby run` goes on with the standby.");
  };
  for (const binlog::Gtid& gtid : logged().gtids()) {
    if (gtid.server == branch_.server_id) not_this_one(format("was written to: {}", format_gtid(gtid)));
  }
  for (const binlog::Gtid& gtid : binlog::GtidPosition::parse(record_.start).gtids()) {
    if (!log.has(at, gtid)) not_this_one(format("stands at {}, before {}", at.format(), record_.start));
  }
  const bool had_begun = std::ranges::find(record_.phases, "skip", &RescuePhase::name) != record_.phases.end();
  for (const std::string& gtid : record_.skip) {
    const bool passed = had_begun || std::ranges::find(record_.holes, gtid) != record_.holes.end();
    if (!passed && log.has(at, binlog::parse_gtid(gtid))) not_this_one(format("has applied {} meanwhile", gtid));
  }
}

/// What the standby skipped last, and has logged nothing after, can still have something in its place.
void RescueRun::fill_last_holes() {
  if (record_.holes.empty()) return;
  RescueLog log(record_.log);
  const binlog::GtidPosition last = logged();
  std::set<binlog::Gtid> open;
  std::vector<std::string> left;
  for (const std::string& text : record_.holes) {
    const binlog::Gtid gtid = binlog::parse_gtid(text);
    const bool filled = last.find(gtid.domain) == gtid;  // by a run that was killed
    if (!filled && log.has(last, gtid)) {
      left.push_back(text);
    } else if (!filled) {
      open.insert(gtid);
    }
  }
  for (const binlog::Gtid& gtid : in_order_of_log(log, open)) fill_hole(gtid);
  record_.holes = std::move(left);
  save_rescue(record_);
}

/// Its place in the log, with all before it.
std::string RescueRun::last_left_out() {
  RescueLog log(record_.log);
  std::set<binlog::Gtid> gtids;
  for (const std::string& gtid : record_.skip) gtids.insert(binlog::parse_gtid(gtid));
  return log.moment(format_gtid(in_order_of_log(log, gtids).back())).format();
}

/// Once it is in place it is no replica any more, but a server as any other.
void RescueRun::start_standby() {
  server::BranchRequest request = means_.branch;
  request.name = record_.standby;
  if (cut_over_state(record_) != CutOverState::kSwitched) request.replica.emplace();
  branch_ = server::start_branch(request).record;
}

/// Somebody may have started it as a branch: then it logs nothing of what it applies, and lets anybody write.
void RescueRun::restart_as_replica() {
  if (cut_over_state(record_) == CutOverState::kSwitched || logs_what_it_applies()) return;
  log::warn("standby {} was started as an ordinary branch; it is started again as a replica", record_.standby);
  connection_.reset();
  server::stop_branch(branch_, kStopStandbyPatience);
  start_standby();
  connect();
}

/// It stays as it is, and no standby: it may have come a part of the way.
void RescueRun::pass_over_standby(const std::string& why) {
  log::warn("standby {} will not do: {}", record_.standby, why);
  connection_.reset();
  standby_lock_.reset();
  RescueRecord next = rescue_from_json(record_.instead);
  next.directory = record_.directory;
  next.passed_over.push_back({.subject = format("standby {}", record_.standby), .said = why});
  record_ = std::move(next);
  save_rescue(record_);
}

}  // namespace lifeboat::rescue
