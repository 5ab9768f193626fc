#include "vault/chunk_tree.h"

#include <algorithm>
#include <vector>

namespace lifeboat::vault {

namespace {

/// Subtrees of a level-2 node, whose leaves mostly lie side by side, are fetched together.
constexpr std::uint8_t kPrefetchLevel = 2;

struct Walk {
  NodeReader& nodes;
  std::uint64_t first;
  std::uint64_t last;
  const std::function<void(std::uint64_t, const ChunkRef&)>& each;

  /// Visits what the node, whose first chunk is `start`, has in [first, last).
  void visit(const RecordRef& ref, std::uint8_t level, std::uint64_t start) const {
    const auto node = nodes.chunk_node(ref, level);
    const std::uint64_t span = std::uint64_t{1} << (8U * (level - 1U));
    const std::uint64_t from = first > start ? (first - start) / span : 0;
    const std::uint64_t to = std::min<std::uint64_t>(kFanout, (last - start + span - 1) / span);
    if (level == kPrefetchLevel && to - from > 1) prefetch(*node, from, to);
    for (std::uint64_t slot = from; slot < to; ++slot) {
      if (level == 1) {
        if (node->chunks[slot].kind != ChunkKind::kHole) each(start + slot, node->chunks[slot]);
      } else if (node->children[slot].length != 0) {
        visit(node->children[slot], static_cast<std::uint8_t>(level - 1), start + slot * span);
      }
    }
  }

  void prefetch(const ChunkNode& node, std::uint64_t from, std::uint64_t to) const {
    std::vector<RecordRef> refs;
    for (std::uint64_t slot = from; slot < to; ++slot) {
      if (node.children[slot].length != 0) refs.push_back(node.children[slot]);
    }
    nodes.prefetch(refs);
  }
};

}  // namespace

std::shared_ptr<const ChunkNode> find_chunk_node(NodeReader& nodes, const ChunkMap& map, std::uint8_t level,
                                                 std::uint64_t number) {
  if (map.depth < level) return nullptr;
  if (number >> (8U * (map.depth - level)) != 0) return nullptr;
  RecordRef ref = map.root;
  for (std::uint8_t at = map.depth; at > level; --at) {
    const auto slot = (number >> (8U * (at - level - 1U))) % kFanout;
    const RecordRef child = nodes.chunk_node(ref, at)->children[slot];
    if (child.length == 0) return nullptr;
    ref = child;
  }
  return nodes.chunk_node(ref, level);
}

ChunkRef find_chunk(NodeReader& nodes, const ChunkMap& map, std::uint64_t index) {
  if (map.depth == 0) return index < map.inline_chunks.size() ? map.inline_chunks[index] : ChunkRef{};
  const auto leaf = find_chunk_node(nodes, map, 1, index / kFanout);
  return leaf ? leaf->chunks[index % kFanout] : ChunkRef{};
}

void for_each_chunk(NodeReader& nodes, const ChunkMap& map, std::uint64_t first, std::uint64_t last,
                    const std::function<void(std::uint64_t index, const ChunkRef&)>& each) {
  if (map.depth == 0) {
    for (std::uint64_t i = first; i < std::min<std::uint64_t>(last, map.inline_chunks.size()); ++i) {
      if (map.inline_chunks[i].kind != ChunkKind::kHole) each(i, map.inline_chunks[i]);
    }
    return;
  }
  last = std::min(last, chunk_map_reach(map.depth));
  if (first < last) Walk{nodes, first, last, each}.visit(map.root, map.depth, 0);
}

}  // namespace lifeboat::vault
