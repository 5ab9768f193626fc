/// How many rows tables have, as a server's statistics estimated them a while ago. Threads: a value; shared when const.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>

#include "base/units.h"
#include "binlog/table_memory.h"

namespace lifeboat::relay {

struct TableCounts {
  std::string server;  ///< "db2.example:3306"
  SystemTime taken;
  std::map<binlog::TableName, std::uint64_t> rows;

  /// What part of the table so many rows are, in percent; nothing if its rows are not known.
  std::optional<double> percent(const binlog::TableName& table, std::uint64_t changed) const;
};

}  // namespace lifeboat::relay
