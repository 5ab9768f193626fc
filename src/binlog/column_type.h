/// Column types in statements: reading them, and learning those of a new table. Inside of danger.h.
#pragma once

#include "binlog/danger_reading.h"

namespace lifeboat::binlog {

/// Reads `DECIMAL(10,2) UNSIGNED`, `VARCHAR(20) CHARACTER SET latin1`, `ENUM('a','b')`, …; stops before what is not of
/// the type.
DeclaredType read_column_type(Reading& reading);

/// Behind "(": the columns of CREATE TABLE go to the memory, up to the matching ")".
void learn_columns(Reading& reading, const TableName& table);

}  // namespace lifeboat::binlog
