#include "volume/inode_table.h"

#include "base/format.h"
#include "volume/fuse_adapter.h"

namespace lifeboat::volume {

void InodeTable::remember(InodeNumber inode, InodeNumber parent, std::string_view name) {
  Shard& part = shard(inode);
  const std::lock_guard lock(part.mutex);
  const auto [found, is_new] = part.entries.try_emplace(inode);
  Entry& entry = found->second;
  if (is_new) {
    entry.parent = parent;
    entry.name = name;
    entry.bypasses_cache = bypasses_page_cache(name);
  }
  ++entry.lookups;
}

void InodeTable::forget(InodeNumber inode, std::uint64_t times) {
  Shard& part = shard(inode);
  const std::lock_guard lock(part.mutex);
  const auto found = part.entries.find(inode);
  if (found == part.entries.end()) return;
  if (found->second.lookups > times) {
    found->second.lookups -= times;
  } else {
    part.entries.erase(found);
  }
}

void InodeTable::renamed(InodeNumber inode, InodeNumber parent, std::string_view name) {
  Shard& part = shard(inode);
  const std::lock_guard lock(part.mutex);
  const auto found = part.entries.find(inode);
  if (found == part.entries.end()) return;
  found->second.parent = parent;
  found->second.name = name;
  found->second.bypasses_cache = bypasses_page_cache(name);
}

bool InodeTable::bypasses_cache(InodeNumber inode) {
  Shard& part = shard(inode);
  const std::lock_guard lock(part.mutex);
  const auto found = part.entries.find(inode);
  return found != part.entries.end() && found->second.bypasses_cache;
}

std::string InodeTable::path(InodeNumber inode) {
  constexpr int kDepthMax = 64;
  std::string path;
  for (int depth = 0; inode != kRootInode && depth < kDepthMax; ++depth) {
    Shard& part = shard(inode);
    const std::lock_guard lock(part.mutex);
    const auto found = part.entries.find(inode);
    if (found == part.entries.end()) return format("inode {}/{}", inode, path);
    path.insert(0, path.empty() ? found->second.name : found->second.name + '/');
    inode = found->second.parent;
  }
  return path.empty() ? "/" : path;
}

}  // namespace lifeboat::volume
