#include "vault/object_check.h"

#include <array>
#include <utility>

#include "base/error.h"
#include "codec/compress.h"
#include "vault/config.h"
#include "vault/format.h"
#include "vault/image_object.h"
#include "vault/key_slot_format.h"
#include "vault/log_part.h"
#include "vault/pack_format.h"
#include "vault/sealed_object.h"
#include "vault/token.h"

namespace lifeboat::vault {
namespace {

constexpr std::array<std::pair<std::string_view, ObjectKind>, 11> kPrefixes{{{kKeysPrefix, ObjectKind::kKeySlot},
                                                                             {kPacksPrefix, ObjectKind::kPack},
                                                                             {kImagesPrefix, ObjectKind::kImage},
                                                                             {kPinsPrefix, ObjectKind::kPin},
                                                                             {kSessionsPrefix, ObjectKind::kSession},
                                                                             {kMarksPrefix, ObjectKind::kMark},
                                                                             {kUndoPrefix, ObjectKind::kUndo},
                                                                             {kLaunchPrefix, ObjectKind::kLaunch},
                                                                             {kScrubPrefix, ObjectKind::kScrub},
                                                                             {kLogsPrefix, ObjectKind::kLogPart},
                                                                             {kProofsPrefix, ObjectKind::kProof}}};

std::optional<ObjectKind> kind_of(std::string_view name) {
  if (name == kConfigName) return ObjectKind::kConfig;
  for (const auto& [prefix, kind] : kPrefixes) {
    if (!name.starts_with(prefix) || name.size() == prefix.size()) continue;
    if (kind == ObjectKind::kLogPart && !parse_log_part_object(name)) return std::nullopt;
    return kind;
  }
  return std::nullopt;
}

Id id_at_end(std::string_view name) {
  return id_from_text(name.substr(name.rfind('/') + 1));
}

Bytes open_pack_record(const codec::SealKey& key, const PackEntry& entry, ByteView object) {
  const auto kind = static_cast<std::uint8_t>(entry.kind);
  Bytes content(entry.ref.length - codec::kSealTagBytes);
  if (!key.open(pack_nonce(entry.ref.offset), ByteView(&kind, 1), object.subspan(entry.ref.offset, entry.ref.length),
                content)) {
    fail(Code::kCorruption, format("{}: damaged", record_text(entry.ref, entry.kind)));
  }
  return content;
}

Bytes open_index(const codec::SealKey& key, const RecordRef& index, ByteView object) {
  const Bytes content = open_pack_record(key, {RecordKind::kIndex, index}, object);
  const ByteView payload = ByteView(content).subspan(1);
  if (content[0] == static_cast<std::uint8_t>(PayloadCodec::kZstd)) return codec::decompress(payload, kRecordBytesMax);
  return {payload.begin(), payload.end()};
}

void check_pack_bytes(const Keys& keys, std::string_view name, ByteView object) {
  const Id pack = id_at_end(name);
  check_header(object, ObjectKind::kPack, keys.vault_id(), name);
  if (object.size() < kHeaderBytes + kTrailerBytes)
    fail(Code::kCorruption, format("pack {}: truncated", id_text(pack)));
  const codec::SealKey key = keys.pack_key(pack);
  const RecordRef index =
      decode_trailer(key, object.first(kHeaderBytes), object.last(kTrailerBytes), pack, object.size());
  for (const PackEntry& entry : decode_pack_index(open_index(key, index, object), pack, index.offset)) {
    open_pack_record(key, entry, object);
  }
}

}  // namespace

bool is_object_name(std::string_view name) {
  return kind_of(name).has_value();
}

void check_object(const Keys& keys, std::string_view name, ByteView object) {
  const auto kind = kind_of(name);
  if (!kind) fail(Code::kCorruption, format("{}: not a name of ours", name));
  switch (*kind) {
    case ObjectKind::kConfig:
      decode_config(object);
      return verify_config(keys, object);
    case ObjectKind::kKeySlot:
      return verify_slot(keys, object, id_at_end(name));
    case ObjectKind::kPack:
      return check_pack_bytes(keys, name, object);
    case ObjectKind::kImage:
      decode_image(std::string(name.substr(kImagesPrefix.size())), open_object(keys, *kind, name, object));
      return;
    case ObjectKind::kLogPart:
      open_log_part(keys, *parse_log_part_object(name), object);
      return;
    case ObjectKind::kPin:
    case ObjectKind::kUndo:
      if (!read_token(keys, *kind, name, object, {"pinned", "undone", "swept"})) {
        fail(Code::kCorruption, format("{}: truncated", name));
      }
      return;
    case ObjectKind::kSession:
      if (read_token(keys, *kind, name, object, {"ended"})) return;
      [[fallthrough]];
    default:
      open_object(keys, *kind, name, object);
  }
}

}  // namespace lifeboat::vault
