#include "rescue/adopt_progress.h"

#include <algorithm>

#include "base/log.h"

namespace lifeboat::rescue {

void AdoptProgress::come_to(std::uint64_t bytes) {
  const std::scoped_lock lock(mutex_);
  if (bytes <= progress_.done()) return;
  progress_.add(bytes - progress_.done());
  judge();
}

void AdoptProgress::add(std::uint64_t bytes) {
  const std::scoped_lock lock(mutex_);
  progress_.add(bytes);
  judge();
}

void AdoptProgress::pass(std::uint64_t bytes) {
  const std::scoped_lock lock(mutex_);
  progress_.add(bytes);
  passed_ += bytes;
}

void AdoptProgress::judge() {
  if (said_seconds_ || progress_.total() == 0) return;
  const std::uint64_t total = progress_.total() - std::min(passed_, progress_.total());
  const std::uint64_t read = progress_.done() - passed_;
  const double seconds = watch_.seconds();
  if (!warm_) {
    if (read >= total / 20) warm_ = Reached{.read = read, .seconds = seconds};
    return;
  }
  if (read < warm_->read + total / 20) return;
  const double pace = (seconds - warm_->seconds) / static_cast<double>(read - warm_->read);
  said_seconds_ = seconds + pace * static_cast<double>(total - std::min(read, total));
  log::info("a tenth is read: all of it may take about {}, at this pace",
            format_duration(std::chrono::milliseconds(static_cast<std::int64_t>(*said_seconds_ * 1000))));
}

std::optional<AdoptForecast> AdoptProgress::forecast() const {
  const std::scoped_lock lock(mutex_);
  if (!said_seconds_) return std::nullopt;
  return AdoptForecast{.said_seconds = *said_seconds_, .seconds = watch_.seconds()};
}

}  // namespace lifeboat::rescue
