/// Column types in statements: reading them, and whether a change from one to another loses what the column held.
/// Inside of danger.h.
#pragma once

#include <optional>
#include <string>

#include "binlog/danger_reading.h"

namespace lifeboat::binlog {

/// Reads `DECIMAL(10,2) UNSIGNED`, `VARCHAR(20) CHARACTER SET latin1`, `ENUM('a','b')`, …; stops before what is not of
/// the type.
DeclaredType read_column_type(Reading& reading);

/// Behind "(": the columns of CREATE TABLE go to the memory, up to the matching ")".
void learn_columns(Reading& reading, const TableName& table);

/// Why values are lost by MODIFY from `from` (empty: not known) to `to`; empty if none are, or if the server would have
/// refused. With a strict sql_mode a server refuses what does not fit, but rounds numbers and cuts times without a
/// word.
std::optional<std::string> why_narrower(const std::optional<DeclaredType>& from, const DeclaredType& to, bool strict);

}  // namespace lifeboat::binlog
