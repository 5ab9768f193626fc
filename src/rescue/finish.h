/// Brings production home from the branch that a rescue has put it on: to a plain data directory with a server of its
/// own, after which the branch and its volume can go. In this order, so that nothing is lost and never two take writes:
///
///   commit     an image of the branch, which says where it is in the branch's history
///   export     that image, as a plain directory
///   start      a server on it, read only
///   replicate  from the branch, until it has what that has
///   switch     the application is kept out, the branch is fenced, both stand at the same GTID; then the relay follows
///              the new server, it is opened, and the application is let in
///
/// How far it is stands in RescueRecord::finish; the same command goes on after a kill. Up to the state "opening" the
/// branch is production, and a switch that fails gives it back to the application; from there on it never is again.
/// docs/decisions/0007-the-day-after.md tells what a kill does at each step.
///
/// Ownership: borrows record and run. Threads: one at a time. Errors: those of RescueRun, vault::export_image, door.h;
/// kRefused where something would be lost.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "rescue/door.h"
#include "rescue/rescue_run.h"
#include "rescue/standby_server.h"

namespace lifeboat::rescue {

struct FinishOrder {
  Path directory;                              ///< absent or empty
  Door door;                                   ///< its address is where the new server listens
  std::uint16_t port = 0;                      ///< 0: a free one
  std::chrono::milliseconds patience{60'000};  ///< of the switch, for the last transactions
};

enum class FinishState { kNone, kBegun, kOpening, kHome };
FinishState finish_state(const RescueRecord& record);

/// kRefused once the branch is no longer what production runs on.
void check_not_home(const RescueRecord& record);

/// The server at home, as the record knows it.
struct HomeServer {
  Path directory;
  Path socket;
  std::string address;
  std::uint16_t port = 0;
  ProcessIdentity process;

  Path option_file() const { return directory / "lifeboat.cnf"; }
};
HomeServer home_server(const RescueRecord& record);

class Finish {
 public:
  Finish(RescueRecord& record, RescueRun& run, const RescueMeans& means, const FinishOrder& order);

  void run();

 private:
  void check_order() const;
  void choose();
  void commit();
  void export_files();
  void start();
  void launch(bool open);
  void place();
  void replicate();
  void follow_branch();
  void check_replicates();
  bool wait_for_branch(std::chrono::milliseconds patience);
  void switch_over();
  void fence_branch();
  void give_back() noexcept;
  void open_home();
  std::string said(std::string_view key) const { return json_string(record_.finish, key); }
  void save(std::string_view state);

  RescueRecord& record_;
  RescueRun& run_;
  const RescueMeans& means_;
  const FinishOrder& order_;
  std::unique_ptr<StandbyServer> home_;
};

}  // namespace lifeboat::rescue
