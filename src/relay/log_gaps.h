/// Where a kept log does not continue: judged by what each file says that it begins after, against what is kept before
/// it; never by names or by arithmetic on sequence numbers, which may jump or repeat.
///
/// Threads: any. Errors: errno's, kCorruption. MariaDB's logs; of a file whose head tells no position nothing is known.
#pragma once

#include <string>
#include <vector>

#include "base/file.h"

namespace lifeboat::relay {

struct LogGap {
  std::string incarnation;
  std::string file;     ///< that begins after the gap
  std::string kept_to;  ///< what is kept before it, as a GTID position
  std::string begins;   ///< what the file begins after
  bool lost = false;    ///< it begins after more than is kept; else the two merely differ (a new history)
};

struct LogContinuity {
  std::vector<LogGap> gaps;
  std::string begins;  ///< what the oldest file kept begins after; empty: nothing, the log is complete from the start
  std::string ends;
  std::uint64_t files = 0;
};

/// Of all incarnations of one source.
LogContinuity judge_continuity(const Path& source_directory);

}  // namespace lifeboat::relay
