/// One drill at work. Stays inside this part; see drill.h. The checks are in drill_checks.cc.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "rescue/drill.h"
#include "rescue/drill_log.h"

namespace lifeboat::rescue {

class Drill {
 public:
  explicit Drill(const DrillRequest& request);

  vault::Proof run();

 private:
  void go();
  void choose_image();
  void scrub();
  void plan();
  void recover();
  void read_image();
  void take_over_phases();
  std::pair<std::uint64_t, std::string> work_of(const std::string& phase) const;
  void judge_objective();
  void tear_down();
  vault::Proof put();

  // drill_checks.cc
  void check();
  void connect();
  void check_tables();

  /// Measures a phase of the drill's own; what `work` returns is how much there was to do.
  void phase(const std::string& name, const std::string& unit, const std::function<std::uint64_t()>& work);
  void failed(const std::string& check, Code code, std::string what, std::string hint = {});
  void failed(const Error& error);
  const Path& state_root() const { return means_.branch.mount.state_root; }

  const DrillRequest& request_;
  RescueMeans means_;
  std::unique_ptr<vault::Vault> vault_;
  vault::ImageInfo image_;  ///< once it could be read
  DrillRecord record_;
  RescueRecord rescue_;                      ///< as of a rescue of the same
  std::unique_ptr<DrillLog> log_;            ///< from kReplay on
  std::unique_ptr<RescueRun> run_;           ///< once it boots
  std::unique_ptr<server::Connection> sql_;  ///< to the branch, for checks
  std::uint64_t redo_bytes_ = 0;             ///< that the boot applies
  std::string step_ = "image";               ///< what is being done, for failures
};

}  // namespace lifeboat::rescue
