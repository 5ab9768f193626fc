#include "vault/sealed_object.h"

#include "base/error.h"
#include "codec/compress.h"

namespace lifeboat::vault {

namespace {
constexpr int kLevel = 3;
constexpr codec::Nonce kNonce{};  // a key seals one object
}  // namespace

Bytes seal_object(const Keys& keys, ObjectKind kind, std::string_view name, ByteView payload) {
  LIFEBOAT_CHECK(payload.size() <= kSmallPayloadBytesMax);
  const ObjectHeader header = make_header(kind, keys.vault_id(), name);
  const Bytes frame = codec::compress(payload, kLevel);
  const bool smaller = frame.size() < payload.size();
  const auto codec = static_cast<std::uint8_t>(smaller ? PayloadCodec::kZstd : PayloadCodec::kNone);
  const ByteView stored = smaller ? ByteView(frame) : payload;

  Bytes object(header.begin(), header.end());
  object.resize(kHeaderBytes + 1 + stored.size() + codec::kSealTagBytes);
  keys.object_key(name).seal(kNonce, header, {ByteView(&codec, 1), stored}, ByteSpan(object).subspan(kHeaderBytes));
  return object;
}

Bytes open_object(const Keys& keys, ObjectKind kind, std::string_view name, ByteView object) {
  check_header(object, kind, keys.vault_id(), name);
  const ByteView sealed = object.subspan(kHeaderBytes);
  if (sealed.size() < 1 + codec::kSealTagBytes) fail(Code::kCorruption, format("{}: truncated", name));
  Bytes opened(sealed.size() - codec::kSealTagBytes);
  if (!keys.object_key(name).open(kNonce, object.first(kHeaderBytes), sealed, opened)) {
    fail(Code::kCorruption, format("{}: {} is damaged or truncated", name, kind_name(kind)), kDamageHint);
  }
  const auto codec = static_cast<PayloadCodec>(opened.front());
  opened.erase(opened.begin());
  if (codec == PayloadCodec::kNone) return opened;
  if (codec == PayloadCodec::kZstd) return codec::decompress(opened, kSmallPayloadBytesMax);
  fail(Code::kCorruption, format("{}: unknown codec {}", name, static_cast<int>(codec)));
}

void put_object(Vault& vault, ObjectKind kind, std::string_view name, ByteView payload) {
  vault.store().put(name, seal_object(vault.keys(), kind, name, payload));
}

Bytes get_object(Vault& vault, ObjectKind kind, std::string_view name) {
  return open_object(vault.keys(), kind, name, vault.store().get(name, kSmallObjectBytesMax));
}

}  // namespace lifeboat::vault
