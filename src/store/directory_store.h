/// The driver that keeps objects as files in a directory.
///
/// An object is the file of its name below the root. It is written to `~tmp/` (no legal object name) in the same file
/// system, synced, and then given its name by a rename that never replaces. So any number of processes, and hosts on
/// a shared file system, may work on one directory, and a killed writer leaves at most a file in `~tmp/`.
/// Symbolic links inside the root are never followed; the root's own path may have some.
#pragma once

#include <memory>

#include "base/file.h"
#include "store/store.h"

namespace lifeboat::store {

/// Nothing is made before the first put. Throws kUsage for an empty path.
std::unique_ptr<Store> open_directory_store(const Path& root);

}  // namespace lifeboat::store
