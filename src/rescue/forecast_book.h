/// The record of forecasts and of what came: a forecast is written down before it can be right or wrong, and judged
/// when its run has ended. `<state root>/forecasts/forecasts.jsonl`; see forecast_lines.h for what a crash leaves.
///
/// Only the first forecast of a run at a stage counts, and only if it stands in the file before the outcome: what is
/// written afterwards is no forecast. One run is one independent outcome.
///
/// Threads: free functions; several processes may append. Errors: those of ForecastLines. Durability: theirs.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/file.h"
#include "base/json.h"
#include "base/units.h"
#include "rescue/forecast_draws.h"

namespace lifeboat::rescue {

/// When in a run: "before", or how far it was.
inline constexpr std::string_view kBeforeStage = "before";
std::string stage_name(int percent);  ///< "10%"

struct KeptForecast {
  std::string origin;  ///< name of the drill or rescue
  std::string stage;
  SystemTime time;
  double elapsed = 0;  ///< of the run, then
  Quantiles seconds;   ///< of the whole run, what had elapsed included, without waiting for people
  double widened = 1;
  std::string evidence;
  std::size_t drills = 0;
  // What the naive say, if they say anything:
  std::optional<double> linear_seconds;  ///< elapsed, by the share that is done
  std::optional<double> mean_seconds;    ///< of the drills
};
void keep_forecast(const Path& state_root, const KeptForecast& forecast);
/// The run is through.
void keep_outcome(const Path& state_root, const std::string& origin, SystemTime time, double seconds);

/// How forecasts of one stage came out.
struct TrackRecord {
  std::size_t scored = 0;
  std::size_t below = 0;         ///< sooner than p10
  std::size_t above = 0;         ///< later than p90
  std::size_t below_median = 0;  ///< sooner than p50
  double ratio = 0;              ///< median of p90/p10
  double loss = 0;               ///< pinball, in seconds, mean of p10, p50 and p90
  double interval_score = 0;     ///< Winkler's, of the eight tenths in the middle, in seconds
  /// The same forecasts' loss beside that of who knows no more than a rule of three, or the mean of drills; of the runs
  /// for which these say something.
  struct Beside {
    std::size_t scored = 0;
    double ours = 0;
    double theirs = 0;
  };
  Beside linear;
  Beside mean;
  std::vector<double> misses;  ///< distances from the median, in distances to p10 or p90 before they were widened

  double coverage() const;  ///< share that came out between p10 and p90; nothing scored: 0
  /// At least ten, and their intervals held less than 65 % of the time: nobody outside is told a forecast.
  bool red() const;
  /// How much wider than the drills alone tell an interval has to be so that eight tenths of the outcomes would have
  /// been in it; 1 while there are fewer than ten.
  double widening() const;
};

struct ForecastBook {
  std::map<std::string, TrackRecord, std::less<>> stages;
  std::size_t open = 0;     ///< forecasts whose run has not ended, or never will
  std::size_t damaged = 0;  ///< lines that could not be read, or tell nothing

  /// Of that stage; 1 if nothing is known of it.
  double widening(std::string_view stage) const;
};
ForecastBook read_forecast_book(const Path& state_root);
/// The same; one that cannot be read is warned of, and as good as none: nobody's way back fails for it.
ForecastBook find_forecast_book(const Path& state_root);
json::object to_json(const TrackRecord& record);

/// Mean over p10, p50 and p90 of a forecast that was followed by `seconds`.
double pinball_loss(const Quantiles& forecast, double seconds);

}  // namespace lifeboat::rescue
