/// Where in a source's log an adopted backup lies: from what it says, from what a person says, and from the log.
/// Threads: free functions. Errors: kUsage for a place that is none; kConflict if the log has something else there.
#pragma once

#include <optional>
#include <string>

#include "base/file.h"
#include "rescue/backup_facts.h"
#include "rescue/image_position.h"

namespace lifeboat::rescue {

/// "mysql-bin.000042:1234", or a GTID position.
BackupPosition parse_place(const std::string& text);

struct Placed {
  std::optional<ImagePosition> position;  ///< empty: not known
  std::string note;                       ///< what is missing or not known, for people; empty: nothing
};

/// `said`: by the backup, or by people instead; `incarnation`: directory of the log, empty if there is none;
/// `source`: whose history it is of; empty: the log's, if the log knows the place.
Placed place_backup(const std::optional<BackupPosition>& said, const Path& incarnation, const std::string& source);

}  // namespace lifeboat::rescue
