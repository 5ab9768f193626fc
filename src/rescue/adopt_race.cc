#include "rescue/adopt_race.h"

#include <sys/wait.h>

#include <csignal>
#include <optional>

#include "base/cancel.h"
#include "base/log.h"
#include "base/process.h"
#include "rescue/adopt_mark.h"
#include "server/branch.h"

namespace lifeboat::rescue {

namespace {

constexpr std::chrono::milliseconds kLookAtRacers{100};
constexpr std::chrono::minutes kGivingUp{2};
constexpr std::size_t kRacerOutputMax = std::size_t{4} << 20U;

class Race {
 public:
  Race(const std::vector<Racer>& racers, Path state_root) : state_root_(std::move(state_root)) {
    for (const Racer& racer : racers) {
      const Path out = scratch_.path() / std::to_string(runners_.size());
      // A session of its own: a terminal's Ctrl-C is for us, who pass it on, and a racer that gets two gives up at
      // once.
      ChildProcess process({.argv = racer.argv, .stdout_file = out, .new_session = true, .stop_with_parent = true});
      runners_.push_back({.racer = racer, .out = out, .process = std::move(process)});
    }
  }
  Race(const Race&) = delete;
  Race& operator=(const Race&) = delete;
  ~Race() {
    try {
      stop_all();
    } catch (...) {
      log::warn("after a race of adoptions: {}", current_error().text());
    }
  }

  RaceResult run() {
    while (!result_) {
      throw_if_cancelled();
      bool any = false;
      for (Runner& runner : runners_) {
        if (runner.ended) continue;
        any = true;
        look_at(runner);
        if (result_) break;
      }
      if (!any && !result_) throw Exception(last_error_);
    }
    stop_all();
    for (const Runner& runner : runners_) {
      if (!runner.won) result_->losers.push_back({.backup = runner.racer.backup, .said = runner.said});
    }
    return *std::move(result_);
  }

 private:
  struct Runner {
    Racer racer;
    Path out;
    ChildProcess process;
    bool ended = false;
    bool won = false;
    bool came_second = false;  ///< it ended well before it could be stopped
    std::string said;
  };

  static bool ended_well(int status) { return WIFEXITED(status) && WEXITSTATUS(status) == 0; }

  void look_at(Runner& runner) {
    const std::optional<int> status = runner.process.wait_for(kLookAtRacers);
    if (!status) return;
    runner.ended = true;
    json::object printed;
    try {
      printed = parse_json(as_text(read_file(runner.out, kRacerOutputMax)), runner.racer.backup).as_object();
    } catch (const std::exception&) {
      printed = {};  // it was killed before it came to print
    }
    if (ended_well(*status)) {
      runner.won = true;
      result_ = RaceResult{.backup = runner.racer.backup, .result = std::move(printed), .losers = {}};
      return;
    }
    last_error_ = error_from_json(printed).value_or(
        Error{Code::kUnavailable, format("the adoption of {} was killed", runner.racer.backup), {}, {}, {}});
    runner.said = last_error_.text();
    log::warn("{}: {}", runner.racer.backup, runner.said);
  }

  /// Each is told once: whoever is told twice ends without clearing up. What a loser left to be gone on with goes only
  /// if there is a winner.
  void stop_all() {
    for (Runner& runner : runners_) {
      if (!runner.ended) runner.process.signal(SIGTERM);
    }
    for (Runner& runner : runners_) {
      if (!runner.ended) end(runner);
      if (result_ && !runner.won) remove_branch_of(runner);
    }
  }

  static void end(Runner& runner) {
    auto status = runner.process.wait_for(kGivingUp);
    if (!status) status = runner.process.stop(std::chrono::milliseconds(0));
    runner.ended = true;
    runner.came_second = ended_well(*status);
  }

  /// One that came second may have kept its branch. All others of that name are not ours.
  void remove_branch_of(const Runner& runner) const {
    const auto found = server::find_branch(state_root_, runner.racer.branch);
    if (!found || !(runner.came_second || find_adoption_mark(*found))) return;
    server::discard_branch(*found);
  }

  Path state_root_;
  TempDir scratch_{"lifeboat-race"};
  std::vector<Runner> runners_;
  std::optional<RaceResult> result_;
  Error last_error_;
};

}  // namespace

RaceResult race_adoptions(const std::vector<Racer>& racers, const Path& state_root) {
  return Race(racers, state_root).run();
}

}  // namespace lifeboat::rescue
