/// Reads InnoDB's redo log (`ib_logfile0`) of MariaDB 10.8 and newer: who wrote it, whether it is encrypted, where the
/// last checkpoint is, and, by walking the mini-transactions from there, how much a server will apply before it
/// answers. Older formats and MySQL's are recognised by name only.
///
/// Threads: plain functions. Errors: kCorruption if the file is no redo log or none of its checkpoints is valid.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "base/file.h"

namespace lifeboat::server {

enum class RedoFormat {
  kMariaDb10_8,  ///< one circular file of mini-transactions: MariaDB 10.8 and newer
  kOlder,        ///< 512-byte blocks: MariaDB before 10.8, MySQL
};

struct RedoLog {
  RedoFormat format = RedoFormat::kMariaDb10_8;
  bool encrypted = false;
  std::string creator;  ///< "MariaDB 10.11.19": who made the file
  std::uint64_t file_bytes = 0;
  std::uint64_t first_lsn = 0;
  std::uint64_t checkpoint_lsn = 0;  ///< recovery starts here (kMariaDb10_8)
};

/// The head of a redo log: header and both checkpoint blocks.
inline constexpr std::size_t kRedoHeadBytes = 12288;

/// `head` is the file's first kRedoHeadBytes (fewer if it is shorter); `file_bytes` its size.
RedoLog parse_redo_head(ByteView head, std::uint64_t file_bytes, std::string_view name);
RedoLog read_redo_log(const Path& file);

/// The LSN at which the log ends, found by walking whole mini-transactions from the checkpoint; empty if the format is
/// not known, mariadb-backup wrote the file, or `limit` bytes were walked without an end. `end - checkpoint_lsn` is
/// what recovery reads and applies.
std::optional<std::uint64_t> find_redo_end(const Path& file, const RedoLog& log, std::uint64_t limit);

}  // namespace lifeboat::server
