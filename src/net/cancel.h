/// Ends blocking socket calls from another thread: once cancelled, every wait that watches it throws kCancelled, for
/// good. Threads: any. Must outlive the streams and listeners that watch it.
#pragma once

#include <atomic>
#include <chrono>

#include "base/file.h"

namespace lifeboat::net {

class Cancel {
 public:
  Cancel();
  void cancel() noexcept;
  bool cancelled() const noexcept { return cancelled_; }
  /// Sleeps, unless cancelled meanwhile: then true.
  bool wait_for(std::chrono::milliseconds duration) const;
  /// Readable once cancelled.
  int fd() const { return event_.get(); }

 private:
  UniqueFd event_;
  std::atomic<bool> cancelled_ = false;
};

}  // namespace lifeboat::net
