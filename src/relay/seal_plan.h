/// How the parts of one log file in the vault are merged, so that a tail sealed every few seconds leaves few objects
/// and little is uploaded twice: eight neighbours of about one size become one, and a file that is closed is made of
/// parts as large as they get. Pure functions.
#pragma once

#include <cstdint>
#include <optional>
#include <span>

namespace lifeboat::relay {

/// A part is never larger; also what a relay holds of a file in memory.
inline constexpr std::uint64_t kSealedPartBytes = std::uint64_t{8} << 20U;

/// Neighbours to become one: [first, last) of the parts given.
struct Merge {
  std::size_t first = 0;
  std::size_t last = 0;
};

/// `sizes` of the parts of a file, from its beginning; `closed`: it will not grow.
std::optional<Merge> next_merge(std::span<const std::uint64_t> sizes, bool closed);

}  // namespace lifeboat::relay
