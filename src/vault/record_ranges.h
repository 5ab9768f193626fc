/// Which ranges of packs to fetch for a set of records: neighbours go into one get, so that a store with latency is
/// asked seldom and a disk is read in order. Pure.
#pragma once

#include <chrono>
#include <cstdint>
#include <span>
#include <vector>

#include "vault/types.h"

namespace lifeboat::vault {

inline constexpr std::uint32_t kRangeBytesMax = std::uint32_t{4} << 20U;

struct RecordRange {
  Id pack{};
  std::uint32_t offset = 0;
  std::uint32_t size = 0;
  std::vector<std::size_t> members;  ///< indexes of the refs in it, ascending by offset
};

/// The bytes worth fetching for nothing rather than asking once more.
std::uint32_t gap_tolerance(std::chrono::milliseconds latency);

/// In order of pack and offset. No range is larger than kRangeBytesMax unless a single record is.
std::vector<RecordRange> plan_ranges(std::span<const RecordRef> refs, std::uint32_t gap_max);

}  // namespace lifeboat::vault
