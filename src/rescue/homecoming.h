/// Brings production to a plain data directory with a server of its own: home from the branch that a rescue has put it
/// on, after which branch and volume can go; or away from a server that is well, and is to be left. In this order, so
/// that nothing is lost and never two take writes:
///
///   commit     an image of what production runs on, which says where it is in its history
///   export     that image, as a plain directory
///   start      a server on it, read only
///   replicate  from production, until it has what that has
///   switch     the application is kept out, production is fenced, both stand at the same GTID; then the relay follows
///              the new server, it is opened, and the application is let in
///
/// How far it is stands in RescueRecord::finish; the same command goes on after a kill. Up to the state "opening" the
/// origin is production, and a switch that fails gives it back to the application; from there on it never is again.
/// docs/decisions/0007-the-day-after.md tells what a kill does at each step.
///
/// Ownership: borrows record, origin and means. Threads: one at a time. Errors: those of the origin,
/// vault::export_image, door.h; kRefused where something would be lost.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "rescue/door.h"
#include "rescue/finish_state.h"
#include "rescue/home_server.h"
#include "rescue/homecoming_origin.h"
#include "rescue/rescue_run.h"
#include "rescue/standby_server.h"

namespace lifeboat::rescue {

struct HomecomingOrder {
  Path directory;                              ///< absent or empty
  Door door;                                   ///< its address is where the new server listens
  std::uint16_t port = 0;                      ///< 0: a free one
  Path relay;                                  ///< directory of the relay that follows production; empty: none
  std::string by;                              ///< under which name the relay knows the step
  std::chrono::milliseconds patience{60'000};  ///< of the switch, for the last transactions
};

class Homecoming {
 public:
  Homecoming(RescueRecord& record, Origin& origin, const RescueMeans& means, const HomecomingOrder& order);

  void run();

 private:
  void check_order() const;
  bool goes_elsewhere() const;
  void begin_anew();
  void choose();
  void commit();
  void start();
  void replicate();
  void check_replicates();
  std::string what_hinders();
  bool wait_for_origin(std::chrono::milliseconds patience);
  void follow_origin();
  void switch_over();
  void go_on_opening();
  void fence();
  void fence_origin();
  bool give_back() noexcept;
  void forget_unsaved();
  void open_door();
  void open_home();
  std::string said(std::string_view key) const { return json_string(record_.finish, key); }
  void save(std::string_view state);

  RescueRecord& record_;
  Origin& origin_;
  const RescueMeans& means_;
  const HomecomingOrder& order_;
  std::unique_ptr<StandbyServer> home_;
  bool fenced_ = false;  ///< the origin, by this run
};

}  // namespace lifeboat::rescue
