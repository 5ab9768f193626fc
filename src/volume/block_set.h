/// A sparse set of a file's 4 KiB blocks, asked and changed a chunk's mask at a time.
///
/// Memory: 256 bytes and a hash node per 8 MiB of file that has any block in the set.
/// Threads: a value; the owner locks. Encoding: docs/internals/volume-format.md, "set".
#pragma once

#include <algorithm>
#include <array>
#include <bit>
#include <cstdint>
#include <unordered_map>
#include <vector>

#include "base/bytes.h"
#include "vault/types.h"

namespace lifeboat::volume {

using vault::BlockMask;
using vault::kBlockBytes;
using vault::kBlocksPerChunk;
using vault::kChunkBytes;

/// 64 TiB, the largest InnoDB tablespace of 16 KiB pages: what is kept for each chunk of a file then takes 128 MiB at
/// most, and no sum of offsets overflows.
inline constexpr std::uint64_t kFileBytesMax = std::uint64_t{1} << 46U;
inline constexpr std::uint64_t kChunkNumberMax = kFileBytesMax / kChunkBytes;

/// Blocks `first` to `last` - 1 of one chunk.
constexpr BlockMask mask_between(std::uint32_t first, std::uint32_t last) {
  if (first >= last) return 0;
  return (~BlockMask{0} << first) & (~BlockMask{0} >> (kBlocksPerChunk - last));
}

/// Calls each(chunk, mask) for the chunks that blocks `first` to `last` - 1 of a file lie in.
template <typename Each>
void for_each_mask(std::uint64_t first, std::uint64_t last, Each each) {
  while (first < last) {
    const std::uint64_t chunk = first / kBlocksPerChunk;
    const std::uint64_t end = std::min(last, (chunk + 1) * kBlocksPerChunk);
    each(chunk, mask_between(static_cast<std::uint32_t>(first % kBlocksPerChunk),
                             static_cast<std::uint32_t>(end - chunk * kBlocksPerChunk)));
    first = end;
  }
}

class BlockSet {
 public:
  BlockMask mask(std::uint64_t chunk) const {
    if (pages_.empty()) return 0;
    const auto page = pages_.find(chunk / kPageChunks);
    return page == pages_.end() ? 0 : page->second[chunk % kPageChunks];
  }
  bool contains(std::uint64_t block) const {
    return ((mask(block / kBlocksPerChunk) >> (block % kBlocksPerChunk)) & 1U) != 0;
  }
  /// Whether every block from `first` up to and not including `last` is in the set.
  bool contains_all(std::uint64_t first, std::uint64_t last) const;

  void add(std::uint64_t chunk, BlockMask mask);
  void add_blocks(std::uint64_t first, std::uint64_t last);
  void add_all(const BlockSet& other);
  void remove(std::uint64_t chunk, BlockMask mask);
  void remove_all(const BlockSet& other);
  /// Removes block `first` and all after it.
  void remove_from(std::uint64_t first);
  void clear();

  bool empty() const { return count_ == 0; }
  std::uint64_t count() const { return count_; }  ///< blocks
  std::size_t pages() const { return pages_.size(); }

  /// each(chunk, mask) in ascending order of chunk; the set must not change meanwhile.
  template <typename Each>
  void for_each(Each each) const {
    for (const std::uint64_t number : sorted_pages()) {
      const Page& page = pages_.at(number);
      for (std::size_t i = 0; i < kPageChunks; ++i) {
        if (page[i] != 0) each(number * kPageChunks + i, page[i]);
      }
    }
  }

  void encode(Encoder& out) const;
  static BlockSet decode(Decoder& in);

 private:
  static constexpr std::size_t kPageChunks = 64;
  using Page = std::array<BlockMask, kPageChunks>;
  std::vector<std::uint64_t> sorted_pages() const;

  std::unordered_map<std::uint64_t, Page> pages_;
  std::uint64_t count_ = 0;
};

}  // namespace lifeboat::volume
