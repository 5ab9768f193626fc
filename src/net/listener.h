/// A listening TCP socket. Threads: `accept` from one at a time. Errors: kUsage (no such address here), kBusy (the port
/// is taken), kDenied, kCancelled.
#pragma once

#include <chrono>
#include <cstdint>

#include "base/file.h"
#include "net/stream.h"

namespace lifeboat::net {

class Listener {
 public:
  /// Port 0 lets the system choose; see port().
  explicit Listener(const Endpoint& at);

  /// The next connection; it watches `cancel`, as does the wait for it.
  Stream accept(StreamLimits limits, const Cancel& cancel);
  std::uint16_t port() const { return port_; }

 private:
  UniqueFd socket_;
  std::uint16_t port_ = 0;
};

}  // namespace lifeboat::net
