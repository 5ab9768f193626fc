/// Where background fetching stands: the launch list first, then file after file, the most waited for first.
/// Threads: Volume::hydrate runs one at a time under `mutex`.
#pragma once

#include <cstdint>
#include <deque>
#include <mutex>
#include <optional>
#include <vector>

#include "volume/launch_list.h"
#include "volume/node.h"

namespace lifeboat::volume {

struct Hydration {
  /// A chunk to fetch, and what it belongs to.
  struct Wanted {
    NodePtr node;
    File* file = nullptr;
    std::uint64_t chunk = 0;
    std::uint32_t epoch = 0;
  };
  struct Cursor {
    NodePtr node;
    std::uint64_t next = 0;  ///< chunk
  };

  std::mutex mutex;
  bool launch_loaded = false;
  std::deque<LaunchRun> launch;
  std::deque<Cursor> files;
  std::vector<NodePtr> finished;  ///< to be synced and closed
  /// All is fetched, and of this the disk may not have some yet.
  std::optional<std::deque<Cursor>> unwritten;

  /// What is read now will mostly be read again: a server on the volume runs at full speed once that is local.
  void bring_most_waited_for_to_front();
};

}  // namespace lifeboat::volume
