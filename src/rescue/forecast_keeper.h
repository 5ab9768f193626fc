/// Keeps the forecasts of one run on record while it goes on, each before it can be right or wrong: before the run
/// begins, and when a tenth, a quarter, half and three quarters of it are done; and the outcome when it is through.
///
/// Ownership: borrows the Progress that it watches. Threads: `watch` may be called while its own thread looks; the rest
/// one at a time. Errors: none; what cannot be written is warned of once, and then there is no record of this run: no
/// recovery fails for that. Durability: the first forecast is on disk when the constructor returns.
#pragma once

#include <condition_variable>
#include <functional>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "base/file.h"
#include "base/progress.h"
#include "rescue/forecast_book.h"
#include "rescue/forecast_live.h"

namespace lifeboat::rescue {

class ForecastKeeper {
 public:
  struct Run {
    Path state_root;
    std::string origin;  ///< name of the drill; of one run only
    Forecast before;
    ForecastBook book;  ///< as it was before the run
    /// In seconds; never goes back.
    std::function<double()> clock = [watch = Stopwatch()] { return watch.seconds(); };
  };
  explicit ForecastKeeper(Run run);
  ForecastKeeper(const ForecastKeeper&) = delete;
  ForecastKeeper& operator=(const ForecastKeeper&) = delete;

  /// A phase runs, and no other any more.
  void begin(const std::string& phase);
  /// The one that runs was through `seconds` after it began; since then `next` runs.
  void begin_after(double seconds, const std::string& next);
  /// The one that runs is through.
  void end();
  /// Progress of a part of the phase that runs, looked at until the next; nullptr: no more.
  void watch(const Progress* progress);
  /// All phases are through: the outcome.
  void finish();

  /// What its thread does ten times a second while something is watched.
  void look();

 private:
  void begin_at(double at, const std::string& phase);
  void keep_stages();
  void keep(KeptForecast forecast);
  void attempt(const std::function<void()>& write);

  Run run_;
  RunForecast live_;
  double begun_ = 0;      ///< the phase that runs, by the clock
  double work_ = 0;       ///< of that phase, as it was forecast; 0: not known
  double part_done_ = 0;  ///< of that phase, in parts that are no more watched
  std::size_t stages_kept_ = 0;
  bool failed_ = false;
  std::mutex mutex_;  ///< of all that stands above and is not const, and of progress_
  std::condition_variable_any stopped_;
  const Progress* progress_ = nullptr;
  std::jthread thread_;
};

/// Watches in its scope, if there is a keeper.
class WatchedPart {
 public:
  WatchedPart(ForecastKeeper* keeper, const Progress& progress) : keeper_(keeper) {
    if (keeper_ != nullptr) keeper_->watch(&progress);
  }
  WatchedPart(const WatchedPart&) = delete;
  WatchedPart& operator=(const WatchedPart&) = delete;
  ~WatchedPart() {
    if (keeper_ != nullptr) keeper_->watch(nullptr);
  }

 private:
  ForecastKeeper* keeper_;
};

}  // namespace lifeboat::rescue
