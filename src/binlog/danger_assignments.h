/// What SET and ON DUPLICATE KEY UPDATE assign, and whether what they overwrite can be told from what they write.
/// Inside of danger.h.
#pragma once

#include <set>
#include <string>

#include "binlog/danger_reading.h"

namespace lifeboat::binlog {

struct AssignmentScope {
  bool several_tables = false;  ///< names without a table may be of any
  bool ignores_errors = false;  ///< IGNORE: what does not fit is cut
  std::string inserts_into;     ///< of ON DUPLICATE KEY UPDATE: the table, lower case; VALUES(c) is a new row's
};

struct Assignments {
  std::set<std::string> columns;  ///< lower case, as written
  std::set<std::string> tables;   ///< that they were written with, lower case, without a database; empty: without
  bool reckons_back = true;       ///< all are `c = c + 5`
};

/// Up to what follows a list of assignments.
Assignments read_assignments(Reading& reading, const AssignmentScope& scope);

}  // namespace lifeboat::binlog
