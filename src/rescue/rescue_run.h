/// Brings a planned rescue about: the image boots as a branch, or a standby is taken from who runs it; the log is
/// replayed into it without what is left out, and what came out is looked at. Nothing of it touches what production
/// runs on. Each step is noted down before and after, so that a run that was killed is gone on with by the next; a
/// standby that will not do gives way to an image, an image to the next one.
///
/// Ownership: borrows record and means. Threads: one at a time. Errors: those of branches and of relay::replay_log;
/// kRefused naming the transaction if one fails because another was left out. The branch stays as it is then.
#pragma once

#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>

#include "base/progress.h"
#include "rescue/rescue_log.h"
#include "rescue/rescue_record.h"
#include "server/branch.h"

namespace lifeboat::rescue {

class ForecastKeeper;

struct RescueMeans {
  server::BranchRequest branch;  ///< how branches are started; name and image are filled in
  std::string vault_url;
  bool leave_out_conflicts = false;  ///< later transactions that fail are left out, too, and reported
  std::string by;                    ///< who they are to the operating system, for the guard's record
  ProgressStyle progress = ProgressStyle::kNone;
  ForecastKeeper* forecast = nullptr;  ///< that is told how far it is; borrowed
};

class RescueRun {
 public:
  RescueRun(RescueRecord& record, const RescueMeans& means) : record_(record), means_(means) {}

  /// Until the branch, or standby, stands at the plan's position and was looked at.
  void run();

  // The parts of it, for a cut-over:
  /// The branch runs and answers, started again if need be.
  void ensure_running();
  /// It has everything up to `until`, but what is left out.
  void replay(const std::string& until);
  server::Connection& connection() { return *connection_; }
  const server::BranchRecord& branch() const { return branch_; }

 private:
  /// As run_phase, and the forecast is told.
  void phase(const std::string& name, const std::function<void()>& work);
  void try_image();
  void promote_standby();
  void take_over();
  void check_taken(const binlog::GtidPosition& at);
  void fill_last_holes();
  std::string last_left_out();
  void check();
  void start_branch();
  void start_standby();
  void restart_as_replica();
  void connect();
  binlog::GtidPosition position();
  void find_start();
  void check_start(const binlog::GtidPosition& at, SystemTime taken);
  void check_history(RescueLog& log, const binlog::GtidPosition& at, SystemTime taken) const;
  void place_at_start();
  void replay_once(const std::string& until);
  binlog::GtidPosition standing();
  binlog::GtidPosition applied();
  binlog::GtidPosition logged();
  bool logs_what_it_applies();
  void fill_hole(const binlog::Gtid& gtid);
  std::set<binlog::Gtid> left_out_from(const binlog::GtidPosition& position);
  void fail_if_log_is_damaged();
  void leave_out_conflict(const Error& error);
  bool has_another() const;
  bool may_pass_over(const Error& error) const;
  void pass_over_image(const std::string& why);
  void pass_over_standby(const std::string& why);

  RescueRecord& record_;
  const RescueMeans& means_;
  std::optional<FileLock> standby_lock_;  ///< no `standby run` begins
  server::BranchRecord branch_;
  std::unique_ptr<server::Connection> connection_;
};

/// Where a server stands in the log that says what it has applied as a replica and what it has logged itself: of each
/// domain what the log knows, since a replica of another history keeps its place there for ever. kConflict if it knows
/// both, and the applied is later: a server logs what it applies, or the log does not know what it logged.
binlog::GtidPosition position_in_log(RescueLog& log, const binlog::GtidPosition& applied,
                                     const binlog::GtidPosition& logged);

std::vector<binlog::Gtid> in_order_of_log(RescueLog& log, const std::set<binlog::Gtid>& gtids);

/// The GTID of the first transaction behind `position`, of those not in `left_out`: where a replay has stopped.
std::optional<binlog::Gtid> next_transaction(RescueLog& log, const binlog::GtidPosition& position,
                                             const std::set<binlog::Gtid>& left_out);

/// Whether a server's words say that a transaction met data other than its source had: what comes of leaving another
/// out.
bool tells_conflict(std::string_view said);
/// Or that its files are not whole: another image may do.
bool tells_damage(std::string_view said);
/// Or that it has no room left, in the words of the operating system, the server, or a storage engine.
bool tells_full_disk(std::string_view said);

}  // namespace lifeboat::rescue
