#include "volume/node.h"

#include <algorithm>

namespace lifeboat::volume {

bool Layer::shrink(std::uint64_t size) {
  const std::uint64_t end_block = (size + kBlockBytes - 1) / kBlockBytes;
  const std::uint64_t before = marks.count();
  marks.remove_from(end_block);
  pending.remove_from(end_block);
  syncing.remove_from(end_block);
  limit = std::min(limit, size);
  std::erase_if(tails, [&](const Tail& tail) { return tail.offset >= size; });
  const bool inside = size % kBlockBytes != 0 && marks.contains(size / kBlockBytes);
  if (inside) tails.push_back({size, false});
  return inside || marks.count() != before;
}

BlockSet Layer::journaled_marks() const {
  BlockSet journaled = marks;
  journaled.remove_all(pending);
  journaled.remove_all(syncing);
  return journaled;
}

File::File(Node& owner) : node(owner) {
  const std::uint64_t chunks = vault::chunk_count(owner.image_path.empty() ? 0 : owner.image_size);
  hydrated = ChunkBits(chunks);
  hydrated_pending = ChunkBits(chunks);
  touched = ChunkBits(chunks);
}

std::uint64_t File::base_end() const {
  std::uint64_t end = node.image_path.empty() ? 0 : node.image_size;
  if (frozen) end = std::min(end, frozen->limit);
  return end;
}

}  // namespace lifeboat::volume
