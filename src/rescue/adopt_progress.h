/// How far an adoption has read its backup, by the bytes that it takes from it, and what that says of the time: shown
/// from the first seconds; what was said at a tenth of the way is kept, and at the end compared with how it was.
/// Threads: any.
#pragma once

#include <cstdint>
#include <mutex>
#include <optional>

#include "base/progress.h"
#include "rescue/adopt.h"

namespace lifeboat::rescue {

class AdoptProgress {
 public:
  /// `total`: bytes of the backup as it lies; 0: not known.
  AdoptProgress(ProgressStyle style, std::uint64_t total) : progress_(style, "adopt", total) {}

  /// So much of it was read, in all.
  void come_to(std::uint64_t bytes);
  /// So much more was read.
  void add(std::uint64_t bytes);
  double seconds() const { return watch_.seconds(); }
  /// So much was found done already: that says nothing of the pace.
  void pass(std::uint64_t bytes);
  /// At the end.
  std::optional<AdoptForecast> forecast() const;

 private:
  struct Reached {
    std::uint64_t read = 0;
    double seconds = 0;
  };
  void judge();

  Progress progress_;
  Stopwatch watch_;
  mutable std::mutex mutex_;  ///< guards what follows
  std::uint64_t passed_ = 0;
  std::optional<Reached> warm_;  ///< a twentieth was read: what came before, as starting, is no part of the pace
  std::optional<double> said_seconds_;
};

}  // namespace lifeboat::rescue
