/// Which of a file's log parts to read, and which are needed no more because another holds their bytes, too.
/// Pure functions of names.
#pragma once

#include <cstdint>
#include <vector>

#include "vault/log_parts.h"

namespace lifeboat::vault {

/// The fewest parts that hold a file's bytes without a hole, and how far they reach.
struct LogCover {
  std::vector<ListedLogPart> parts;  ///< ascending; each begins where the one before ends, or earlier
  std::uint64_t end = 0;             ///< bytes [0, end) are covered
  bool closed = false;               ///< the file ends there
  std::uint64_t known_end = 0;       ///< the farthest that any part reaches: beyond `end`, something is missing

  bool whole() const { return end == known_end; }
};

/// `parts` are of one file, in any order.
LogCover cover_log_file(std::vector<ListedLogPart> parts);

/// The parts of each file, ascending by stream and file. `parts` as listed.
std::vector<std::vector<ListedLogPart>> split_by_file(const std::vector<ListedLogPart>& parts);

/// The parts of one file told apart by whether another one of them holds their bytes, too.
struct LogPartsSplit {
  std::vector<ListedLogPart> needed;  ///< ascending
  std::vector<ListedLogPart> superseded;
};
LogPartsSplit split_superseded(std::vector<ListedLogPart> parts);

}  // namespace lifeboat::vault
