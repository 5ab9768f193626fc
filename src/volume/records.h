/// The records of a volume's journal. Layout: docs/internals/volume-format.md, "Records". Decoding is for untrusted
/// bytes: kCorruption naming what is wrong.
#pragma once

#include <cstdint>
#include <string>
#include <variant>
#include <vector>

#include "base/bytes.h"
#include "vault/types.h"
#include "volume/block_set.h"
#include "volume/chunk_bits.h"

namespace lifeboat::volume {

inline constexpr std::uint64_t kNoLimit = ~std::uint64_t{0};

enum class LayerRole : std::uint8_t { kCurrent = 0, kFrozen = 1 };

struct ImageRecord {
  std::string image;
  bool frozen_committed = false;
  std::uint64_t next_inode = 0;
  std::uint64_t next_data = 0;
};
struct NodeRecord {
  std::uint64_t inode = 0;
  std::uint64_t parent = 0;
  std::string name;
  vault::FileType type = vault::FileType::kFile;
  std::uint32_t mode = 0;
  std::uint32_t uid = 0;
  std::uint32_t gid = 0;
  std::int64_t mtime_ns = 0;
  std::uint64_t size = 0;
  std::string link_target;
  bool changed = false;
  std::string image_path;
  std::uint64_t image_size = 0;
};
struct RemoveRecord {
  std::uint64_t inode = 0;
};
struct RenameRecord {
  std::uint64_t inode = 0;
  std::uint64_t new_parent = 0;
  std::string new_name;
};
struct AttributesRecord {
  std::uint64_t inode = 0;
  std::uint32_t mode = 0;
  std::uint32_t uid = 0;
  std::uint32_t gid = 0;
  std::int64_t mtime_ns = 0;
};
struct ResizeRecord {
  std::uint64_t inode = 0;
  std::uint64_t size = 0;
  std::int64_t mtime_ns = 0;
};
struct FreezeRecord {};
struct MarksRecord {
  std::uint64_t inode = 0;
  LayerRole role = LayerRole::kCurrent;
  std::uint64_t data = 0;
  std::uint64_t size = 0;
  std::int64_t mtime_ns = 0;
  BlockSet marks;
};
struct LayerRecord {
  std::uint64_t inode = 0;
  LayerRole role = LayerRole::kCurrent;
  bool drops_frozen = false;
  std::uint64_t data = 0;
  std::uint64_t limit = kNoLimit;
  std::vector<std::uint64_t> tails;
  BlockSet marks;
};
struct BaseRecord {
  std::uint64_t inode = 0;
  bool drops_frozen = false;
  std::uint64_t data = 0;
  std::vector<ChunkRun> hydrated;
};
struct HydratedRecord {
  std::uint64_t inode = 0;
  std::uint64_t data = 0;
  std::vector<ChunkRun> added;
};
struct EvictedRecord {
  std::uint64_t inode = 0;
  std::vector<ChunkRun> removed;
};
struct GoneRecord {
  std::string path;
};
struct OpenedRecord {
  std::uint64_t random = 0;
};

/// In the order of their type numbers, from 1.
using Record =
    std::variant<ImageRecord, NodeRecord, RemoveRecord, RenameRecord, AttributesRecord, ResizeRecord, FreezeRecord,
                 MarksRecord, LayerRecord, BaseRecord, HydratedRecord, EvictedRecord, GoneRecord, OpenedRecord>;

void encode_record(Encoder& out, const Record& record);
Bytes encode_record(const Record& record);
/// A payload may hold several records; call until nothing is left.
Record decode_record(Decoder& in);

}  // namespace lifeboat::volume
