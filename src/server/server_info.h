/// What a server needs to know of a data directory, and its JSON form as kept in an image (ImageInfo::server).
/// docs/internals/server-info.md lists the members.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/json.h"

namespace lifeboat::server {

enum class Flavour { kUnknown, kMariaDb, kMySql };
std::string_view flavour_name(Flavour flavour);  ///< "mariadb", "mysql", "unknown"

struct SystemFile {
  std::string name;  ///< "ibdata1"
  std::uint64_t bytes = 0;
};

struct ServerInfo {
  Flavour flavour = Flavour::kUnknown;
  std::string version;         ///< "10.11.19"; empty if nothing told
  std::string version_source;  ///< the file that told it

  // InnoDB. A page size of 0: there is no system tablespace.
  std::uint32_t page_bytes = 0;
  std::vector<SystemFile> system_files;  ///< in order; the last one grows
  std::uint32_t undo_tablespaces = 0;
  std::uint64_t redo_bytes = 0;  ///< size of ib_logfile0; 0: there is none
  bool redo_encrypted = false;
  std::uint64_t checkpoint_lsn = 0;
  /// Redo that recovery will read and apply; empty if that could not be seen. Nothing is left after a clean shutdown
  /// but the checkpoint's own record.
  std::optional<std::uint64_t> redo_to_apply;

  // Only after a walk over every file (inspect_directory).
  std::uint64_t tables = 0;  ///< InnoDB tablespace files
  std::uint64_t encrypted_tables = 0;
  std::uint64_t compressed_tables = 0;  ///< page_compressed or ROW_FORMAT=COMPRESSED
  std::vector<std::string> engines;     ///< by the files they leave: "InnoDB", "Aria", "MyISAM", …
  /// Files or links that lead outside the directory (.isl files, symbolic links): a branch would share them with the
  /// production server.
  std::vector<std::string> outside;
  std::vector<std::string> unreadable;  ///< tablespaces whose first page makes no sense

  std::optional<int> lower_case_table_names;   ///< 0 if a name has capitals; else not knowable from files
  bool aria = false;                           ///< aria_log_control exists
  std::string binlog_base;                     ///< "mysql-bin" if binary logs lie here
  std::vector<std::string> replication_files;  ///< master.info and its like: it is a replica
  bool galera = false;

  /// Relevant settings from the option file, canonical name → value; see known_settings().
  std::map<std::string, std::string> settings;
};

/// Whether anything there looks like a server's.
bool is_data_directory(const ServerInfo& info);

json::object to_json(const ServerInfo& info);
/// Throws kCorruption naming the member that is wrong.
ServerInfo server_info_from_json(const json::object& object);

}  // namespace lifeboat::server
