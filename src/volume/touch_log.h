/// Which chunks were read, in order of first touch: what the next boot of this image will want first.
/// Threads: safe from any; a touch that is not the first costs one atomic load.
#pragma once

#include <atomic>
#include <cstdint>
#include <mutex>
#include <vector>

namespace lifeboat::volume {

struct TouchedChunk {
  std::uint64_t inode = 0;
  std::uint64_t chunk = 0;
};

class TouchLog {
 public:
  /// 8 GiB of chunks: far more than a boot reads, and 1 MiB of memory.
  static constexpr std::size_t kMax = std::size_t{1} << 16U;

  bool open() const { return open_.load(std::memory_order_relaxed); }
  void add(TouchedChunk touched) {
    const std::scoped_lock lock(mutex_);
    if (log_.size() < kMax) log_.push_back(touched);
    if (log_.size() >= kMax) open_ = false;
  }
  std::vector<TouchedChunk> copy() const {
    const std::scoped_lock lock(mutex_);
    return log_;
  }

 private:
  std::atomic<bool> open_{true};
  mutable std::mutex mutex_;
  std::vector<TouchedChunk> log_;
};

}  // namespace lifeboat::volume
