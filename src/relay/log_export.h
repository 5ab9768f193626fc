/// A stretch of a kept log as one binary log file that `mariadb-binlog` reads, some transactions left out: for
/// `mariadb-binlog … | mariadb` into a server that has what was before.
///
/// Events are written as they are but for their end positions (and so their CRCs), which are those of the new file.
/// Threads: one at a time. Errors: kNotFound (the log does not hold the place asked for), kUsage, errno's, kCorruption.
/// Memory: one buffer of 1 MiB whatever an event's size.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <set>
#include <string>

#include "base/bytes.h"
#include "base/units.h"
#include "relay/log_directory.h"

namespace lifeboat::relay {

struct LogExportOptions {
  /// A position as in gtid_slave_pos: everything after it. Nothing: from the log's beginning.
  std::optional<std::string> from_position;
  std::optional<SystemTime> from_time;     ///< from the first group that is not older, by the source's clock
  std::optional<std::string> to_position;  ///< up to these transactions, and with them
  std::optional<SystemTime> to_time;       ///< up to the first group that is not older, without it
  std::set<std::string> skip;              ///< GTIDs
};

struct LogExportReport {
  std::uint64_t groups = 0;
  std::uint64_t skipped = 0;
  std::uint64_t bytes = 0;
  std::string first_gtid;
  std::string last_gtid;
};

LogExportReport export_log(const LogDirectory& log, const LogExportOptions& options,
                           const std::function<void(ByteView)>& write);

}  // namespace lifeboat::relay
