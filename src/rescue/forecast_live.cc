#include "rescue/forecast_live.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace lifeboat::rescue {
namespace {

constexpr double kHalfLifeSeconds = 600;
constexpr double kEndless = std::numeric_limits<double>::infinity();

/// Before that share of a phase, its pace alone tells nothing.
constexpr double kShareLeast = 0.05;
/// How much the pace of a whole phase would wander if nothing of this one were known, and how many stretches that
/// belief is worth. Stretches beside each other are alike, so that they tell less than as many on their own.
constexpr double kWobble = 0.1;
constexpr double kWobbleFreedom = 4;
constexpr double kAlike = 3;
constexpr double kStretchShare = 1.0 / 32;
/// That this run is unlike the drills: how probable, and by how much its pace's logarithm then differs.
constexpr double kUnlike = 0.05;
constexpr double kUnlikeScale = 0.8;

constexpr double kStallSeconds = 300;
constexpr double kStallTimes = 3;
/// So long its growth is watched before work that grows too fast is said to.
constexpr double kGrowthSeconds = 30;
/// Draws that must be possible, given how long the phase takes already.
constexpr std::size_t kDrawsLeast = kForecastDraws / 20;

double density(double distance, double variance) {
  return std::exp(-distance * distance / (2 * variance)) / std::sqrt(variance);
}

}  // namespace

std::string_view run_state_name(RunState state) {
  switch (state) {
    case RunState::kRunning:
      return "running";
    case RunState::kWaiting:
      return "waiting";
    case RunState::kStalled:
      return "stalled";
    case RunState::kNotConverging:
      return "not converging";
    case RunState::kThrough:
      break;
  }
  return "through";
}

RunForecast::RunForecast(const Forecast& before) : seconds_(before.phases.size()) {
  for (const PhaseForecast& phase : before.phases) {
    beliefs_.push_back(phase.belief);
    medians_.push_back(phase.seconds ? phase.seconds->p50 : 0);
  }
}

double RunForecast::Running::active(double at) const {
  const double waiting = waiting_since ? at - *waiting_since : 0;
  return std::max(at - begun - waited - waiting, 0.0);
}

void RunForecast::begin_phase(const std::string& phase, double at) {
  const auto found =
      std::ranges::find(beliefs_, phase, [](const PhaseBelief& each) -> const std::string& { return each.task.phase; });
  if (found == beliefs_.end()) return;
  if (running_) end_phase(at);
  running_ = Running{.phase = static_cast<std::size_t>(found - beliefs_.begin()), .begun = at};
  // One that is begun again makes those behind it be carried out again, too.
  std::fill(seconds_.begin() + (found - beliefs_.begin()), seconds_.end(), std::nullopt);
}

void RunForecast::progress(double done, double total, double at) {
  if (!running_ || !(done >= 0) || !(total > 0) || !std::isfinite(total)) return;
  Running& running = *running_;
  const double active = running.active(at);
  const double passed = std::max(active - running.told, 0.0);
  const double moved = std::max(std::min(done, total) - running.done, 0.0);
  const double grown = running.total > 0 ? std::max(total - running.total, 0.0) : 0;
  const double kept = std::exp2(-passed / kHalfLifeSeconds);
  running.recent = {.seconds = running.recent.seconds * kept + passed,
                    .done = running.recent.done * kept + moved,
                    .grown = running.recent.grown * kept + grown,
                    .startup = running.recent.startup * kept};
  running.told = active;
  running.done += moved;
  running.total = std::max(total, running.total);
  if (moved > 0) running.moved = active;
  close_stretch(active);
}

void RunForecast::close_stretch(double active) {
  Running& running = *running_;
  const double share = (running.done - running.stretch_done) / running.total;
  const double seconds = active - running.stretch_begun;
  if (share < kStretchShare || seconds <= 0) return;
  running.stretches.push_back({.pace = std::log(seconds / (running.done - running.stretch_done)), .share = share});
  running.stretch_begun = active;
  running.stretch_done = running.done;
}

void RunForecast::begin_wait(double at) {
  if (running_ && !running_->waiting_since) running_->waiting_since = at;
}

void RunForecast::end_wait(double at) {
  if (!running_ || !running_->waiting_since) return;
  running_->waited += std::max(at - *running_->waiting_since, 0.0);
  running_->waiting_since.reset();
}

void RunForecast::end_phase(double at) {
  if (!running_) return;
  seconds_[running_->phase] = running_->active(at);
  running_.reset();
}

bool RunForecast::stalled(double active) const {
  double patience = kStallSeconds;
  if (running_->total == 0) {
    // One that never tells: of which without a drill nobody knows how long it may be.
    if (belief().drills == 0) return false;
    patience = std::max(patience, kStallTimes * belief().longest_seconds);
  }
  return active - running_->moved > patience;
}

/// Of the logarithm of a whole phase's pace, as a standard deviation: by how unlike its stretches have been so far. The
/// first of them has the start-up in it.
double RunForecast::wobble() const {
  const std::vector<Stretch>& stretches = running_->stretches;
  double sum = kWobbleFreedom * kWobble * kWobble;
  double freedom = kWobbleFreedom;
  if (stretches.size() > 2) {
    const auto count = static_cast<double>(stretches.size() - 1);
    double mean = 0;
    for (std::size_t i = 1; i < stretches.size(); ++i) mean += stretches[i].pace / count;
    for (std::size_t i = 1; i < stretches.size(); ++i) {
      const double distance = stretches[i].pace - mean;
      sum += kAlike * distance * distance * stretches[i].share;
    }
    freedom += count - 1;
  }
  return std::sqrt(sum / freedom);
}

/// The pace so far, seen through the wobble of a part of the phase, joins what drills made one believe; the rest
/// wobbles on its own. Empty: nothing is known.
std::vector<RunForecast::RestPart> RunForecast::rest_parts() const {
  const Recent& recent = running_->recent;
  std::vector<RestPart> parts;
  if (recent.done <= 0 || recent.seconds <= 0) return parts;
  const double wobbled = wobble() * wobble();
  const double share = std::min(recent.done / running_->total, 1.0);
  const double seen = wobbled / share;
  const double rest = wobbled / std::max(1 - running_->share(), kStretchShare);
  if (belief().parts.empty()) {
    if (running_->share() < kShareLeast) return parts;
    return {{.weight = 1, .pace = std::log(recent.seconds / recent.done), .scale = std::sqrt(seen + rest)}};
  }
  double sum = 0;
  for (const BeliefPart& part : belief().parts) {
    const double pace = std::log(recent.seconds / (recent.done + part.offset * recent.startup));
    const double scale = normal_scale(part.scale, part.freedom);
    for (const bool unlike : {false, true}) {
      const double own =
          std::max(scale * scale - wobbled, scale * scale / 2) + (unlike ? kUnlikeScale * kUnlikeScale : 0);
      const double variance = 1 / (1 / own + 1 / seen);
      const double weight = part.weight * (unlike ? kUnlike : 1 - kUnlike) * density(pace - part.pace, own + seen);
      parts.push_back(
          {.weight = weight, .pace = variance * (part.pace / own + pace / seen), .scale = std::sqrt(variance + rest)});
      sum += weight;
    }
  }
  if (sum <= 0) return {{.weight = 1, .pace = std::log(recent.seconds / recent.done), .scale = std::sqrt(seen + rest)}};
  for (RestPart& part : parts) part.weight /= sum;
  return parts;
}

/// Of the phase that runs; nothing: a draw that is not possible, since it takes longer already.
std::optional<double> RunForecast::draw_rest(ForecastDraws& draws, const std::vector<RestPart>& parts,
                                             double active) const {
  if (parts.empty()) {
    const double seconds = draws.seconds(belief());
    return seconds > active ? std::optional(seconds - active) : std::nullopt;
  }
  const Running& running = *running_;
  const RestPart& part = draws.one_of(parts);
  const double pace = std::exp(part.pace + part.scale * draws.normal());
  const double inflow = running.recent.grown / running.recent.seconds;
  const double gained = 1 - inflow * pace;
  if (gained <= 0) return kEndless;
  return std::max((running.total - running.done) * pace / gained - (active - running.told), 0.0);
}

void RunForecast::draw_whole(LiveForecast& live, double active) const {
  ForecastDraws draws;
  std::vector<RestPart> parts;
  if (running_) parts = rest_parts();
  for (std::size_t phase = 0; phase < beliefs_.size(); ++phase) {
    const bool runs = running_ && running_->phase == phase;
    if (seconds_[phase]) {
      draws.learn(beliefs_[phase], *seconds_[phase]);
    } else if (beliefs_[phase].parts.empty() && !(runs && !parts.empty())) {
      live.why_not = format("{}: no drill yet", beliefs_[phase].task.phase);
      return;
    }
  }
  std::vector<double> wholes;
  std::size_t endless = 0;
  for (std::size_t i = 0; i < kForecastDraws; ++i) {
    draws.next_run();
    double whole = live.elapsed;
    bool possible = true;
    for (std::size_t phase = 0; phase < beliefs_.size() && possible; ++phase) {
      const bool runs = running_ && running_->phase == phase;
      if (seconds_[phase]) continue;
      const std::optional<double> rest = runs ? draw_rest(draws, parts, active) : draws.seconds(beliefs_[phase]);
      possible = rest.has_value();
      whole += rest.value_or(0);
    }
    if (!possible) continue;
    endless += std::isinf(whole) ? 1 : 0;
    wholes.push_back(whole);
  }
  if (wholes.size() < kDrawsLeast) {
    live.why_not = format("{} takes longer than drills make one believe", live.phase);
  } else if (endless * 11 >= wholes.size()) {
    live.why_not = "what is to be done grows about as fast as it is done";
    if (running_->recent.seconds >= kGrowthSeconds) live.state = RunState::kNotConverging;
  } else {
    live.seconds = quantiles_of(wholes);
  }
}

std::optional<double> RunForecast::share(double at) const {
  const double active = running_ ? running_->active(at) : 0;
  double done = 0;
  double all = 0;
  for (std::size_t phase = 0; phase < medians_.size(); ++phase) {
    if (medians_[phase] <= 0) return std::nullopt;
    all += medians_[phase];
    if (seconds_[phase]) done += medians_[phase];
    if (!running_ || running_->phase != phase) continue;
    done += running_->total > 0 ? running_->share() * medians_[phase] : std::min(active, medians_[phase]);
  }
  return all > 0 ? std::optional(done / all) : std::nullopt;
}

std::optional<double> RunForecast::linear(double elapsed, double active) const {
  double whole = elapsed;
  for (std::size_t phase = 0; phase < beliefs_.size(); ++phase) {
    if (seconds_[phase]) continue;
    if (running_ && running_->phase == phase && running_->done > 0) {
      whole += active / running_->share() - active;
    } else if (beliefs_[phase].drills > 0) {
      whole += std::max(beliefs_[phase].mean_seconds - (running_ && running_->phase == phase ? active : 0), 0.0);
    } else {
      return std::nullopt;
    }
  }
  return whole;
}

LiveForecast RunForecast::now(double at) const {
  LiveForecast live;
  const double active = running_ ? running_->active(at) : 0;
  live.elapsed = active;
  for (const std::optional<double>& each : seconds_) live.elapsed += each.value_or(0);
  if (running_) live.phase = belief().task.phase;
  live.share = share(at);
  live.linear_seconds = linear(live.elapsed, active);
  if (!running_ && std::ranges::all_of(seconds_, [](const auto& each) { return each.has_value(); })) {
    live.state = RunState::kThrough;
    live.seconds = Quantiles{.p10 = live.elapsed, .p50 = live.elapsed, .p90 = live.elapsed};
    return live;
  }
  if (running_ && running_->waiting_since) {
    live.state = RunState::kWaiting;
  } else if (running_ && stalled(active)) {
    live.state = RunState::kStalled;
    live.why_not = format("{} has not moved for {}", live.phase,
                          format_duration(std::chrono::seconds(std::llround(active - running_->moved))));
    return live;
  }
  draw_whole(live, active);
  return live;
}

}  // namespace lifeboat::rescue
