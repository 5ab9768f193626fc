#include "volume/chunk_bits.h"

#include <algorithm>

namespace lifeboat::volume {

std::uint64_t ChunkBits::count() const {
  std::uint64_t bits = 0;
  for (std::uint64_t i = 0; i < (size_ + 63) / 64; ++i) {
    bits += static_cast<std::uint64_t>(std::popcount(words_[i].load(std::memory_order_relaxed)));
  }
  return bits;
}

ChunkBits ChunkBits::resized(std::uint64_t size) const {
  ChunkBits copy(size);
  for (std::uint64_t i = 0; i < (std::min(size, size_) + 63) / 64; ++i) {
    std::uint64_t word = words_[i].load(std::memory_order_relaxed);
    if (size < (i + 1) * 64) word &= ~std::uint64_t{0} >> ((i + 1) * 64 - size);
    copy.words_[i].store(word, std::memory_order_relaxed);
  }
  return copy;
}

ChunkBits ChunkBits::take() {
  ChunkBits taken(size_);
  for (std::uint64_t i = 0; i < (size_ + 63) / 64; ++i) {
    taken.words_[i].store(words_[i].exchange(0, std::memory_order_acq_rel), std::memory_order_relaxed);
  }
  return taken;
}

std::uint64_t ChunkBits::next(std::uint64_t from, bool set) const {
  while (from < size_) {
    std::uint64_t word = words_[from / 64].load(std::memory_order_relaxed);
    if (!set) word = ~word;
    word >>= from % 64;
    if (word != 0) return std::min(size_, from + static_cast<std::uint64_t>(std::countr_zero(word)));
    from = (from / 64 + 1) * 64;
  }
  return size_;
}

std::vector<ChunkRun> ChunkBits::runs() const {
  std::vector<ChunkRun> runs;
  for (std::uint64_t first = next(0, true); first < size_;) {
    const std::uint64_t last = next(first, false);
    runs.push_back({first, last});
    first = next(last, true);
  }
  return runs;
}

}  // namespace lifeboat::volume
