/// Lists what is in a directory tree, in bytewise order of path as images keep it. Nothing is followed: a symlink is an
/// entry. Sockets, pipes and devices are left out with a log line.
#pragma once

#include <string>
#include <vector>

#include "base/file.h"
#include "vault/image.h"
#include "vault/types.h"

namespace lifeboat::vault {

struct WalkedEntry {
  FileEntry entry;  ///< without chunks
  std::uint64_t inode = 0;
  std::int64_t change_time_ns = 0;  ///< ctime
  bool operator==(const WalkedEntry&) const = default;
};

/// Whether sockets, pipes and devices are named in the log.
enum class LeftOut { kSay, kSaidBefore };

/// Entries whose path fits one of the `exclude` globs (`*` crosses `/`) are left out, with all below them.
/// Errors: as of the system, naming the path; kConflict if something vanishes while it is listed; kUnsupported for a
/// path an image cannot hold. Memory: proportional to the number of entries.
std::vector<WalkedEntry> walk_directory(const Path& root, const std::vector<std::string>& exclude,
                                        LeftOut left_out = LeftOut::kSay);

/// What the directory itself is like.
TopDirectory stat_top(const Path& root);

/// Of an open file, to see whether it changed.
WalkedEntry stat_open_file(int fd, const std::string& path);

}  // namespace lifeboat::vault
