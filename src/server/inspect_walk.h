/// The part of an inspection that looks at every file of a data directory (server/inspect.h).
#pragma once

#include <optional>
#include <set>
#include <string>

#include "base/file.h"
#include "server/server_info.h"
#include "server/tablespace.h"

namespace lifeboat::server {

/// What the files of a data directory tell, one by one in any order: for who has their names and heads and no
/// directory. Ownership: borrows `info`. Threads: one.
class FileNotes {
 public:
  explicit FileNotes(ServerInfo& info) : info_(info) {}

  /// `path` is relative.
  void directory(const Path& path);
  void file(const Path& path);
  /// A .ibd file below the top; without a header: its first page makes no sense.
  void tablespace(const std::string& path, const std::optional<TablespaceHeader>& header);
  /// A symbolic link, and what it holds.
  void link(const Path& path, const Path& target);
  void finish();

 private:
  ServerInfo& info_;
  std::set<std::string> engines_;
};

/// Fills the members of `info` that need a walk.
void walk_directory(const Path& directory, ServerInfo& info);

}  // namespace lifeboat::server
