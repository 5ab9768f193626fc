#include "base/cancel.h"

#include <unistd.h>

#include <csignal>
#include <string_view>

#include "base/error.h"

namespace lifeboat {
namespace {

std::atomic<bool> requested{false};
std::atomic<int> requested_by{0};
static_assert(std::atomic<bool>::is_always_lock_free && std::atomic<int>::is_always_lock_free);

// Only what a signal handler may do.
void on_signal(int number) {
  if (requested.exchange(true)) {
    ::signal(number, SIG_DFL);
    ::raise(number);  // delivered when this returns
    return;
  }
  requested_by = number;
  constexpr std::string_view kSaid = "\nstopping; once more ends it at once\n";
  static_cast<void>(!::write(STDERR_FILENO, kSaid.data(), kSaid.size()));
}

std::string_view name_of(int number) {
  switch (number) {
    case SIGINT:
      return "SIGINT";
    case SIGHUP:
      return "SIGHUP";
    default:
      return "SIGTERM";
  }
}

}  // namespace

void stop_on_signals() {
  for (const int number : {SIGINT, SIGTERM, SIGHUP}) {
    struct sigaction before{};
    struct sigaction action{};
    action.sa_handler = on_signal;
    action.sa_flags = SA_RESTART;
    if (::sigaction(number, nullptr, &before) == 0 && before.sa_handler != SIG_IGN) {
      ::sigaction(number, &action, nullptr);
    }
  }
}

const std::atomic<bool>& stop_requested() {
  return requested;
}

void throw_if_cancelled() {
  if (!requested.load(std::memory_order_relaxed)) return;
  fail(Code::kCancelled, format("stopped by {}", name_of(requested_by)), "Run it again when it is wanted.");
}

}  // namespace lifeboat
