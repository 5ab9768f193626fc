/// The vault's vocabulary: blocks, chunks, records and where they lie. Layouts: docs/internals/vault-format.md.
#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"

namespace lifeboat::vault {

inline constexpr std::uint16_t kFormatVersion = 1;

/// Files are cut at fixed offsets into chunks; a chunk is 32 blocks, so a set of blocks is one 32-bit mask.
/// A chunk's content is what the file holds there followed by zeros up to kChunkBytes; the file's size cuts it.
inline constexpr std::uint32_t kBlockBytes = 4096;
inline constexpr std::uint32_t kBlocksPerChunk = 32;
inline constexpr std::uint32_t kChunkBytes = kBlockBytes * kBlocksPerChunk;  // 128 KiB
using BlockMask = std::uint32_t;                                             ///< bit i: block i of a chunk

constexpr std::uint64_t chunk_count(std::uint64_t file_size) {
  return (file_size + kChunkBytes - 1) / kChunkBytes;
}

using Id = std::array<std::uint8_t, 16>;
/// XOR over the chunk's non-zero blocks of a keyed PRF of (block number, block): a chunk of zeros has digest zero, and
/// changing a block changes the digest by the PRFs of the old and the new block. 128 bits, secret, only ever sealed.
using Digest = std::array<std::uint8_t, 16>;

/// A sealed record inside a pack object.
struct RecordRef {
  Id pack{};
  std::uint32_t offset = 0;  ///< of the ciphertext in the pack
  std::uint32_t length = 0;  ///< of ciphertext and tag
  auto operator<=>(const RecordRef&) const = default;
};

enum class ChunkKind : std::uint8_t {
  kHole = 0,   ///< all zeros, stored nowhere
  kPlain = 1,  ///< `record` holds the whole content
  kDelta = 2,  ///< `record` holds the blocks that differ from the plain chunk in `base`
};

/// Where a chunk's content lies. Equal digests mean equal content.
struct ChunkRef {
  ChunkKind kind = ChunkKind::kHole;
  RecordRef record;  ///< kPlain, kDelta
  RecordRef base;    ///< kDelta: always a plain chunk's record
  Digest digest{};
  bool operator==(const ChunkRef&) const = default;
};

enum class FileType : std::uint8_t { kFile = 1, kDirectory = 2, kSymlink = 3 };

/// A file's chunks: none, a few inline, or the root node of a radix tree of 256-way nodes over chunk numbers.
struct ChunkMap {
  std::uint8_t depth = 0;  ///< 0: `inline_chunks`; n: `root` is a node n levels above the chunks (1 = leaf)
  std::vector<ChunkRef> inline_chunks;  ///< chunk 0…; fewer than chunk_count() means the rest are holes
  RecordRef root;                       ///< depth > 0
  bool operator==(const ChunkMap&) const = default;
};
inline constexpr std::size_t kInlineChunksMax = 4;
inline constexpr std::uint32_t kFanout = 256;

struct FileEntry {
  std::string path;  ///< relative to the image's root, '/' between parts, no leading '/'
  FileType type = FileType::kFile;
  std::uint32_t mode = 0600;  ///< permission bits
  std::uint32_t uid = 0;
  std::uint32_t gid = 0;
  std::int64_t mtime_ns = 0;
  std::uint64_t size = 0;
  std::string link_target;  ///< kSymlink
  ChunkMap chunks;          ///< kFile
  bool operator==(const FileEntry&) const = default;
};

std::string id_text(const Id& id);
/// Empty unless `hex` is 32 hex digits.
std::optional<Id> find_id(std::string_view hex);
/// As find_id, but throws kUsage.
Id id_from_text(std::string_view hex);
Id random_id();

}  // namespace lifeboat::vault
