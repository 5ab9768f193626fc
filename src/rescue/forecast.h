/// The forecast of a way back before it begins: how long each of its phases will take, and all of them, as quantiles
/// with their evidence. Waiting for people is no part of it.
///
/// Where a phase was never drilled its time is not known, nor is that of the whole: no number is invented.
///
/// Threads: free functions. Errors: none.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/json.h"
#include "rescue/forecast_draws.h"

namespace lifeboat::rescue {

struct PhaseForecast {
  PhaseBelief belief;
  std::optional<Quantiles> seconds;  ///< nothing: not known
};

struct Forecast {
  std::vector<PhaseForecast> phases;  ///< in the order in which they follow each other
  std::optional<Quantiles> seconds;   ///< of all of them; nothing: not known
  Basis basis = Basis::kGuess;        ///< the weakest of the phases'
  std::string why;                    ///< it is no more than that; empty: measured
  std::size_t drills = 0;             ///< of the phase that has the fewest
  double mean_seconds = 0;  ///< sum of the drills' means: the naive forecast that this one is compared with; 0: none
  double widened = 1;       ///< by what past forecasts were wrong (forecast_book.h), in `seconds` already
};

/// `times`: how much wider than the drills alone tell the whole's quantiles are to be.
Forecast forecast(std::span<const PhaseTask> tasks, std::span<const ForecastSample> samples, double times = 1);

json::object to_json(const Quantiles& quantiles);
json::object to_json(const Forecast& forecast);

/// Why the forecast is not to be told to people outside, by its evidence alone; empty: it may be, as its bounds. The
/// rest of that rule: the way is being gone, is neither stalled nor losing ground, and the record of past forecasts is
/// not bad.
std::string why_not_public(const Forecast& forecast, SystemTime at);

}  // namespace lifeboat::rescue
