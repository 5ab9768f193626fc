#include "net/cancel.h"

#include <poll.h>
#include <sys/eventfd.h>

#include <cerrno>

#include "base/error.h"

namespace lifeboat::net {

Cancel::Cancel() : event_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {
  if (!event_.valid()) fail_errno("eventfd", errno);
}

void Cancel::cancel() noexcept {
  cancelled_ = true;
  ::eventfd_write(event_.get(), 1);  // cannot fail: the counter is never near its end
}

bool Cancel::wait_for(std::chrono::milliseconds duration) const {
  pollfd poll_one{.fd = event_.get(), .events = POLLIN, .revents = 0};
  const auto end = std::chrono::steady_clock::now() + duration;
  for (;;) {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(end - std::chrono::steady_clock::now()).count();
    if (cancelled_ || left <= 0) return cancelled_;
    ::poll(&poll_one, 1, static_cast<int>(left));
  }
}

}  // namespace lifeboat::net
