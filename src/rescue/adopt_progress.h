/// How far an adoption has read its backup, by the bytes that it takes from it, and what that says of the time: shown
/// from the first seconds; what was said at a tenth of the way is kept, and at the end compared with how it was.
/// Threads: `come_to` from any.
#pragma once

#include <atomic>
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
  /// At the end.
  std::optional<AdoptForecast> forecast() const;

 private:
  void note(std::uint64_t read);

  Progress progress_;
  Stopwatch watch_;
  mutable std::mutex mutex_;  ///< guards what follows
  std::uint64_t read_ = 0;
  std::optional<double> said_seconds_;
};

}  // namespace lifeboat::rescue
