#include "vault/pack_format.h"

#include <algorithm>

#include "base/error.h"

namespace lifeboat::vault {

namespace {

/// The "record kind" that the trailer's tag is made under.
constexpr std::uint8_t kTrailerKind = 5;
constexpr std::size_t kTrailerPlainBytes = kTrailerBytes - codec::kSealTagBytes;

Bytes trailer_associated(ByteView header, ByteView plain) {
  Bytes associated{kTrailerKind};
  associated.insert(associated.end(), header.begin(), header.end());
  associated.insert(associated.end(), plain.begin(), plain.end());
  return associated;
}

}  // namespace

codec::Nonce pack_nonce(std::uint64_t offset) {
  codec::Nonce nonce{};
  for (unsigned i = 0; i < 8; ++i) nonce[i] = static_cast<std::uint8_t>(offset >> (8 * i));
  return nonce;
}

Bytes encode_pack_index(std::span<const PackEntry> records) {
  Encoder out;
  out.varint(records.size());
  for (const PackEntry& record : records) {
    out.u8(static_cast<std::uint8_t>(record.kind));
    out.varint(record.ref.length);
  }
  return out.take();
}

std::vector<PackEntry> decode_pack_index(ByteView payload, const Id& pack, std::uint32_t index_offset) {
  Decoder in(payload, format("pack {}: index", id_text(pack)));
  std::vector<PackEntry> records(in.count(2));
  std::uint64_t offset = kHeaderBytes;
  for (PackEntry& record : records) {
    const std::uint8_t kind = in.u8();
    const std::uint64_t length = in.varint();
    if (kind < 1 || kind > static_cast<std::uint8_t>(RecordKind::kNode)) in.bad("unknown kind of record");
    if (length < kRecordOverheadBytes || length > kRecordBytesMax || offset + length > index_offset) {
      in.bad("a record beyond the pack");
    }
    record.kind = static_cast<RecordKind>(kind);
    record.ref = {pack, static_cast<std::uint32_t>(offset), static_cast<std::uint32_t>(length)};
    offset += length;
  }
  in.expect_end();
  if (offset != index_offset) in.bad("bytes that belong to no record");
  return records;
}

Bytes make_trailer(const codec::SealKey& key, const ObjectHeader& header, const RecordRef& index) {
  Encoder out;
  out.u64(index.offset);
  out.u32(index.length);
  out.raw(kPackEndMagic);
  const Bytes associated = trailer_associated(header, out.bytes());
  Bytes tag(codec::kSealTagBytes);
  key.seal(pack_nonce(std::uint64_t{index.offset} + index.length), associated, {}, tag);
  out.raw(tag);
  return out.take();
}

RecordRef decode_trailer(const codec::SealKey& key, ByteView header, ByteView trailer, const Id& pack,
                         std::uint64_t pack_size) {
  Decoder in(trailer, format("pack {}: trailer", id_text(pack)));
  const std::uint64_t offset = in.u64();
  const std::uint32_t length = in.u32();
  if (!std::ranges::equal(in.raw(kPackEndMagic.size()), kPackEndMagic)) in.bad("truncated pack, or damaged");
  const ByteView tag = in.raw(codec::kSealTagBytes);
  in.expect_end();
  const Bytes associated = trailer_associated(header, trailer.first(kTrailerPlainBytes));
  if (!key.open(pack_nonce(offset + length), associated, tag, {})) in.bad("damaged");
  const bool fits = offset >= kHeaderBytes && offset <= UINT32_MAX && length >= kRecordOverheadBytes &&
                    length <= kRecordBytesMax && offset + length + kTrailerBytes == pack_size;
  if (!fits) in.bad("the pack is not as long as it says");
  return {pack, static_cast<std::uint32_t>(offset), length};
}

}  // namespace lifeboat::vault
