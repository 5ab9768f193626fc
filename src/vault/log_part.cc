#include "vault/log_part.h"

#include <algorithm>

#include "base/error.h"
#include "codec/compress.h"
#include "vault/format.h"

namespace lifeboat::vault {
namespace {

constexpr int kLevel = 3;
/// The two things that the key of one object seals.
constexpr codec::Nonce kMetadataNonce{0};
constexpr codec::Nonce kContentNonce{1};

[[noreturn]] void bad_part(const LogPartName& name, std::string_view why) {
  fail(Code::kCorruption, format("{}: {}", log_part_object(name), why), kDamageHint);
}

Bytes open_section(const Keys& keys, const LogPartName& name, const codec::Nonce& nonce, ByteView associated,
                   ByteView sealed) {
  if (sealed.size() < codec::kSealTagBytes) bad_part(name, "truncated");
  Bytes opened(sealed.size() - codec::kSealTagBytes);
  if (!keys.object_key(log_part_object(name)).open(nonce, associated, sealed, opened)) {
    bad_part(name, "log part is damaged or truncated");
  }
  return opened;
}

Bytes unpack(const LogPartName& name, Bytes opened) {
  if (opened.empty()) bad_part(name, "truncated");
  const auto codec = static_cast<PayloadCodec>(opened.front());
  opened.erase(opened.begin());
  if (codec == PayloadCodec::kZstd) return codec::decompress(opened, kLogContentBytesMax);
  if (codec != PayloadCodec::kNone) bad_part(name, format("unknown codec {}", static_cast<int>(codec)));
  return opened;
}

}  // namespace

Bytes seal_log_part(const Keys& keys, const LogPartName& name, ByteView metadata, ByteView content) {
  LIFEBOAT_CHECK(content.size() <= kLogContentBytesMax && content.size() == name.size());
  const std::string object_name = log_part_object(name);
  if (metadata.size() > kLogMetadataBytesMax) {
    fail(Code::kUnsupported,
         format("{}: its metadata has {} bytes, of at most {}", object_name, metadata.size(), kLogMetadataBytesMax),
         "The log has too many replication domains and servers in its GTID state; on the source, see FLUSH BINARY LOGS "
         "DELETE_DOMAIN_ID.");
  }
  const codec::SealKey key = keys.object_key(object_name);
  const Bytes frame = codec::compress(content, kLevel);
  const bool smaller = frame.size() < content.size();
  const auto codec = static_cast<std::uint8_t>(smaller ? PayloadCodec::kZstd : PayloadCodec::kNone);
  const ByteView stored = smaller ? ByteView(frame) : content;

  Encoder head;
  head.raw(make_header(ObjectKind::kLogPart, keys.vault_id(), object_name));
  head.u32(static_cast<std::uint32_t>(metadata.size() + codec::kSealTagBytes));
  Bytes object = head.bytes();
  const std::size_t content_at = object.size() + metadata.size() + codec::kSealTagBytes;
  object.resize(content_at + 1 + stored.size() + codec::kSealTagBytes);
  const ByteSpan whole(object);
  key.seal(kMetadataNonce, head.bytes(), {metadata},
           whole.subspan(kLogPartHeadBytes, metadata.size() + codec::kSealTagBytes));
  key.seal(kContentNonce, head.bytes(), {ByteView(&codec, 1), stored}, whole.subspan(content_at));
  return object;
}

std::size_t log_metadata_extent(const Keys& keys, const LogPartName& name, ByteView head) {
  check_header(head, ObjectKind::kLogPart, keys.vault_id(), log_part_object(name));
  if (head.size() < kLogPartHeadBytes) bad_part(name, "truncated");
  const std::uint32_t size = Decoder(head.subspan(kHeaderBytes, sizeof(std::uint32_t)), "a length").u32();
  if (size < codec::kSealTagBytes || size > kLogMetadataBytesMax + codec::kSealTagBytes) bad_part(name, "damaged");
  return kLogPartHeadBytes + size;
}

Bytes open_log_metadata(const Keys& keys, const LogPartName& name, ByteView head) {
  const std::size_t extent = log_metadata_extent(keys, name, head);
  if (head.size() < extent) bad_part(name, "truncated");
  return open_section(keys, name, kMetadataNonce, head.first(kLogPartHeadBytes),
                      head.first(extent).subspan(kLogPartHeadBytes));
}

LogPart open_log_part(const Keys& keys, const LogPartName& name, ByteView object) {
  LogPart part{.metadata = open_log_metadata(keys, name, object), .content = {}};
  const std::size_t content_at = log_metadata_extent(keys, name, object);
  part.content = unpack(
      name, open_section(keys, name, kContentNonce, object.first(kLogPartHeadBytes), object.subspan(content_at)));
  if (part.content.size() != name.size()) bad_part(name, "its content is not as long as its name says");
  return part;
}

}  // namespace lifeboat::vault
