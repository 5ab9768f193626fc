/// What a whole backup says about itself: which server it is of, and where in its history it was taken.
/// Errors: kCorruption if it is no backup that could be booted; kUnsupported if it is not a full one.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/file.h"
#include "rescue/backup_files.h"
#include "server/server_info.h"

namespace lifeboat::rescue {

struct BackupPosition {
  std::string file;
  std::uint64_t position = 0;
  std::string gtid;
};

struct BackupFacts {
  server::ServerInfo server;
  std::optional<BackupPosition> position;  ///< empty: the server wrote no binary log
  bool prepared = false;                   ///< by the tool: nothing is left to be recovered
};

BackupFacts facts_of(const BackupFiles& files);

/// "mysql-bin.000002<tab>1234<tab>0-1-5"; the GTID may be missing.
BackupPosition parse_binlog_info(std::string_view text);
/// The same of a backup that lies in a folder; empty if it does not say.
std::optional<BackupPosition> find_folder_position(const Path& folder);

}  // namespace lifeboat::rescue
