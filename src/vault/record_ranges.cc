#include "vault/record_ranges.h"

#include <algorithm>
#include <numeric>

namespace lifeboat::vault {

std::uint32_t gap_tolerance(std::chrono::milliseconds latency) {
  constexpr std::uint32_t kLocalGapBytes = 16U << 10U;
  constexpr std::uint32_t kRemoteGapBytes = 512U << 10U;
  return latency.count() > 0 ? kRemoteGapBytes : kLocalGapBytes;
}

std::vector<RecordRange> plan_ranges(std::span<const RecordRef> refs, std::uint32_t gap_max) {
  std::vector<std::size_t> order(refs.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::ranges::sort(order, {}, [&](std::size_t i) -> const RecordRef& { return refs[i]; });
  std::vector<RecordRange> ranges;
  for (const std::size_t i : order) {
    const RecordRef& ref = refs[i];
    const std::uint64_t end = std::uint64_t{ref.offset} + ref.length;
    if (!ranges.empty() && ranges.back().pack == ref.pack) {
      RecordRange& last = ranges.back();
      const std::uint64_t last_end = std::uint64_t{last.offset} + last.size;
      if (ref.offset <= last_end + gap_max && end - last.offset <= std::max(kRangeBytesMax, last.size)) {
        last.size = static_cast<std::uint32_t>(std::max(end, last_end) - last.offset);
        last.members.push_back(i);
        continue;
      }
    }
    ranges.push_back({ref.pack, ref.offset, ref.length, {i}});
  }
  return ranges;
}

}  // namespace lifeboat::vault
