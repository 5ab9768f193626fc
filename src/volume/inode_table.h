/// What the kernel remembers of a volume's inodes: how often it looked each up, and under which name last. From the
/// name follow the caching rule of a file and its path in messages. Threads: safe from any.
#pragma once

#include <array>
#include <mutex>
#include <string>
#include <string_view>
#include <unordered_map>

#include "volume/volume.h"

namespace lifeboat::volume {

class InodeTable {
 public:
  /// The kernel was told of `inode` as `name` in `parent` once more.
  void remember(InodeNumber inode, InodeNumber parent, std::string_view name);
  void forget(InodeNumber inode, std::uint64_t times);
  void renamed(InodeNumber inode, InodeNumber parent, std::string_view name);
  bool bypasses_cache(InodeNumber inode);
  /// For messages: the path inside the volume as last known.
  std::string path(InodeNumber inode);

 private:
  struct Entry {
    std::uint64_t lookups = 0;
    InodeNumber parent = 0;
    std::string name;
    bool bypasses_cache = false;
  };
  struct Shard {
    std::mutex mutex;
    std::unordered_map<InodeNumber, Entry> entries;
  };
  Shard& shard(InodeNumber inode) { return shards_[inode % shards_.size()]; }

  std::array<Shard, 32> shards_;
};

}  // namespace lifeboat::volume
