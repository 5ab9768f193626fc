/// When to try again: exponential backoff with full jitter (each wait is random between nothing and a bound that
/// doubles), until a deadline. Many clients that failed together then do not come back together.
#pragma once

#include <chrono>
#include <stop_token>

namespace lifeboat::store {

struct RetryPolicy {
  std::chrono::milliseconds first_wait{100};  ///< bound of the first wait
  std::chrono::milliseconds longest_wait{5'000};
  std::chrono::milliseconds deadline{60'000};  ///< no new attempt begins later than this after the first
};

/// The waits of one operation. Threads: one.
class Backoff {
 public:
  explicit Backoff(const RetryPolicy& policy);

  /// Waits, and returns true; or returns false at once if the deadline would pass or a stop is requested. Throws
  /// kCancelled if a signal asked for a stop: who is to end tries nothing twice.
  bool wait(const std::stop_token& stop = {});

 private:
  RetryPolicy policy_;
  std::chrono::steady_clock::time_point deadline_;
  std::chrono::milliseconds bound_;
};

}  // namespace lifeboat::store
