/// The forecast of a run while it goes on: what drills made one believe, and how fast it goes now.
///
/// Of the phase that runs, its pace so far (recent work counts more: half-life ten minutes) is one more observation,
/// worth the more, the more of the work it covers and the steadier it was; that the run is unlike all drills is always
/// thought possible, so that it is believed when it is. Phases to come are drawn as before the start, and phases that
/// are through tell how much slower this run's surroundings are. Work that grows meanwhile (a log that is still
/// written) counts: who applies no faster than it grows is not converging.
///
/// Clocks are the caller's: `at` is any that never goes back, in seconds. Waiting for people is left out of elapsed and
/// of remaining time.
///
/// Threads: one at a time. Errors: none; calls that make no sense (a phase that is not in the run) are ignored.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "rescue/forecast.h"

namespace lifeboat::rescue {

enum class RunState {
  kRunning,
  kWaiting,        ///< for people
  kStalled,        ///< no progress for longer than can be: no forecast
  kNotConverging,  ///< what is to be done grows as fast as it is done: no forecast
  kThrough,
};
std::string_view run_state_name(RunState state);  ///< "running", "waiting", "stalled", "not converging", "through"

struct LiveForecast {
  RunState state = RunState::kRunning;
  std::string phase;                 ///< that runs; empty: none
  double elapsed = 0;                ///< of all phases so far
  std::optional<double> share;       ///< of the run that is done, by the phases' medians; nothing: not known
  std::optional<Quantiles> seconds;  ///< of the whole run, what has elapsed included; nothing: not known
  std::string why_not;               ///< it is not known; empty: it is
  /// What a rule of three says of the whole: this phase by the share that is done, those to come by the drills' means.
  std::optional<double> linear_seconds;
};

class RunForecast {
 public:
  /// Of what was forecast before it began.
  explicit RunForecast(const Forecast& before);

  void begin_phase(const std::string& phase, double at);
  /// `done` of `total`, in the phase's unit. Neither may shrink; those that do are taken as no progress.
  void progress(double done, double total, double at);
  void begin_wait(double at);
  void end_wait(double at);
  /// Through, or left out.
  void end_phase(double at);

  LiveForecast now(double at) const;
  /// LiveForecast::share alone, which costs nothing.
  std::optional<double> share(double at) const;

 private:
  /// Sums that forget: what was added ten minutes ago counts half.
  struct Recent {
    double seconds = 0;
    double done = 0;
    double grown = 0;
    double startup = 1;  ///< share of the start-up that is not forgotten
  };
  /// A part of the work of about a thirtieth.
  struct Stretch {
    double pace = 0;   ///< logarithm
    double share = 0;  ///< of the work
  };
  /// In active time: seconds since the phase began, without those of waiting.
  struct Running {
    std::size_t phase = 0;
    double begun = 0;  ///< by the caller's clock
    double waited = 0;
    std::optional<double> waiting_since;  ///< by the caller's clock
    double told = 0;                      ///< when progress was last told
    double moved = 0;                     ///< when it last was one
    double done = 0;
    double total = 0;  ///< 0: it does not tell
    Recent recent;
    std::vector<Stretch> stretches;
    double stretch_begun = 0;
    double stretch_done = 0;

    double active(double at) const;
    double share() const { return total > 0 ? done / total : 0; }
  };
  /// What is believed of the pace of the rest: normal, of its logarithm.
  struct RestPart {
    double weight = 0;
    double pace = 0;
    double scale = 0;
  };

  const PhaseBelief& belief() const { return beliefs_[running_->phase]; }
  void close_stretch(double active);
  bool stalled(double active) const;
  double wobble() const;
  std::vector<RestPart> rest_parts() const;
  std::optional<double> draw_rest(ForecastDraws& draws, const std::vector<RestPart>& parts, double active) const;
  void draw_whole(LiveForecast& live, double active) const;
  std::optional<double> linear(double elapsed, double active) const;

  std::vector<PhaseBelief> beliefs_;
  std::vector<double> medians_;                 ///< of each phase, before the start; 0: not known
  std::vector<std::optional<double>> seconds_;  ///< of each phase that is through
  std::optional<Running> running_;
};

}  // namespace lifeboat::rescue
