/// What kind of backup something is: told by its content, since names lie.
/// Threads: free functions. Errors: kUnsupported for what is no backup, or none that can be adopted, saying what it
/// looks like; kCorruption for a backup that says of itself that it did not end.
#pragma once

#include <string>
#include <string_view>

#include "base/file.h"

namespace lifeboat::rescue {

enum class BackupKind {
  kSql,            ///< statements, as mariadb-dump writes them
  kStream,         ///< of mariadb-backup: mbstream, xbstream
  kBackupFolder,   ///< of mariadb-backup, prepared or not
  kMydumper,       ///< a folder of mydumper's
  kDataDirectory,  ///< a server's own, or a copy of one
};

/// For people: "a dump", "a mydumper folder"…
std::string_view kind_name(BackupKind kind);

BackupKind kind_of_directory(const Path& directory);
/// By the first bytes, unpacked. `name` is for messages.
BackupKind kind_of_content(ByteView head, const std::string& name);

}  // namespace lifeboat::rescue
