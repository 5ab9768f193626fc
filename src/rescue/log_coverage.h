/// Whether the log that a relay keeps of a source goes on from a place in that source's history: what makes an image a
/// beginning from which everything after it can be had.
#pragma once

#include <chrono>
#include <string>

#include "base/file.h"
#include "binlog/gtid.h"
#include "relay/log_directory.h"
#include "relay/source_connection.h"

namespace lifeboat::rescue {

/// The GTID position at `at` as the log in `relay_directory` has it. Waits up to `patience` for a relay that is a
/// little behind. kRefused if the log does not hold the place: none is kept, it begins later, or it does not get there;
/// the hint says what to do.
binlog::GtidPosition require_log(const Path& relay_directory, const relay::SourceAddress& source,
                                 const relay::LogPosition& at, std::chrono::milliseconds patience);

}  // namespace lifeboat::rescue
