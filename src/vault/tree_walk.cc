#include "vault/tree_walk.h"

#include <algorithm>
#include <vector>

#include "base/cancel.h"
#include "base/error.h"

namespace lifeboat::vault {
namespace {

constexpr std::size_t kNodeCacheBytes = std::size_t{16} << 20U;

bool is_damage(const Exception& e) {
  return e.code() == Code::kCorruption || e.code() == Code::kNotFound;
}

std::uint64_t chunks_per_slot(std::uint8_t level) {
  return std::uint64_t{1} << (8U * (level - 1U));
}

}  // namespace

bool TreeVisitor::unreadable(const TreePlace& place, const RecordRef&, const Exception& error) {
  Exception with_context = error;
  with_context.add_context(format("image {}", place.image));
  throw with_context;
}

TreeWalk::TreeWalk(Vault& vault, std::size_t visited_max)
    : vault_(vault), nodes_(vault, kNodeCacheBytes), visited_max_(visited_max) {}

void TreeWalk::image(const ImageName& name, TreeVisitor& visitor) {
  directory(name, load_image(vault_, name).root, visitor);
}

bool TreeWalk::directory(const ImageName& image, const DirectoryNode& node, TreeVisitor& visitor) {
  bool again = false;
  for (const FileEntry& entry : node.entries) {
    if (entry.type == FileType::kFile) again |= file(image, entry, visitor);
  }
  std::vector<RecordRef> records;
  for (const DirectoryChild& child : node.children) {
    if (!visited(child.record)) records.push_back(child.record);
  }
  nodes_.prefetch(records);
  for (const DirectoryChild& child : node.children) {
    again |= directory_child(image, child, static_cast<std::uint8_t>(node.level - 1), visitor);
  }
  return again;
}

bool TreeWalk::directory_child(const ImageName& image, const DirectoryChild& child, std::uint8_t level,
                               TreeVisitor& visitor) {
  throw_if_cancelled();
  if (visited(child.record)) return false;
  const TreePlace place{image, child.first_path, false, 0, 0};
  bool again = visitor.node(place, child.record);
  std::shared_ptr<const DirectoryNode> node;
  try {
    node = nodes_.directory_node(child.record, level);
  } catch (const Exception& e) {
    if (!is_damage(e)) throw;
    return visitor.unreadable(place, child.record, e);
  }
  count(child.record);
  again |= directory(image, *node, visitor);
  if (!again) remember(child.record);
  return again;
}

bool TreeWalk::file(const ImageName& image, const FileEntry& entry, TreeVisitor& visitor) {
  const std::uint64_t chunks = chunk_count(entry.size);
  TreePlace place{image, entry.path, true, 0, chunks};
  if (entry.chunks.depth > 0) return chunk_node(place, chunks, entry.chunks.root, entry.chunks.depth, visitor);
  bool again = false;
  for (const ChunkRef& ref : entry.chunks.inline_chunks) {
    place.last = place.first + 1;
    if (ref.kind != ChunkKind::kHole) again |= visitor.chunk(place, ref);
    ++place.first;
  }
  return again;
}

bool TreeWalk::chunk_node(TreePlace place, std::uint64_t end, const RecordRef& ref, std::uint8_t level,
                          TreeVisitor& visitor) {
  if (visited(ref)) return false;
  // A tree may reach further than its file.
  place.last = std::max(place.first, std::min(end, place.first + chunks_per_slot(level) * kFanout));
  bool again = visitor.node(place, ref);
  std::shared_ptr<const ChunkNode> node;
  try {
    node = nodes_.chunk_node(ref, level);
  } catch (const Exception& e) {
    if (!is_damage(e)) throw;
    return visitor.unreadable(place, ref, e);
  }
  count(ref);
  again |= chunk_slots(place, end, *node, visitor);
  if (!again) remember(ref);
  return again;
}

bool TreeWalk::chunk_slots(const TreePlace& place, std::uint64_t end, const ChunkNode& node, TreeVisitor& visitor) {
  bool again = false;
  TreePlace below = place;
  for (const ChunkRef& ref : node.chunks) {
    below.last = below.first + 1;
    if (ref.kind != ChunkKind::kHole) again |= visitor.chunk(below, ref);
    ++below.first;
  }
  std::vector<RecordRef> records;
  for (const RecordRef& child : node.children) {
    if (child.length > 0 && !visited(child)) records.push_back(child);
  }
  nodes_.prefetch(records);
  for (const RecordRef& child : node.children) {
    if (child.length > 0) {
      again |= chunk_node(below, end, child, static_cast<std::uint8_t>(node.level - 1), visitor);
    }
    below.first += chunks_per_slot(node.level);
  }
  return again;
}

void TreeWalk::remember(const RecordRef& ref) {
  if (visited_.size() >= visited_max_) visited_.clear();
  visited_.insert(numbers_.record(ref));
}

void TreeWalk::count(const RecordRef& ref) {
  ++nodes_read_;
  bytes_read_ += ref.length;
}

}  // namespace lifeboat::vault
