/// One bit per chunk of a file: which chunks of the base are local. Bits are read and set without a lock, so that reads
/// and fetches of one file do not hold each other up; everything else is for the owner of the file's exclusive lock.
#pragma once

#include <atomic>
#include <bit>
#include <cstdint>
#include <memory>
#include <vector>

#include "volume/block_set.h"

namespace lifeboat::volume {

/// Chunks `first` to `last` - 1.
struct ChunkRun {
  std::uint64_t first = 0;
  std::uint64_t last = 0;
  bool operator==(const ChunkRun&) const = default;
};

class ChunkBits {
 public:
  ChunkBits() = default;
  explicit ChunkBits(std::uint64_t size)
      : size_(size), words_(std::make_unique<std::atomic<std::uint64_t>[]>((size + 63) / 64)) {}

  std::uint64_t size() const { return size_; }
  std::uint64_t count() const;
  bool full() const { return count() == size_; }

  bool test(std::uint64_t chunk) const {
    return chunk < size_ && (words_[chunk / 64].load(std::memory_order_acquire) >> (chunk % 64) & 1U) != 0;
  }
  /// Whether it was clear before. False beyond the end.
  bool set(std::uint64_t chunk) {
    if (chunk >= size_) return false;
    const std::uint64_t bit = std::uint64_t{1} << (chunk % 64);
    return (words_[chunk / 64].fetch_or(bit, std::memory_order_acq_rel) & bit) == 0;
  }
  /// Whether it was set before.
  bool reset(std::uint64_t chunk) {
    if (chunk >= size_) return false;
    const std::uint64_t bit = std::uint64_t{1} << (chunk % 64);
    return (words_[chunk / 64].fetch_and(~bit, std::memory_order_acq_rel) & bit) != 0;
  }

  /// A copy with another size; bits beyond it are gone.
  ChunkBits resized(std::uint64_t size) const;
  /// Moves the bits set so far into the result.
  ChunkBits take();

  /// The set bits, ascending.
  std::vector<ChunkRun> runs() const;

 private:
  /// The first set (or clear) bit at or after `from`, or size().
  std::uint64_t next(std::uint64_t from, bool set) const;

  std::uint64_t size_ = 0;
  std::unique_ptr<std::atomic<std::uint64_t>[]> words_;
};

}  // namespace lifeboat::volume
