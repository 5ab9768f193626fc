/// The Format_description event, first in every file and stream: who wrote the log, how its events end.
/// Body: binlog version u16 (4), server version 50 bytes NUL-padded, created u32, header length u8 (19), then one byte
/// per event type from 1 on: the length of its fixed part; checksum-aware servers add the algorithm u8 and always a
/// CRC-32 of the event itself, even if the other events have none.
#pragma once

#include <string>
#include <vector>

#include "binlog/event.h"

namespace lifeboat::binlog {

enum class Flavour : std::uint8_t { kMariadb, kMysql };

struct FormatDescription {
  std::uint16_t binlog_version = 4;
  std::string server_version;  ///< "10.11.19-MariaDB-0+deb12u1-log"
  std::uint32_t created = 0;   ///< when the server started, if this file was its first; else 0. Replicas drop temporary
                               ///< tables when it is not 0
  std::vector<std::uint8_t> post_header_lengths;  ///< of type i + 1
  Flavour flavour = Flavour::kMariadb;
  bool checksum_aware = true;            ///< the event carries an algorithm and a CRC of its own
  Checksum checksum = Checksum::kCrc32;  ///< how the events after this one end
};

/// kCorruption for what is no such event; kUnsupported for a log of another version than 4 or with fixed parts of other
/// lengths than the decoders here read (servers before 5.0, and alphas).
FormatDescription decode_format_description(const Event& event);

}  // namespace lifeboat::binlog
