/// Walks over a file's chunk map. Errors: kCorruption naming the node, and the store's. Threads: safe from any thread.
#pragma once

#include <cstdint>
#include <functional>

#include "vault/node_reader.h"
#include "vault/types.h"

namespace lifeboat::vault {

/// A hole where the map has nothing.
ChunkRef find_chunk(NodeReader& nodes, const ChunkMap& map, std::uint64_t index);

/// All chunks that are not holes from `first` up to and not including `last`, in order; reads each node once.
void for_each_chunk(NodeReader& nodes, const ChunkMap& map, std::uint64_t first, std::uint64_t last,
                    const std::function<void(std::uint64_t index, const ChunkRef&)>& each);

/// The node `level` levels above the chunks that holds chunk numbers from number * 256^level; null where the map has
/// none there (a hole, inline chunks, or a tree that is not that high).
std::shared_ptr<const ChunkNode> find_chunk_node(NodeReader& nodes, const ChunkMap& map, std::uint8_t level,
                                                 std::uint64_t number);

}  // namespace lifeboat::vault
