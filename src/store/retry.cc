#include "store/retry.h"

#include <algorithm>
#include <condition_variable>
#include <mutex>
#include <random>

#include "base/cancel.h"

namespace lifeboat::store {
namespace {

constexpr std::chrono::milliseconds kLookInterval{100};

std::chrono::milliseconds random_up_to(std::chrono::milliseconds bound) {
  thread_local std::minstd_rand generator{std::random_device{}()};
  return std::chrono::milliseconds(std::uniform_int_distribution<std::int64_t>(0, bound.count())(generator));
}

}  // namespace

Backoff::Backoff(const RetryPolicy& policy)
    : policy_(policy), deadline_(std::chrono::steady_clock::now() + policy.deadline), bound_(policy.first_wait) {}

bool Backoff::wait(const std::stop_token& stop) {
  const auto pause = random_up_to(bound_);
  bound_ = std::min(bound_ * 2, policy_.longest_wait);
  const auto until = std::chrono::steady_clock::now() + pause;
  if (until > deadline_) return false;
  std::mutex mutex;
  std::unique_lock lock(mutex);
  std::condition_variable_any wake;
  // A signal handler can wake nobody, so this looks now and then.
  while (!stop.stop_requested() && std::chrono::steady_clock::now() < until) {
    throw_if_cancelled();
    wake.wait_until(lock, stop, std::min(until, std::chrono::steady_clock::now() + kLookInterval),
                    [] { return false; });
  }
  throw_if_cancelled();
  return !stop.stop_requested();
}

}  // namespace lifeboat::store
