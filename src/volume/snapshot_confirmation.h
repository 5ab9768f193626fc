/// Between a commit that has taken its snapshot and the client who knows what it is a snapshot of: the client alone can
/// say whether whatever it held still was held then. Without its word there is no image. Threads: one commit waits,
/// another thread gives. Errors: kTimeout, kCancelled, kNotFound.
#pragma once

#include <chrono>
#include <condition_variable>
#include <mutex>
#include <optional>

#include "base/json.h"

namespace lifeboat::volume {

class SnapshotConfirmation {
 public:
  /// Before the client is told of the snapshot.
  void expect();
  /// What the client says of it. kTimeout if it says nothing for `patience`, kCancelled if it gives the commit up.
  json::object wait(std::chrono::milliseconds patience);

  /// Nothing: the commit is given up. kNotFound if no commit waits.
  void give(std::optional<json::object> members);

 private:
  std::mutex mutex_;  ///< guards all below
  std::condition_variable changed_;
  bool expected_ = false;
  bool given_ = false;
  std::optional<json::object> members_;
};

}  // namespace lifeboat::volume
