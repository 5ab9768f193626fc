#include "vault/chunk_nodes.h"

#include <algorithm>
#include <map>

#include "base/error.h"

namespace lifeboat::vault {

namespace {

/// A sealed record holds at least a codec byte and a tag; the index of a pack gives lengths below 2^32.
constexpr std::uint32_t kRecordBytesMin = 17;

/// Pack ids of one node, each written once; references hold the index.
class PackTable {
 public:
  std::uint64_t index_of(const Id& pack) {
    // Neighbouring slots mostly lie in the same pack.
    if (!packs_.empty() && packs_[last_] == pack) return last_;
    const auto [at, fresh] = indexes_.try_emplace(pack, packs_.size());
    if (fresh) packs_.push_back(pack);
    last_ = at->second;
    return last_;
  }
  const std::vector<Id>& packs() const { return packs_; }

 private:
  std::vector<Id> packs_;
  std::map<Id, std::size_t> indexes_;
  std::size_t last_ = 0;
};

Id decode_id(Decoder& in) {
  Id id;
  std::ranges::copy(in.raw(id.size()), id.begin());
  return id;
}

std::uint32_t decode_u32_varint(Decoder& in) {
  const std::uint64_t value = in.varint();
  if (value > UINT32_MAX) in.bad("number too large");
  return static_cast<std::uint32_t>(value);
}

void encode_place(Encoder& out, const RecordRef& ref) {
  out.varint(ref.offset);
  out.varint(ref.length);
}

void decode_place(Decoder& in, RecordRef& ref) {
  ref.offset = decode_u32_varint(in);
  ref.length = decode_u32_varint(in);
  if (ref.length < kRecordBytesMin) in.bad("record reference too short");
}

/// `encode_ref` writes a record reference: with a pack table's index, or with the id in full.
template <typename EncodeRef>
void encode_chunk_ref(Encoder& out, const ChunkRef& ref, const EncodeRef& encode_ref) {
  out.u8(static_cast<std::uint8_t>(ref.kind));
  if (ref.kind == ChunkKind::kHole) return;
  encode_ref(out, ref.record);
  if (ref.kind == ChunkKind::kDelta) encode_ref(out, ref.base);
  out.raw(ref.digest);
}

template <typename DecodeRef>
ChunkRef decode_chunk_ref(Decoder& in, bool hole_allowed, const DecodeRef& decode_ref) {
  ChunkRef ref;
  const std::uint8_t kind = in.u8();
  if (kind > static_cast<std::uint8_t>(ChunkKind::kDelta)) in.bad("unknown kind of chunk");
  ref.kind = static_cast<ChunkKind>(kind);
  if (ref.kind == ChunkKind::kHole) {
    if (!hole_allowed) in.bad("a hole among present chunks");
    return ref;
  }
  ref.record = decode_ref(in);
  if (ref.kind == ChunkKind::kDelta) ref.base = decode_ref(in);
  std::ranges::copy(in.raw(ref.digest.size()), ref.digest.begin());
  return ref;
}

/// Calls `put(slot)` for the present slots between the runs' lengths.
template <typename Present, typename Put>
void encode_runs(Encoder& out, const Present& present, const Put& put) {
  std::size_t slot = 0;
  while (slot < kFanout) {
    const std::size_t absent_from = slot;
    while (slot < kFanout && !present(slot)) ++slot;
    const std::size_t present_from = slot;
    while (slot < kFanout && present(slot)) ++slot;
    out.varint(present_from - absent_from);
    out.varint(slot - present_from);
    for (std::size_t i = present_from; i < slot; ++i) put(i);
  }
}

template <typename Get>
void decode_runs(Decoder& in, const Get& get) {
  std::size_t slot = 0;
  while (slot < kFanout) {
    const std::uint64_t absent = in.varint();
    const std::uint64_t present = in.varint();
    if (absent > kFanout - slot || present > kFanout - slot - absent || absent + present == 0)
      in.bad("bad run of slots");
    slot += absent;
    for (const std::size_t end = slot + present; slot < end; ++slot) get(slot);
  }
}

Bytes encode_body(const ChunkNode& node, PackTable& table) {
  Encoder out;
  const auto ref_by_table = [&](Encoder& to, const RecordRef& ref) {
    to.varint(table.index_of(ref.pack));
    encode_place(to, ref);
  };
  if (node.level == 1) {
    encode_runs(
        out, [&](std::size_t slot) { return node.chunks[slot].kind != ChunkKind::kHole; },
        [&](std::size_t slot) { encode_chunk_ref(out, node.chunks[slot], ref_by_table); });
  } else {
    encode_runs(
        out, [&](std::size_t slot) { return node.children[slot].length != 0; },
        [&](std::size_t slot) { ref_by_table(out, node.children[slot]); });
  }
  return out.take();
}

}  // namespace

ChunkNode ChunkNode::empty(std::uint8_t level) {
  ChunkNode node;
  node.level = level;
  if (level == 1) {
    node.chunks.resize(kFanout);
  } else {
    node.children.resize(kFanout);
  }
  return node;
}

bool ChunkNode::is_empty() const {
  return std::ranges::all_of(chunks, [](const ChunkRef& ref) { return ref.kind == ChunkKind::kHole; }) &&
         std::ranges::all_of(children, [](const RecordRef& ref) { return ref.length == 0; });
}

std::size_t ChunkNode::memory_bytes() const {
  return sizeof(*this) + chunks.size() * sizeof(ChunkRef) + children.size() * sizeof(RecordRef);
}

Bytes encode_chunk_node(const ChunkNode& node) {
  LIFEBOAT_CHECK(node.level >= 1 && node.level <= kChunkDepthMax);
  LIFEBOAT_CHECK((node.level == 1 ? node.chunks.size() : node.children.size()) == kFanout);
  PackTable table;
  const Bytes body = encode_body(node, table);
  Encoder out;
  out.u8(node.level);
  out.varint(table.packs().size());
  for (const Id& pack : table.packs()) out.raw(pack);
  out.raw(body);
  return out.take();
}

ChunkNode decode_chunk_node(ByteView payload, std::string_view what) {
  Decoder in(payload, what);
  const std::uint8_t level = in.u8();
  if (level < 1 || level > kChunkDepthMax) in.bad("bad level of chunk node");
  std::vector<Id> packs(in.count(sizeof(Id)));
  if (packs.size() > std::size_t{2} * kFanout) in.bad("too many packs");
  for (Id& pack : packs) pack = decode_id(in);
  const auto ref_by_table = [&](Decoder& from) {
    const std::uint64_t index = from.varint();
    if (index >= packs.size()) from.bad("pack index out of range");
    RecordRef ref;
    ref.pack = packs[static_cast<std::size_t>(index)];
    decode_place(from, ref);
    return ref;
  };
  ChunkNode node = ChunkNode::empty(level);
  if (level == 1) {
    decode_runs(in, [&](std::size_t slot) { node.chunks[slot] = decode_chunk_ref(in, false, ref_by_table); });
  } else {
    decode_runs(in, [&](std::size_t slot) { node.children[slot] = ref_by_table(in); });
  }
  in.expect_end();
  return node;
}

void encode_record_ref(Encoder& out, const RecordRef& ref) {
  out.raw(ref.pack);
  encode_place(out, ref);
}

RecordRef decode_record_ref(Decoder& in) {
  RecordRef ref;
  ref.pack = decode_id(in);
  decode_place(in, ref);
  return ref;
}

void encode_chunk_map(Encoder& out, const ChunkMap& map) {
  out.u8(map.depth);
  if (map.depth > 0) {
    encode_record_ref(out, map.root);
    return;
  }
  LIFEBOAT_CHECK(map.inline_chunks.size() <= kInlineChunksMax);
  out.varint(map.inline_chunks.size());
  for (const ChunkRef& ref : map.inline_chunks) encode_chunk_ref(out, ref, encode_record_ref);
}

ChunkMap decode_chunk_map(Decoder& in) {
  ChunkMap map;
  map.depth = in.u8();
  if (map.depth > kChunkDepthMax) in.bad("bad depth of chunk map");
  if (map.depth > 0) {
    map.root = decode_record_ref(in);
    return map;
  }
  const std::size_t count = in.count();
  if (count > kInlineChunksMax) in.bad("too many inline chunks");
  for (std::size_t i = 0; i < count; ++i) map.inline_chunks.push_back(decode_chunk_ref(in, true, decode_record_ref));
  return map;
}

std::uint64_t chunk_map_reach(std::uint8_t depth) {
  if (depth == 0) return kInlineChunksMax;
  return std::uint64_t{1} << (8U * depth);
}

std::uint8_t chunk_map_depth(std::uint64_t chunks) {
  std::uint8_t depth = 0;
  while (chunk_map_reach(depth) < chunks) ++depth;
  return depth;
}

}  // namespace lifeboat::vault
