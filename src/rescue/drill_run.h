/// One drill at work. Stays inside this part; see drill.h. What is brought back is chosen in drill_plan.cc, and looked
/// at in drill_checks.cc.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "rescue/drill.h"
#include "rescue/drill_log.h"
#include "rescue/drill_schema.h"
#include "rescue/drill_source.h"
#include "rescue/forecast_keeper.h"
#include "rescue/rescue_plan.h"

namespace lifeboat::rescue {

class Drill {
 public:
  explicit Drill(const DrillRequest& request);
  /// Takes down what an error of ours has left standing.
  ~Drill();
  Drill(const Drill&) = delete;
  Drill& operator=(const Drill&) = delete;

  vault::Proof run();

 private:
  void go();
  void try_to(const std::function<void()>& work);
  bool open_vault();
  void scrub();
  void recover();
  void take_over_phases();
  std::pair<std::optional<std::uint64_t>, std::string> work_of(const std::string& phase) const;
  void judge_objective();
  void tear_down();
  vault::Proof put();

  // drill_plan.cc
  void choose_image();
  void read_image();
  void plan();
  void log_in_to_source();
  void await();
  RescuePicture make_plan(RescueLog& log);
  void tell_passed_over(const std::vector<ImageChoice>& newest_first);
  void begin_forecast(const RescuePicture& picture, RescueLog& log);

  // drill_checks.cc
  void check();
  void connect();
  void check_assertions();
  void check_schema();
  void tell_not_known(const Inventory& inventory);
  Inventory compare_schema_with_source();
  void compare_schema_with_last_drill(const Inventory& here);
  void check_tables();
  void compare_rows();
  void hydrate();
  AskRows ask();
  struct LastInventory {
    std::string id;    ///< of the drill
    std::string gtid;  ///< as of which it was
    Inventory inventory;
  };
  std::optional<LastInventory> last_inventory();
  /// The branch has what the source had there.
  void bring_to(const relay::LogPosition& at);

  /// Measures a phase of the drill's own; what `work` returns is how much there was to do.
  void phase(const std::string& name, const std::string& unit, const std::function<std::uint64_t()>& work);
  /// What no rescue would do before it is ready: its time does not count until then.
  void beside(const std::function<void()>& work);
  void failed(const std::string& check, Code code, std::string what, std::string hint = {});
  void failed(const Error& error);
  std::string where() const;
  std::string last_words() const;
  const Path& state_root() const { return means_.branch.mount.state_root; }

  const DrillRequest& request_;
  Stopwatch since_begun_;
  double seconds_beside_ = 0;
  RescueMeans means_;
  std::unique_ptr<vault::Vault> vault_;
  vault::ImageInfo image_;  ///< once it could be read
  DrillRecord record_;
  RescueRecord rescue_;                       ///< as of a rescue of the same
  std::unique_ptr<DrillLog> log_;             ///< from kReplay on
  std::unique_ptr<ForecastKeeper> forecast_;  ///< once it is planned, if it could be forecast
  std::unique_ptr<RescueRun> run_;            ///< once it boots
  std::unique_ptr<DrillSource> source_;
  std::vector<std::string> lost_objects_;    ///< that the source lost by what was left out
  std::unique_ptr<server::Connection> sql_;  ///< to the branch, for checks
  std::optional<std::uint64_t> redo_bytes_;  ///< that the boot applies
  std::string step_ = "image";               ///< what is being done, for failures; a phase of the drill's own is one
};

}  // namespace lifeboat::rescue
