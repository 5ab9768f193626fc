/// What a sealed part of the log says of itself, so that a relay's directory can be made again from the vault alone.
/// Layout: docs/internals/vault-format.md, "What a relay says of its log parts". Pure functions.
/// Errors: kCorruption, also for names that could lead out of a directory.
#pragma once

#include <cstdint>
#include <string>

#include "base/bytes.h"
#include "base/units.h"
#include "binlog/gtid.h"
#include "codec/hash.h"

namespace lifeboat::relay {

struct LogPartRecord {
  std::string source;            ///< name of the source's directory: "db1.example-3306"
  std::string incarnation;       ///< "000001"
  std::string note;              ///< its incarnation.json
  std::string file;              ///< "mariadb-bin.000042"
  binlog::GtidState before;      ///< what the log contains before the part: up to the last group that ends there
  binlog::GtidState after;       ///< and with it
  std::uint32_t first_time = 0;  ///< of the groups that end in it, by the source's clock; 0: none does
  std::uint32_t last_time = 0;
  std::uint64_t groups = 0;  ///< that end in it
  codec::Hash256 hash{};     ///< SHA-256 of the content
  SystemTime sealed;         ///< by the relay's clock

  bool operator==(const LogPartRecord&) const = default;
};

Bytes encode_log_part_record(const LogPartRecord& record);
LogPartRecord decode_log_part_record(ByteView bytes);

}  // namespace lifeboat::relay
