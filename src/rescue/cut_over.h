/// Puts a rescued branch in the place of the damaged servers, and takes that back. In this order, so that two sides
/// never both take writes and nothing acknowledged is left behind: fence the damaged, take them out of HAProxy, bring
/// the branch to the end of the log, have the relay follow it, put it in. Every step may be repeated: a cut-over that
/// was killed is gone on with by the same command, or undone. How far it is stands in RescueRecord::cut_over.
///
/// Ownership: borrows record and run. Threads: one at a time. Errors: those of fence.h, haproxy.h and RescueRun;
/// kRefused where it would lose something or let both sides write.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <vector>

#include "binlog/gtid.h"
#include "relay/source_connection.h"
#include "rescue/door.h"
#include "rescue/rescue_run.h"

namespace lifeboat::rescue {

struct CutOverOrder {
  std::vector<relay::SourceLogin> fence;  ///< the damaged servers
  bool fenced = false;                    ///< those not named are seen to by hand
  Door door;
  std::vector<std::string> skip;    ///< dangers since the rescue to be left out as well
  std::vector<std::string> accept;  ///< or to be taken over
  bool leave_rest = false;          ///< what the log has not got of the damaged servers is given up
  bool lose_writes = false;         ///< undo: although the branch has taken writes
  std::chrono::milliseconds patience{60'000};
};

/// Kept in the record; text in JSON is English for people, states are these.
enum class CutOverState { kNone, kBegun, kSwitched, kUndone };
CutOverState cut_over_state(const RescueRecord& record);

/// Whether what was put in place has given that to another since, by a later rescue.
bool replaced_by_another(const RescueRecord& record);
/// kRefused then.
void check_not_replaced(const RescueRecord& record);
/// Under which address the branch was put in place.
std::string cut_over_address(const RescueRecord& record);

struct LostTransaction {
  std::string gtid;
  std::string what;  ///< its statement, or the table
};

struct UndoResult {
  bool undone = false;
  bool known = true;                  ///< false: whether the branch has taken writes cannot be told
  std::vector<LostTransaction> lost;  ///< what it has taken, and going back gives up
  bool whole = true;                  ///< false: it has taken more than these
};

class CutOver {
 public:
  CutOver(RescueRecord& record, RescueRun& run, const CutOverOrder& order);

  void run();
  UndoResult undo();
  std::uint16_t port() const { return run_.branch().port; }

 private:
  void check_order() const;
  void leave_out();
  void check_new_dangers() const;
  void remember_haproxy();
  void fence();
  void catch_up();
  binlog::GtidPosition wait_for_log() const;
  void check_log_goes_on() const;
  std::vector<std::string> missing_in_log(const std::vector<binlog::GtidPosition>& positions) const;
  bool was_written_to();
  void stay();
  void begin_log();
  void hand_over();
  void put_in();
  void note_place();
  void check_logins() const;
  bool stop_branch(UndoResult& result);
  void put_back();
  json::object fenced_servers() const;
  void call_hook(const std::vector<std::string>& words) const;
  void save(const std::string& state);
  bool has_moved();
  void list_writes(UndoResult& result);

  RescueRecord& record_;
  RescueRun& run_;
  const CutOverOrder& order_;
};

}  // namespace lifeboat::rescue
