/// Codecs of what says where a file's chunks lie: chunk references, chunk maps and chunk nodes.
/// Layout: docs/internals/vault-format.md, "Tree of entries". Pure functions; decoders take untrusted bytes, are
/// bounded by the input and throw kCorruption naming `what`.
#pragma once

#include <array>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "vault/types.h"

namespace lifeboat::vault {

/// 256^6 chunks of 128 KiB are more than a file offset can reach.
inline constexpr std::uint8_t kChunkDepthMax = 6;

/// One node of a chunk map's radix tree. A slot of a node of level L stands for 256^(L-1) chunks.
struct ChunkNode {
  std::uint8_t level = 1;
  std::vector<ChunkRef> chunks;     ///< level 1: kFanout of them
  std::vector<RecordRef> children;  ///< level > 1: kFanout of them; length 0 where there is none

  static ChunkNode empty(std::uint8_t level);
  bool is_empty() const;
  std::size_t memory_bytes() const;
  bool operator==(const ChunkNode&) const = default;
};

Bytes encode_chunk_node(const ChunkNode& node);
ChunkNode decode_chunk_node(ByteView payload, std::string_view what);

/// Inside directory nodes, where pack ids stand in full.
void encode_record_ref(Encoder& out, const RecordRef& ref);
RecordRef decode_record_ref(Decoder& in);
void encode_chunk_map(Encoder& out, const ChunkMap& map);
ChunkMap decode_chunk_map(Decoder& in);

/// Chunks that a tree of `depth` levels reaches; depth 0 reaches kInlineChunksMax.
std::uint64_t chunk_map_reach(std::uint8_t depth);
/// The least depth whose reach is at least `chunks`.
std::uint8_t chunk_map_depth(std::uint64_t chunks);

}  // namespace lifeboat::vault
