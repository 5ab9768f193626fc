/// A file of JSON objects, one a line, that is only ever appended to.
///
/// What a crash or a full disk leaves of a line is never a record: the next one begins on a line of its own, and
/// readers pass over what they cannot read, and say how many lines that were.
///
/// Threads: free functions; several processes may append at once. Errors: errno's; kCorruption for a file larger than
/// it can get in years. Durability: what was appended survives power loss when append_line returns.
#pragma once

#include <vector>

#include "base/file.h"
#include "base/json.h"

namespace lifeboat::rescue {

struct ForecastLines {
  std::vector<json::object> objects;  ///< in the order in which they were written
  std::size_t damaged = 0;            ///< lines that are none
};

/// Longer ones are not written, and none when read.
inline constexpr std::size_t kForecastLineMax = std::size_t{64} << 10U;

void append_line(const Path& file, const json::object& object);
/// Nothing if there is no such file.
ForecastLines read_lines(const Path& file);

}  // namespace lifeboat::rescue
