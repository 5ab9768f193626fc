#include "relay/seal_plan.h"

#include <algorithm>
#include <bit>

namespace lifeboat::relay {
namespace {

constexpr std::size_t kFanIn = 8;
constexpr std::uint64_t kSmallest = 512;

/// Sizes of one tier differ by a factor of eight at most.
int tier(std::uint64_t size) {
  return static_cast<int>(std::bit_width(std::max(size, kSmallest) / kSmallest) - 1) / 3;
}

/// The parts from `first` on that fit into one.
std::size_t fitting(std::span<const std::uint64_t> sizes, std::size_t first) {
  std::uint64_t size = 0;
  std::size_t last = first;
  while (last < sizes.size() && size + sizes[last] <= kSealedPartBytes) size += sizes[last++];
  return last;
}

}  // namespace

std::optional<Merge> next_merge(std::span<const std::uint64_t> sizes, bool closed) {
  if (closed) {
    for (std::size_t first = 0; first < sizes.size(); first = std::max(first + 1, fitting(sizes, first))) {
      if (const std::size_t last = fitting(sizes, first); last > first + 1) return Merge{first, last};
    }
    return std::nullopt;
  }
  // From the newest back, until there are enough of the largest tier seen.
  int largest = -1;
  std::size_t of_largest = 0;
  std::uint64_t sum = 0;
  for (std::size_t first = sizes.size(); first-- > 0;) {
    sum += sizes[first];
    if (sum > kSealedPartBytes) return std::nullopt;
    const int here = tier(sizes[first]);
    if (here > largest) of_largest = 0;
    largest = std::max(largest, here);
    if (here == largest) ++of_largest;
    if (of_largest == kFanIn) return Merge{first, sizes.size()};
  }
  return std::nullopt;
}

}  // namespace lifeboat::relay
