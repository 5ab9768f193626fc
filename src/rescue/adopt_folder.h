/// What lies in a folder that mydumper wrote: which file is what, in which order they are loaded, and where in the
/// binary log the dump was taken. The format is mydumper's: names tell what a file is, `metadata` the position.
///
/// Threads: free functions. Errors: errno's; kUnsupported for a file that only mydumper's own loader could load; all
/// else that is not known is no file of the dump's.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/file.h"
#include "rescue/backup_facts.h"

namespace lifeboat::rescue {

struct FolderPart {
  /// In the order in which they are loaded.
  enum class Kind { kDatabase, kTable, kData, kView, kRoutines, kTriggers };
  Kind kind = Kind::kData;
  std::string file;      ///< below the folder
  std::string database;  ///< as the files' names have it
  std::string table;     ///< the same; empty for what is of a whole database
  std::uint64_t bytes = 0;
};

/// Of a database that is the server's own: no part of its data, but for who may do what.
bool is_of_server(const FolderPart& part);
bool is_of_accounts(const FolderPart& part);

/// What its name says of a file. Nothing: it is no part of the dump. A database's name may have dots: `databases` are
/// those that are known to be one.
std::optional<FolderPart> part_of_name(const std::string& file, const std::vector<std::string>& databases);

/// Sorted by kind, the data by size, the largest first.
std::vector<FolderPart> list_parts(const Path& folder);

/// Of the server that was dumped; else, if it kept no binary log, the place in its own source's.
std::optional<BackupPosition> parse_folder_metadata(std::string_view text);

/// The same of a folder.
std::optional<BackupPosition> find_mydumper_position(const Path& folder);

/// The statements of a schema file: a line that ends with a semicolon ends one.
std::vector<std::string> split_statements(std::string_view text);

/// The name behind "CREATE TABLE" or the like, unquoted; empty if there is none.
std::string created_name(std::string_view text, std::string_view what);

}  // namespace lifeboat::rescue
