#include "rescue/adopt_progress.h"

#include "base/log.h"

namespace lifeboat::rescue {

void AdoptProgress::come_to(std::uint64_t bytes) {
  const std::scoped_lock lock(mutex_);
  note(bytes);
}

void AdoptProgress::add(std::uint64_t bytes) {
  const std::scoped_lock lock(mutex_);
  note(read_ + bytes);
}

void AdoptProgress::note(std::uint64_t read) {
  if (read <= read_) return;
  progress_.add(read - read_);
  read_ = read;
  const std::uint64_t total = progress_.total();
  if (said_seconds_ || total == 0 || read_ < total / 10) return;
  said_seconds_ = watch_.seconds() * static_cast<double>(total) / static_cast<double>(read_);
  log::info("a tenth is read: all of it may take about {}, at this pace",
            format_duration(std::chrono::milliseconds(static_cast<std::int64_t>(*said_seconds_ * 1000))));
}

std::optional<AdoptForecast> AdoptProgress::forecast() const {
  const std::scoped_lock lock(mutex_);
  if (!said_seconds_) return std::nullopt;
  return AdoptForecast{.said_seconds = *said_seconds_, .seconds = watch_.seconds()};
}

}  // namespace lifeboat::rescue
