/// Codecs of the tree of entries: leaves hold files, directories and symlinks in bytewise order of path, inner nodes
/// the first path and the record of each child. Layout: docs/internals/vault-format.md, "Tree of entries". Pure
/// functions; the decoder takes untrusted bytes, is bounded by the input and throws kCorruption naming `what`. Every
/// path it returns is safe to join to a directory: relative, without "." and "..", in strictly ascending order.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "vault/types.h"

namespace lifeboat::vault {

inline constexpr std::size_t kPathBytesMax = 4096;
/// Leaves are aimed at this many entries, inner nodes at this many children.
inline constexpr std::size_t kDirectoryNodeEntries = 256;
inline constexpr std::uint8_t kDirectoryLevelMax = 6;
/// The greatest file size: what a signed file offset holds.
inline constexpr std::uint64_t kFileBytesMax = INT64_MAX;

struct DirectoryChild {
  std::string first_path;  ///< of the first entry below it
  RecordRef record;
  bool operator==(const DirectoryChild&) const = default;
};

struct DirectoryNode {
  std::uint8_t level = 0;
  std::vector<FileEntry> entries;        ///< level 0
  std::vector<DirectoryChild> children;  ///< level > 0

  std::size_t memory_bytes() const;
  bool operator==(const DirectoryNode&) const = default;
};

/// A path the format allows: not empty, at most kPathBytesMax, no NUL, no empty part, no "." or "..".
bool valid_path(std::string_view path);

Bytes encode_directory_node(const DirectoryNode& node);
DirectoryNode decode_directory_node(ByteView payload, std::string_view what);

}  // namespace lifeboat::vault
