#include "vault/format.h"

#include <algorithm>

#include "base/error.h"
#include "codec/hash.h"

namespace lifeboat::vault {

namespace {

// Where the header's parts lie.
constexpr std::size_t kKindAt = 4;
constexpr std::size_t kZeroAt = 5;
constexpr std::size_t kVersionAt = 6;
constexpr std::size_t kVaultIdAt = 8;
constexpr std::size_t kNameHashAt = 24;

[[noreturn]] void bad_object(std::string_view name, std::string_view why, std::string hint) {
  fail(Code::kCorruption, format("{}: {}", name, why), std::move(hint));
}

/// Magic and version: what tells whether the rest can be read at all.
void check_readable(ByteView object, std::string_view name) {
  const std::size_t magic_size = std::min(object.size(), kObjectMagic.size());
  if (!std::equal(kObjectMagic.begin(), kObjectMagic.begin() + magic_size, object.begin())) {
    bad_object(name, "not a Lifeboat object", "Something else was stored there, or its first bytes are damaged.");
  }
  if (object.size() < kHeaderBytes) bad_object(name, "truncated", kDamageHint);
  const unsigned version = object[kVersionAt] | static_cast<unsigned>(object[kVersionAt + 1] << 8U);
  if (version > kFormatVersion) {
    fail(Code::kUnsupported,
         format("{}: made by a newer Lifeboat (format {}, this one knows {})", name, version, kFormatVersion),
         "Install a newer Lifeboat. If none was ever used with this vault, the object's header is damaged.");
  }
  if (version != kFormatVersion || object[kZeroAt] != 0) bad_object(name, "damaged header", kDamageHint);
}

Id vault_id_in(ByteView object) {
  Id id{};
  std::ranges::copy(object.subspan(kVaultIdAt, id.size()), id.begin());
  return id;
}

}  // namespace

std::string_view kind_name(ObjectKind kind) {
  switch (kind) {
    case ObjectKind::kConfig:
      return "config";
    case ObjectKind::kKeySlot:
      return "key slot";
    case ObjectKind::kPack:
      return "pack";
    case ObjectKind::kImage:
      return "image";
    case ObjectKind::kPin:
      return "pin";
    case ObjectKind::kSession:
      return "session";
    case ObjectKind::kMark:
      return "mark";
    case ObjectKind::kUndo:
      return "undo";
    case ObjectKind::kLaunch:
      return "launch list";
    case ObjectKind::kScrub:
      return "scrub result";
    case ObjectKind::kLogPart:
      return "log part";
    case ObjectKind::kProof:
      return "proof";
  }
  return "object of unknown kind";
}

std::string slot_name(const Id& id) {
  return format("{}{}", kKeysPrefix, id_text(id));
}

std::string pack_name(const Id& id) {
  const std::string text = id_text(id);
  return format("{}{}/{}", kPacksPrefix, text.substr(0, 2), text);
}

std::optional<Id> find_pack(std::string_view name) {
  const std::optional<Id> id = find_id(name.substr(name.rfind('/') + 1));
  return id && pack_name(*id) == name ? id : std::nullopt;
}

ObjectHeader make_header(ObjectKind kind, const Id& vault_id, std::string_view name) {
  ObjectHeader header{};
  std::ranges::copy(kObjectMagic, header.begin());
  header[kKindAt] = static_cast<std::uint8_t>(kind);
  header[kVersionAt] = kFormatVersion & 0xffU;
  header[kVersionAt + 1] = kFormatVersion >> 8U;
  std::ranges::copy(vault_id, header.begin() + kVaultIdAt);
  std::copy_n(codec::sha256(as_bytes(name)).begin(), kHeaderBytes - kNameHashAt, header.begin() + kNameHashAt);
  return header;
}

void check_header(ByteView object, ObjectKind kind, const Id& vault_id, std::string_view name) {
  check_readable(object, name);
  if (vault_id_in(object) != vault_id) {
    bad_object(name, format("foreign object, of vault {}", id_text(vault_id_in(object))),
               "Objects of another vault were copied into this one, or the object's header is damaged.");
  }
  check_header_of_any_vault(object, kind, name);
}

Id check_header_of_any_vault(ByteView object, ObjectKind kind, std::string_view name) {
  check_readable(object, name);
  const Id vault_id = vault_id_in(object);
  if (!std::ranges::equal(object.first(kHeaderBytes), make_header(kind, vault_id, name))) {
    const bool same_kind = object[kKindAt] == static_cast<std::uint8_t>(kind);
    bad_object(
        name,
        same_kind ? "misplaced object, made under another name" : format("misplaced object, not a {}", kind_name(kind)),
        "An object was renamed inside the store, or the object's header is damaged.");
  }
  return vault_id;
}

}  // namespace lifeboat::vault
