/// Constants and the header that opens every object. Layout: docs/internals/vault-format.md.
/// Everything here is a pure function of bytes.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/bytes.h"
#include "vault/types.h"

namespace lifeboat::vault {

inline constexpr std::array<std::uint8_t, 4> kObjectMagic{'L', 'B', 'O', 'T'};
inline constexpr std::array<std::uint8_t, 4> kPackEndMagic{'L', 'B', 'E', 'N'};
inline constexpr std::size_t kHeaderBytes = 32;
inline constexpr std::size_t kTrailerBytes = 32;
inline constexpr std::size_t kPackBytes = std::size_t{32} << 20U;  ///< a pack is closed when it has grown to this

enum class ObjectKind : std::uint8_t {
  kConfig = 1,
  kKeySlot = 2,
  kPack = 3,
  kImage = 4,
  kPin = 5,
  kSession = 6,
  kMark = 7,
  kUndo = 8,
  kLaunch = 9,
  kScrub = 10,
  kLogPart = 11,
  kProof = 12,
};
/// "key slot", "image", … for messages.
std::string_view kind_name(ObjectKind kind);

/// What to do about damage, for error hints.
inline constexpr const char* kDamageHint =
    "`lifeboat vault scrub` finds all damage and names the files; --heal-from heals it from a second copy.";

/// How a payload is stored inside a record or a small object.
enum class PayloadCodec : std::uint8_t {
  kNone = 0,
  kZstd = 1,        ///< a frame with content size
  kZstdPrefix = 2,  ///< a frame made with a raw prefix; deltas only
};

inline constexpr std::string_view kConfigName = "config";
inline constexpr std::string_view kKeysPrefix = "keys/";
inline constexpr std::string_view kPacksPrefix = "packs/";
inline constexpr std::string_view kImagesPrefix = "images/";
inline constexpr std::string_view kPinsPrefix = "pins/";
inline constexpr std::string_view kSessionsPrefix = "sessions/";
inline constexpr std::string_view kMarksPrefix = "marks/";
inline constexpr std::string_view kUndoPrefix = "undo/";
inline constexpr std::string_view kLaunchPrefix = "launch/";
inline constexpr std::string_view kScrubPrefix = "scrub/";
inline constexpr std::string_view kLogsPrefix = "logs/";
inline constexpr std::string_view kProofsPrefix = "proofs/";

std::string slot_name(const Id& id);
/// "packs/3f/3f9a…".
std::string pack_name(const Id& id);
/// Whose name that is; none if it is not a pack's.
std::optional<Id> find_pack(std::string_view name);

using ObjectHeader = std::array<std::uint8_t, kHeaderBytes>;
ObjectHeader make_header(ObjectKind kind, const Id& vault_id, std::string_view name);

/// Throws unless `object` begins with make_header(kind, vault_id, name): kCorruption "not a Lifeboat object",
/// "truncated", "foreign object", "misplaced object"; kUnsupported "made by a newer Lifeboat".
void check_header(ByteView object, ObjectKind kind, const Id& vault_id, std::string_view name);
/// As check_header where the vault's id is not known yet: returns it.
Id check_header_of_any_vault(ByteView object, ObjectKind kind, std::string_view name);

}  // namespace lifeboat::vault
