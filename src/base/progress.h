/// Progress of long work: a bar with rate and forecast at a terminal, one JSON line a second with --progress json,
/// silence otherwise. Everything goes to stderr. Threads: `add` and `set_total` from any thread.
#pragma once

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <mutex>
#include <string>
#include <thread>

#include "base/cancel.h"
#include "base/units.h"

namespace lifeboat {

enum class ProgressStyle { kNone, kBar, kJson };

class Progress {
 public:
  /// `what` names the work ("import"); `total` in bytes, 0 if not known yet.
  Progress(ProgressStyle style, std::string what, std::uint64_t total);
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;
  /// Writes the last line.
  ~Progress();

  /// Throws kCancelled once a signal asked for a stop (base/cancel.h): wherever long work tells how far it is, it can
  /// end.
  void add(std::uint64_t bytes) {
    throw_if_cancelled();
    done_.fetch_add(bytes, std::memory_order_relaxed);
  }
  void set_total(std::uint64_t bytes) { total_.store(bytes, std::memory_order_relaxed); }
  std::uint64_t total() const { return total_.load(std::memory_order_relaxed); }
  std::uint64_t done() const { return done_.load(std::memory_order_relaxed); }

 private:
  void run();
  void write_line(bool last);

  ProgressStyle style_;
  std::string what_;
  std::atomic<std::uint64_t> done_{0};
  std::atomic<std::uint64_t> total_;
  Stopwatch watch_;
  std::mutex mutex_;
  std::condition_variable wake_;
  bool stopping_ = false;
  std::thread thread_;
};

}  // namespace lifeboat
