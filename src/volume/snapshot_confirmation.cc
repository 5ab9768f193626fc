#include "volume/snapshot_confirmation.h"

#include <utility>

#include "base/error.h"

namespace lifeboat::volume {

void SnapshotConfirmation::expect() {
  const std::scoped_lock lock(mutex_);
  expected_ = true;
  given_ = false;
  members_.reset();
}

json::object SnapshotConfirmation::wait(std::chrono::milliseconds patience) {
  std::unique_lock lock(mutex_);
  changed_.wait_for(lock, patience, [this] { return given_; });
  expected_ = false;
  if (!given_) fail(Code::kTimeout, "the snapshot was not confirmed: the commit is given up");
  if (!members_) fail(Code::kCancelled, "the commit was given up by who asked for it");
  return *std::exchange(members_, std::nullopt);
}

void SnapshotConfirmation::give(std::optional<json::object> members) {
  const std::scoped_lock lock(mutex_);
  if (!expected_ || given_) fail(Code::kNotFound, "no commit waits for its snapshot to be confirmed");
  given_ = true;
  members_ = std::move(members);
  changed_.notify_all();
}

}  // namespace lifeboat::volume
