#include "rescue/forecast_keeper.h"

#include <algorithm>
#include <array>

#include "base/error.h"
#include "base/log.h"

namespace lifeboat::rescue {
namespace {

constexpr std::array kStages{10, 25, 50, 75};
constexpr std::chrono::milliseconds kLookEvery{100};

}  // namespace

ForecastKeeper::ForecastKeeper(Run run) : run_(std::move(run)), live_(run_.before) {
  // A forecast that says nothing is none.
  if (run_.before.seconds)
    keep({.stage = std::string(kBeforeStage), .seconds = *run_.before.seconds, .widened = run_.before.widened});
}

void ForecastKeeper::begin(const std::string& phase) {
  const std::lock_guard lock(mutex_);
  begin_at(run_.clock(), phase);
  keep_stages();
}

void ForecastKeeper::begin_after(double seconds, const std::string& next) {
  const std::lock_guard lock(mutex_);
  begin_at(begun_ + seconds, next);
}

void ForecastKeeper::begin_at(double at, const std::string& phase) {
  begun_ = at;
  part_done_ = 0;
  const auto found = std::ranges::find(run_.before.phases, phase, [](const PhaseForecast& each) -> const std::string& {
    return each.belief.task.phase;
  });
  work_ = found == run_.before.phases.end() ? 0 : found->belief.task.work.value_or(0);
  live_.begin_phase(phase, at);
}

void ForecastKeeper::end() {
  const std::lock_guard lock(mutex_);
  live_.end_phase(run_.clock());
  keep_stages();
}

void ForecastKeeper::watch(const Progress* progress) {
  look();
  const std::lock_guard lock(mutex_);
  if (progress_ != nullptr) part_done_ += static_cast<double>(progress_->done());
  progress_ = progress;
  if (progress == nullptr || thread_.joinable()) return;
  thread_ = std::jthread([this](const std::stop_token& stop) {
    while (!stop.stop_requested()) {
      look();
      std::unique_lock waiting(mutex_);
      stopped_.wait_for(waiting, stop, kLookEvery, [] { return false; });
    }
  });
}

void ForecastKeeper::look() {
  const std::lock_guard lock(mutex_);
  if (progress_ == nullptr) return;
  const double done = part_done_ + static_cast<double>(progress_->done());
  // The part that is watched may not be the last.
  const double total = work_ > 0 ? work_ : part_done_ + static_cast<double>(progress_->total());
  live_.progress(done, total, run_.clock());
  keep_stages();
}

/// The stages that it has come to since. Of several at once, one forecast.
void ForecastKeeper::keep_stages() {
  if (!run_.before.seconds) return;
  const double at = run_.clock();
  const double share = live_.share(at).value_or(0) * 100;
  std::optional<LiveForecast> live;
  for (; stages_kept_ < kStages.size() && share >= kStages.at(stages_kept_); ++stages_kept_) {
    if (!live) live = live_.now(at);
    if (!live->seconds || live->state == RunState::kThrough) continue;
    const std::string stage = stage_name(kStages.at(stages_kept_));
    const double times = run_.book.widening(stage);
    keep({.stage = stage,
          .elapsed = live->elapsed,
          .seconds = widened(*live->seconds, times, live->elapsed),
          .widened = times,
          .linear_seconds = live->linear_seconds});
  }
}

void ForecastKeeper::keep(KeptForecast forecast) {
  forecast.origin = run_.origin;
  forecast.time = now();
  forecast.evidence = basis_name(run_.before.basis);
  forecast.drills = run_.before.drills;
  if (run_.before.mean_seconds > 0) forecast.mean_seconds = run_.before.mean_seconds;
  attempt([&] { keep_forecast(run_.state_root, forecast); });
}

void ForecastKeeper::finish() {
  const std::lock_guard lock(mutex_);
  const LiveForecast live = live_.now(run_.clock());
  if (!run_.before.seconds || live.state != RunState::kThrough || live.elapsed <= 0) return;
  attempt([&] { keep_outcome(run_.state_root, run_.origin, now(), live.elapsed); });
}

void ForecastKeeper::attempt(const std::function<void()>& write) {
  if (failed_) return;
  try {
    write();
  } catch (const Exception& e) {
    failed_ = true;
    log::warn("the forecasts of {} are not on record: {}", run_.origin, e.error().text());
  }
}

}  // namespace lifeboat::rescue
