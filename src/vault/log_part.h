/// One sealed part of a log: some bytes of one file, and what their writer has to say of them. The vault does not look
/// into either. Layout: docs/internals/vault-format.md, "logs". Pure functions.
/// Errors: kCorruption naming the object and what is wrong with it, kUnsupported (newer format; metadata that is too
///   large, which a log may bring about).
#pragma once

#include <string_view>

#include "vault/keys.h"
#include "vault/log_part_name.h"

namespace lifeboat::vault {

inline constexpr std::size_t kLogContentBytesMax = std::size_t{32} << 20U;
inline constexpr std::size_t kLogMetadataBytesMax = std::size_t{64} << 10U;

struct LogPart {
  Bytes metadata;  ///< at most kLogMetadataBytesMax
  Bytes content;   ///< exactly what the name says, at most kLogContentBytesMax
};

/// The whole object, its content compressed where that is smaller.
Bytes seal_log_part(const Keys& keys, const LogPartName& name, ByteView metadata, ByteView content);
LogPart open_log_part(const Keys& keys, const LogPartName& name, ByteView object);

/// How many of an object's first bytes hold its metadata; `head` is at least kLogPartHeadBytes of them, or all there
/// is.
std::size_t log_metadata_extent(const Keys& keys, const LogPartName& name, ByteView head);
/// `head` is at least as much of it.
Bytes open_log_metadata(const Keys& keys, const LogPartName& name, ByteView head);

inline constexpr std::size_t kLogPartHeadBytes = 36;
inline constexpr std::size_t kLogObjectBytesMax =
    kLogPartHeadBytes + kLogMetadataBytesMax + kLogContentBytesMax + 1 + 2 * codec::kSealTagBytes;

}  // namespace lifeboat::vault
