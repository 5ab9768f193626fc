/// Commits of a mounted volume whose snapshot is of something that the caller holds still: a server between two
/// commits.
#pragma once

#include <chrono>
#include <functional>

#include "base/file.h"
#include "base/json.h"
#include "volume/control_client.h"

namespace lifeboat::volume {

struct DescribedCommit {
  /// Called once the snapshot is taken. What it returns become members of the image's description of its server; only
  /// then does the upload begin. If it throws, or this process dies before, there is no image.
  std::function<json::object()> at_snapshot;
  /// For the volume to answer at all, and up to the snapshot; kTimeout.
  std::chrono::milliseconds snapshot_patience = std::chrono::seconds(10);
  ProgressListener on_progress;
};

/// Returns what `commit` replies. Errors: those of control_call and `at_snapshot`.
json::object commit_described(const Path& state_dir, const DescribedCommit& commit);

}  // namespace lifeboat::volume
