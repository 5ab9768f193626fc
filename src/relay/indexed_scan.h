/// How far a kept file is good, found without reading all of it: a group is in the index only once it was durable, so
/// what the index covers is there, and what follows is read and judged event by event. It tells what scan_log_file
/// tells, but for damage that the disk did to what was written well before: that is for `log verify` to find.
///
/// Threads: free functions. Errors: errno's. Memory: constant.
#pragma once

#include "relay/log_scan.h"

namespace lifeboat::relay {

/// `limit`: how much of the file counts.
LogScan scan_indexed_file(const Path& path, std::uint64_t limit = ~std::uint64_t{0});

/// Where the last whole group of a file ends that will not grow: nobody is served what a crash of the source left
/// behind it without an end. Reads the file only if its last event does not say that it was closed in good order.
/// `next`: the file after it.
std::uint64_t find_closed_end(const Path& path, binlog::Checksum checksum, std::string_view next);

}  // namespace lifeboat::relay
