#include "volume/records.h"

#include <utility>

namespace lifeboat::volume {

namespace {

constexpr std::size_t kNameBytesMax = 255;
constexpr std::size_t kPathBytesMax = 4096;

void put_runs(Encoder& out, const std::vector<ChunkRun>& runs) {
  out.varint(runs.size());
  std::uint64_t at = 0;
  for (const ChunkRun& run : runs) {
    out.varint(run.first - at);
    out.varint(run.last - run.first);
    at = run.last;
  }
}

std::vector<ChunkRun> take_runs(Decoder& in) {
  std::vector<ChunkRun> runs(in.count(2));
  std::uint64_t at = 0;
  for (ChunkRun& run : runs) {
    const std::uint64_t distance = in.varint();
    const std::uint64_t length = in.varint();
    if (distance > kChunkNumberMax || length > kChunkNumberMax || at + distance + length > kChunkNumberMax) {
      in.bad("chunk number out of range");
    }
    run = {at + distance, at + distance + length};
    at = run.last;
  }
  return runs;
}

bool take_flag(Decoder& in) {
  const std::uint8_t value = in.u8();
  if (value > 1) in.bad("not a flag");
  return value == 1;
}

std::uint32_t take_u32(Decoder& in) {
  const std::uint64_t value = in.varint();
  if (value > 0xffffffffU) in.bad("number out of range");
  return static_cast<std::uint32_t>(value);
}

std::uint64_t take_size(Decoder& in) {
  const std::uint64_t value = in.varint();
  if (value > kFileBytesMax) in.bad("size out of range");
  return value;
}

LayerRole take_role(Decoder& in) {
  return take_flag(in) ? LayerRole::kFrozen : LayerRole::kCurrent;
}

void put(Encoder& out, const ImageRecord& r) {
  out.text(r.image);
  out.u8(r.frozen_committed ? 1 : 0);
  out.varint(r.next_inode);
  out.varint(r.next_data);
}
void take(Decoder& in, ImageRecord& r) {
  r.image = in.text(kNameBytesMax);
  r.frozen_committed = take_flag(in);
  r.next_inode = in.varint();
  r.next_data = in.varint();
}

void put(Encoder& out, const NodeRecord& r) {
  out.varint(r.inode);
  out.varint(r.parent);
  out.text(r.name);
  out.u8(std::to_underlying(r.type));
  out.varint(r.mode);
  out.varint(r.uid);
  out.varint(r.gid);
  out.svarint(r.mtime_ns);
  out.varint(r.size);
  out.text(r.link_target);
  out.u8(r.changed ? 1 : 0);
  out.text(r.image_path);
  out.varint(r.image_size);
}
void take(Decoder& in, NodeRecord& r) {
  r.inode = in.varint();
  r.parent = in.varint();
  r.name = in.text(kNameBytesMax);
  const std::uint8_t type = in.u8();
  if (type < 1 || type > 3) in.bad("unknown file type");
  r.type = static_cast<vault::FileType>(type);
  r.mode = take_u32(in);
  r.uid = take_u32(in);
  r.gid = take_u32(in);
  r.mtime_ns = in.svarint();
  r.size = take_size(in);
  r.link_target = in.text(kPathBytesMax);
  r.changed = take_flag(in);
  r.image_path = in.text(kPathBytesMax);
  r.image_size = take_size(in);
}

void put(Encoder& out, const RemoveRecord& r) {
  out.varint(r.inode);
}
void take(Decoder& in, RemoveRecord& r) {
  r.inode = in.varint();
}

void put(Encoder& out, const RenameRecord& r) {
  out.varint(r.inode);
  out.varint(r.new_parent);
  out.text(r.new_name);
}
void take(Decoder& in, RenameRecord& r) {
  r.inode = in.varint();
  r.new_parent = in.varint();
  r.new_name = in.text(kNameBytesMax);
}

void put(Encoder& out, const AttributesRecord& r) {
  out.varint(r.inode);
  out.varint(r.mode);
  out.varint(r.uid);
  out.varint(r.gid);
  out.svarint(r.mtime_ns);
}
void take(Decoder& in, AttributesRecord& r) {
  r.inode = in.varint();
  r.mode = take_u32(in);
  r.uid = take_u32(in);
  r.gid = take_u32(in);
  r.mtime_ns = in.svarint();
}

void put(Encoder& out, const ResizeRecord& r) {
  out.varint(r.inode);
  out.varint(r.size);
  out.svarint(r.mtime_ns);
}
void take(Decoder& in, ResizeRecord& r) {
  r.inode = in.varint();
  r.size = take_size(in);
  r.mtime_ns = in.svarint();
}

void put(Encoder& /*out*/, const FreezeRecord& /*r*/) {}
void take(Decoder& /*in*/, FreezeRecord& /*r*/) {}

void put(Encoder& out, const MarksRecord& r) {
  out.varint(r.inode);
  out.u8(std::to_underlying(r.role));
  out.varint(r.data);
  out.varint(r.size);
  out.svarint(r.mtime_ns);
  r.marks.encode(out);
}
void take(Decoder& in, MarksRecord& r) {
  r.inode = in.varint();
  r.role = take_role(in);
  r.data = in.varint();
  r.size = take_size(in);
  r.mtime_ns = in.svarint();
  r.marks = BlockSet::decode(in);
}

void put(Encoder& out, const LayerRecord& r) {
  out.varint(r.inode);
  out.u8(std::to_underlying(r.role));
  out.u8(r.drops_frozen ? 1 : 0);
  out.varint(r.data);
  out.varint(r.limit + 1);  // no limit wraps to 0
  out.varint(r.tails.size());
  for (const std::uint64_t tail : r.tails) out.varint(tail);
  r.marks.encode(out);
}
void take(Decoder& in, LayerRecord& r) {
  r.inode = in.varint();
  r.role = take_role(in);
  r.drops_frozen = take_flag(in);
  r.data = in.varint();
  r.limit = in.varint() - 1;
  if (r.limit != kNoLimit && r.limit > kFileBytesMax) in.bad("limit out of range");
  r.tails.resize(in.count());
  for (std::uint64_t& tail : r.tails) tail = take_size(in);
  r.marks = BlockSet::decode(in);
}

void put(Encoder& out, const BaseRecord& r) {
  out.varint(r.inode);
  out.u8(r.drops_frozen ? 1 : 0);
  out.varint(r.data);
  put_runs(out, r.hydrated);
}
void take(Decoder& in, BaseRecord& r) {
  r.inode = in.varint();
  r.drops_frozen = take_flag(in);
  r.data = in.varint();
  r.hydrated = take_runs(in);
}

void put(Encoder& out, const HydratedRecord& r) {
  out.varint(r.inode);
  out.varint(r.data);
  put_runs(out, r.added);
}
void take(Decoder& in, HydratedRecord& r) {
  r.inode = in.varint();
  r.data = in.varint();
  r.added = take_runs(in);
}

void put(Encoder& out, const EvictedRecord& r) {
  out.varint(r.inode);
  put_runs(out, r.removed);
}
void take(Decoder& in, EvictedRecord& r) {
  r.inode = in.varint();
  r.removed = take_runs(in);
}

void put(Encoder& out, const GoneRecord& r) {
  out.text(r.path);
}
void take(Decoder& in, GoneRecord& r) {
  r.path = in.text(kPathBytesMax);
}

void put(Encoder& out, const OpenedRecord& r) {
  out.u64(r.random);
}
void take(Decoder& in, OpenedRecord& r) {
  r.random = in.u64();
}

template <std::size_t... I>
Record decode_type(Decoder& in, std::size_t type, std::index_sequence<I...> /*types*/) {
  Record record;
  const bool known = ((type == I && (take(in, record.emplace<I>()), true)) || ...);
  if (!known) in.bad("unknown record type");
  return record;
}

}  // namespace

void encode_record(Encoder& out, const Record& record) {
  out.u8(static_cast<std::uint8_t>(record.index() + 1));
  std::visit([&](const auto& r) { put(out, r); }, record);
}

Bytes encode_record(const Record& record) {
  Encoder out;
  encode_record(out, record);
  return out.take();
}

Record decode_record(Decoder& in) {
  const std::size_t type = in.u8();
  if (type == 0) in.bad("unknown record type");
  return decode_type(in, type - 1, std::make_index_sequence<std::variant_size_v<Record>>());
}

}  // namespace lifeboat::volume
