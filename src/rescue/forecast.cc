#include "rescue/forecast.h"

#include <algorithm>

#include "base/error.h"

namespace lifeboat::rescue {
namespace {

constexpr std::ptrdiff_t kPublicDrills = 3;
constexpr std::chrono::days kPublicAge{90};

/// Of the phases that are believed something of, and of all of them.
void draw(Forecast& forecast) {
  ForecastDraws draws;
  std::vector<std::vector<double>> seconds(forecast.phases.size());
  std::vector<double> totals;
  for (std::size_t i = 0; i < kForecastDraws; ++i) {
    draws.next_run();
    double total = 0;
    for (std::size_t phase = 0; phase < forecast.phases.size(); ++phase) {
      if (forecast.phases[phase].belief.parts.empty()) continue;
      total += seconds[phase].emplace_back(draws.seconds(forecast.phases[phase].belief));
    }
    totals.push_back(total);
  }
  for (std::size_t phase = 0; phase < seconds.size(); ++phase) {
    if (!seconds[phase].empty()) forecast.phases[phase].seconds = quantiles_of(seconds[phase]);
  }
  if (forecast.basis != Basis::kGuess) forecast.seconds = quantiles_of(totals);
}

/// "boot: larger than any drill; take over, skip: no drill yet".
std::string reasons_of(const std::vector<PhaseForecast>& phases) {
  std::string reasons;
  std::vector<std::string> unknown;
  for (const PhaseForecast& phase : phases) {
    if (phase.belief.drills == 0) {
      unknown.push_back(phase.belief.task.phase);
    } else if (!phase.belief.why.empty()) {
      reasons += format("{}{}: {}", reasons.empty() ? "" : "; ", phase.belief.task.phase, phase.belief.why);
    }
  }
  if (unknown.size() == phases.size()) return "no drill yet";
  if (unknown.empty()) return reasons;
  return lifeboat::format("{}{}{}: no drill yet", reasons, reasons.empty() ? "" : "; ", fmt::join(unknown, ", "));
}

void weigh_bases(Forecast& forecast) {
  if (forecast.phases.empty()) return;
  forecast.basis = Basis::kMeasured;
  forecast.drills = forecast.phases.front().belief.drills;
  for (const PhaseForecast& phase : forecast.phases) {
    forecast.basis = std::max(forecast.basis, phase.belief.basis);
    forecast.drills = std::min(forecast.drills, phase.belief.drills);
    forecast.mean_seconds += phase.belief.mean_seconds;
  }
  forecast.why = reasons_of(forecast.phases);
  if (forecast.drills == 0) forecast.mean_seconds = 0;
}

json::value optional_quantiles(const std::optional<Quantiles>& quantiles) {
  return quantiles ? json::value(to_json(*quantiles)) : json::value(nullptr);
}

json::object phase_json(const PhaseForecast& phase) {
  const PhaseBelief& belief = phase.belief;
  json::object out{{"phase", belief.task.phase},
                   {"seconds", optional_quantiles(phase.seconds)},
                   {"label", basis_name(belief.basis)},
                   {"why", belief.why},
                   {"evidence", evidence_text(belief)},
                   {"work", belief.task.work ? json::value(*belief.task.work) : json::value(nullptr)},
                   {"unit", belief.task.unit},
                   {"drills", belief.drills}};
  if (belief.drills == 0) return out;
  out["drilled_work"] = json::array{belief.work_min, belief.work_max};
  out["first"] = format_time(belief.first);
  out["last"] = format_time(belief.last);
  return out;
}

}  // namespace

Forecast forecast(std::span<const PhaseTask> tasks, std::span<const ForecastSample> samples, double times) {
  Forecast made{.phases = {}, .seconds = {}, .why = {}, .widened = times};
  for (const PhaseTask& task : tasks) made.phases.push_back({.belief = believe(task, samples), .seconds = {}});
  weigh_bases(made);
  draw(made);
  if (made.seconds) made.seconds = widened(*made.seconds, times);
  return made;
}

json::object to_json(const Quantiles& quantiles) {
  return {{"p10", quantiles.p10}, {"p50", quantiles.p50}, {"p90", quantiles.p90}};
}

json::object to_json(const Forecast& forecast) {
  json::array phases;
  for (const PhaseForecast& phase : forecast.phases) phases.push_back(phase_json(phase));
  json::object out{{"seconds", optional_quantiles(forecast.seconds)},
                   {"label", basis_name(forecast.basis)},
                   {"why", forecast.why},
                   {"drills", forecast.drills},
                   {"phases", std::move(phases)}};
  out["mean_seconds"] = forecast.mean_seconds > 0 ? json::value(forecast.mean_seconds) : json::value(nullptr);
  out["widened"] = forecast.widened;
  return out;
}

std::string why_not_public(const Forecast& forecast, SystemTime at) {
  if (!forecast.seconds) return forecast.why;
  for (const PhaseForecast& phase : forecast.phases) {
    const auto fit =
        std::ranges::count_if(phase.belief.of_size, [&](SystemTime time) { return time + kPublicAge >= at; });
    if (fit >= kPublicDrills) continue;
    return format("{}: {} drills of at least half its size in the last 90 days, and not 3", phase.belief.task.phase,
                  fit);
  }
  return {};
}

}  // namespace lifeboat::rescue
