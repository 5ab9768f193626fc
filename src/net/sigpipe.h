/// Keeps a broken connection from ending the process: SIGPIPE is held back on this thread for the guard's lifetime,
/// and one that came meanwhile is discarded. (OpenSSL writes without MSG_NOSIGNAL; setting the whole process to
/// ignore the signal is for main to decide.)
#pragma once

#include <csignal>

namespace lifeboat::net {

class SigpipeGuard {
 public:
  SigpipeGuard();
  SigpipeGuard(const SigpipeGuard&) = delete;
  SigpipeGuard& operator=(const SigpipeGuard&) = delete;
  ~SigpipeGuard();

 private:
  sigset_t before_{};
  bool was_pending_ = false;
};

}  // namespace lifeboat::net
