/// Makes a relay's directory again from the vault alone: the source's files byte for byte, each checked event by event.
/// `relay run` on that directory serves it, and goes on sealing where the vault's log ends.
///
/// Whole incarnations appear at once: a restore that is killed leaves a hidden directory that the next one removes.
/// Damage is no error but part of the report: what can be had is restored, and what is missing named. Errors: kExists
/// (an incarnation is there already), kNotFound (no such log), the store's, errno's. Memory: one part.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/file.h"
#include "base/progress.h"
#include "relay/log_catalogue.h"

namespace lifeboat::relay {

struct LogRestoreOptions {
  Path directory;      ///< as of `relay run --dir`
  std::string source;  ///< name of its directory; empty: all sources
  /// Of each incarnation, begin with the file in which this transaction or moment lies (or the first one after it).
  std::optional<binlog::Gtid> from_gtid;
  std::optional<SystemTime> from_time;
  /// Or with the last file before which nothing lies that is not in this position.
  std::optional<binlog::GtidPosition> from_position;
  Progress* progress = nullptr;
};

struct RestoredFile {
  std::string source;
  std::string incarnation;
  std::string file;
  std::uint64_t bytes = 0;
  bool closed = false;
  std::string gtid;     ///< what the log contains after it
  std::string problem;  ///< empty: it is whole, and continues the file before
};

struct LogRestoreReport {
  std::vector<RestoredFile> files;
  std::vector<std::string> damaged;  ///< parts that could not be read
  std::uint64_t bytes = 0;
};

LogRestoreReport restore_log(vault::Vault& vault, const LogRestoreOptions& options);

}  // namespace lifeboat::relay
