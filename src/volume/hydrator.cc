#include "volume/hydrator.h"

#include <sys/resource.h>

#include <algorithm>
#include <cmath>
#include <utility>

#include "base/error.h"
#include "base/log.h"
#include "base/units.h"

namespace lifeboat::volume {
namespace {

constexpr std::uint64_t kBytesAtATime = std::uint64_t{16} << 20U;
constexpr int kNiceness = 15;
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
  retry_after_ = std::chrono::seconds(0);
  changed_.notify_all();
}

void Hydrator::run(const std::stop_token& stop) {
  while (!stop.stop_requested()) {
    {
      std::unique_lock lock(mutex_);
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
    if (!complete_ || !volume_.status().hydrated) fetch_at_due_priority();
  }
}

void Hydrator::fetch_at_due_priority() {
  const std::uint64_t waited_for = volume_.chunks_waited_for();
  if (std::exchange(waited_for_, waited_for) != waited_for) return fetch_some();
  // A thread for each round: niceness is a thread's own on Linux, and only root's can be taken back.
  std::jthread([this] {
    ::setpriority(PRIO_PROCESS, 0, kNiceness);
    fetch_some();
  });
}

void Hydrator::fetch_some() {
  try {
    const Stopwatch watch;
    const std::uint64_t before = volume_.status().hydrated_bytes;
    const bool more = volume_.hydrate(kBytesAtATime);
    const std::uint64_t after = volume_.status().hydrated_bytes;
    const double rate = static_cast<double>(after - std::min(before, after)) / std::max(watch.seconds(), 1e-6);
    const std::lock_guard lock(mutex_);
    // Smooth over the last dozen rounds.
    bytes_per_second_ = bytes_per_second_ == 0 ? rate : bytes_per_second_ * 0.92 + rate * 0.08;
    retry_after_ = std::chrono::seconds(0);
    last_error_.clear();
    if (!more && !complete_) log::info("fully local");
    complete_ = !more;
  } catch (...) {
    note_failure();
  }
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
