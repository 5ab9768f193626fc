#include "vault/pack_builder.h"

#include <algorithm>
#include <array>

#include "base/error.h"
#include "codec/compress.h"
#include "vault/keys.h"

namespace lifeboat::vault {

namespace {
constexpr std::size_t kBufferBytes = std::size_t{512} << 10U;
constexpr int kIndexLevel = 1;
}  // namespace

PackBuilder::PackBuilder(Vault& vault)
    : id_(random_id()),
      key_(vault.keys().pack_key(id_)),
      header_(make_header(ObjectKind::kPack, vault.id(), pack_name(id_))),
      writer_(vault.store().create(pack_name(id_))),
      buffer_(kBufferBytes) {
  std::ranges::copy(header_, reserve(kHeaderBytes).begin());
}

RecordRef PackBuilder::add(RecordKind kind, PayloadCodec codec, std::initializer_list<ByteView> payload) {
  const RecordRef ref = append_record(kind, codec, payload);
  records_.push_back({kind, ref});
  return ref;
}

void PackBuilder::close() {
  const Bytes index = encode_pack_index(records_);
  const Bytes frame = codec::compress(index, kIndexLevel);
  const RecordRef ref = frame.size() < index.size() ? append_record(RecordKind::kIndex, PayloadCodec::kZstd, {frame})
                                                    : append_record(RecordKind::kIndex, PayloadCodec::kNone, {index});
  std::ranges::copy(make_trailer(key_, header_, ref), reserve(kTrailerBytes).begin());
  flush();
}

RecordRef PackBuilder::append_record(RecordKind kind, PayloadCodec codec, std::initializer_list<ByteView> payload) {
  const auto codec_byte = static_cast<std::uint8_t>(codec);
  const auto kind_byte = static_cast<std::uint8_t>(kind);
  std::array<ByteView, 1 + kPayloadPartsMax> parts{ByteView(&codec_byte, 1)};
  LIFEBOAT_CHECK(payload.size() <= kPayloadPartsMax);
  std::ranges::copy(payload, parts.begin() + 1);
  std::size_t size = codec::kSealTagBytes;
  for (ByteView part : parts) size += part.size();
  LIFEBOAT_CHECK(size <= kRecordBytesMax && offset_ + size + kTrailerBytes <= UINT32_MAX);
  const RecordRef ref{id_, static_cast<std::uint32_t>(offset_), static_cast<std::uint32_t>(size)};
  key_.seal(pack_nonce(ref.offset), ByteView(&kind_byte, 1), parts, reserve(size));
  return ref;
}

ByteSpan PackBuilder::reserve(std::size_t size) {
  if (used_ + size > buffer_.size()) flush();
  if (size > buffer_.size()) buffer_.resize(size);
  const ByteSpan space = ByteSpan(buffer_).subspan(used_, size);
  used_ += size;
  offset_ += size;
  return space;
}

void PackBuilder::flush() {
  writer_->append(ByteView(buffer_).first(used_));
  used_ = 0;
}

}  // namespace lifeboat::vault
