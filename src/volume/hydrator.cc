#include "volume/hydrator.h"

#include <sys/resource.h>

#include <algorithm>
#include <cmath>
#include <optional>
#include <utility>

#include "base/error.h"
#include "base/log.h"
#include "base/units.h"

namespace lifeboat::volume {
namespace {

constexpr std::uint64_t kBytesAtATime = std::uint64_t{16} << 20U;
constexpr int kThreads = 2;
constexpr int kNiceness = 15;
// While the server is at work and lacks nothing: short rounds, and pauses of so many times what one took, so that it
// costs a tenth of a processor. Bounded, for a store may be slow for reasons that cost the server nothing.
constexpr std::uint64_t kBytesAtWork = std::uint64_t{2} << 20U;
constexpr double kPause = 10;
constexpr double kPauseMaxSeconds = 0.1;
/// So many waits in a round are a server that starts on something new. When it has that, it is still filling its own
/// buffers, and is left in peace.
constexpr std::uint64_t kBurst = 16;
constexpr double kPeaceSeconds = 10;
constexpr std::chrono::milliseconds kPausePart{20};  ///< after which it looks whether somebody waits
constexpr std::chrono::seconds kRetryMin{1};
constexpr std::chrono::seconds kRetryMax{60};
/// How long what is complete is taken to be so: a bound, or a commit on a full disk, may have let go of something.
constexpr std::chrono::seconds kCompleteFor{10};

}  // namespace

Hydrator::Hydrator(Volume& volume, bool paused)
    : volume_(volume), paused_(paused), thread_([this](const std::stop_token& stop) { run(stop); }) {}

Hydrator::~Hydrator() {
  thread_.request_stop();
}

void Hydrator::pause(bool paused) {
  const std::lock_guard lock(mutex_);
  paused_ = paused;
  hurried_ = false;
  retry_after_ = std::chrono::seconds(0);
  changed_.notify_all();
}

void Hydrator::hurry() {
  const std::lock_guard lock(mutex_);
  hurried_ = true;
}

bool Hydrator::hurried() const {
  const std::lock_guard lock(mutex_);
  return hurried_;
}

void Hydrator::run(const std::stop_token& stop) {
  std::optional<std::uint64_t> hydrated;  // bytes, as of the round that has just ended
  while (!stop.stop_requested()) {
    {
      std::unique_lock lock(mutex_);
      if (complete_ || paused_ || retry_after_.count() > 0) hydrated.reset();
      if (complete_) changed_.wait_for(lock, stop, kCompleteFor, [] { return false; });
      if (stop.stop_requested()) return;
      if (paused_) {
        bytes_per_second_ = 0;
        changed_.wait(lock, stop, [this] { return !paused_; });
        continue;
      }
      if (retry_after_.count() > 0) {
        changed_.wait_for(lock, stop, retry_after_, [this] { return paused_ || retry_after_.count() == 0; });
        if (paused_ || stop.stop_requested()) continue;
      }
    }
    if (complete_ && volume_.status().hydrated) continue;
    const std::uint64_t before = hydrated ? *hydrated : volume_.status().hydrated_bytes;
    const Stopwatch watch;
    fetch_as_urgent_as_it_is(stop);
    hydrated = volume_.status().hydrated_bytes;
    note_speed(*hydrated - std::min(before, *hydrated), watch.seconds());
  }
}

void Hydrator::fetch_as_urgent_as_it_is(const std::stop_token& stop) {
  const std::uint64_t waited_for = volume_.chunks_waited_for();
  const std::uint64_t served = volume_.served();
  const bool at_work = std::exchange(served_, served) != served;
  const std::uint64_t waits = waited_for - std::exchange(waited_for_, waited_for);
  if (waits >= kBurst) last_burst_.emplace();
  if (waits > 0 || hurried()) return fetch_some(kBytesAtATime, kThreads);
  if (at_work && last_burst_ && last_burst_->seconds() < kPeaceSeconds) return make_way(stop, kPauseMaxSeconds);
  const Stopwatch watch;
  // A thread for each round: niceness is a thread's own on Linux, and only root's can be taken back.
  std::jthread([this, at_work] {
    ::setpriority(PRIO_PROCESS, 0, kNiceness);
    if (at_work) {
      fetch_some(kBytesAtWork, 1);
    } else {
      fetch_some(kBytesAtATime, kThreads);
    }
  }).join();
  if (at_work) make_way(stop, std::min(watch.seconds() * kPause, kPauseMaxSeconds));
}

void Hydrator::make_way(const std::stop_token& stop, double seconds) {
  const Stopwatch watch;
  std::unique_lock lock(mutex_);
  while (watch.seconds() < seconds && volume_.chunks_waited_for() == waited_for_ && !paused_ && !hurried_ &&
         !stop.stop_requested()) {
    changed_.wait_for(lock, stop, kPausePart, [] { return false; });
  }
}

void Hydrator::fetch_some(std::uint64_t bytes, int threads) {
  try {
    const bool more = volume_.hydrate(bytes, threads);
    const std::lock_guard lock(mutex_);
    retry_after_ = std::chrono::seconds(0);
    last_error_.clear();
    if (!more && !complete_) log::info("fully local");
    complete_ = !more;
    hurried_ = hurried_ && more;
  } catch (...) {
    note_failure();
  }
}

void Hydrator::note_speed(std::uint64_t bytes, double seconds) {
  const std::lock_guard lock(mutex_);
  if (!last_error_.empty()) return;
  const double rate = static_cast<double>(bytes) / std::max(seconds, 1e-6);
  // Smooth over the last dozen rounds.
  bytes_per_second_ = bytes_per_second_ == 0 ? rate : bytes_per_second_ * 0.92 + rate * 0.08;
}

void Hydrator::note_failure() {
  const Error error = current_error();
  const std::lock_guard lock(mutex_);
  if (last_error_ != error.text()) log::error("hydrating stopped for now: {}", error.text());
  last_error_ = error.text();
  bytes_per_second_ = 0;
  retry_after_ = std::clamp(retry_after_ * 2, kRetryMin, kRetryMax);
}

json::object Hydrator::status() const {
  const VolumeStatus volume = volume_.status();
  const std::lock_guard lock(mutex_);
  json::object out;
  const bool done = volume.hydrated;
  const bool waiting = retry_after_.count() > 0;
  out["state"] = done ? "complete" : paused_ ? "paused" : waiting ? "waiting" : "running";
  out["bytes_per_second"] = done ? 0.0 : std::round(bytes_per_second_);
  const std::uint64_t left = volume.bytes - std::min(volume.bytes, volume.hydrated_bytes);
  if (done) {
    out["seconds_left"] = 0;
  } else if (bytes_per_second_ > 0) {
    out["seconds_left"] = std::round(static_cast<double>(left) / bytes_per_second_);
  } else {
    out["seconds_left"] = nullptr;
  }
  if (!last_error_.empty()) out["error"] = last_error_;
  return out;
}

}  // namespace lifeboat::volume
