/// What a commit works from: the changes as they were at one moment.
#pragma once

#include <set>
#include <string>
#include <vector>

#include "base/units.h"
#include "vault/types.h"
#include "volume/node.h"

namespace lifeboat::volume {

/// One inode that differs from the image. Its frozen layer stays as it is until the commit ends.
struct ChangedEntry {
  NodePtr node;
  File* file = nullptr;           ///< null: its content was never touched
  const Layer* frozen = nullptr;  ///< null: no content was written or cut
  vault::FileEntry entry;         ///< as of the snapshot; `chunks` are for the upload to fill in
  std::uint64_t clock = 0;        ///< Node::changed at the snapshot
  std::string image_path;         ///< where it is in the image so far; empty: not there
  std::uint64_t image_size = 0;
};

struct Snapshot {
  SystemTime time;
  vault::TopDirectory top;
  std::uint64_t top_clock = 0;  ///< when it was changed last; 0: it is as in the image
  std::vector<ChangedEntry> changed;
  std::vector<std::string> removed;  ///< paths that may be in the image and are no longer used
  std::set<std::string> gone;        ///< Catalog::gone at the snapshot
};

}  // namespace lifeboat::volume
