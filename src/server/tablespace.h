/// Reads what the first page of an InnoDB tablespace says about it: page size, size, compression, encryption. Works for
/// both header dialects MariaDB writes (before and since "full_crc32") and for MySQL's. Nothing is changed.
///
/// Threads: plain functions. Errors: kCorruption if the bytes cannot be such a page; they are never trusted.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "base/bytes.h"

namespace lifeboat::server {

/// Enough of a file's head to hold a first page of any size.
inline constexpr std::size_t kTablespaceHeadBytes = std::size_t{64} << 10U;

struct TablespaceHeader {
  std::uint32_t space_id = 0;
  std::uint32_t page_bytes = 0;      ///< innodb_page_size the file was made with
  std::uint32_t physical_bytes = 0;  ///< of a page on disk: smaller for ROW_FORMAT=COMPRESSED
  std::uint32_t pages = 0;           ///< as the header says; of the whole tablespace if it has several files
  std::uint64_t lsn = 0;             ///< of the page's last change
  bool page_compressed = false;      ///< may hold punched holes
  bool encrypted = false;
  std::optional<std::uint32_t> key_id;  ///< if it carries encryption data
};

/// `head` is the file's first bytes: up to kTablespaceHeadBytes, fewer only if the file is shorter.
TablespaceHeader parse_tablespace_header(ByteView head, std::string_view name);

}  // namespace lifeboat::server
