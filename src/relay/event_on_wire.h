/// What tells an event that a source makes for the wire from those that stand in its files. Threads: pure functions.
/// Errors: kCorruption for bytes that are no event.
#pragma once

#include "binlog/event.h"

namespace lifeboat::relay {

inline bool is_heartbeat(const binlog::EventHeader& header) {
  return header.type == binlog::EventType::kHeartbeat || header.type == binlog::EventType::kMysqlHeartbeatV2;
}

/// Made for the wire.
inline bool is_of_no_file(const binlog::EventHeader& header) {
  return is_heartbeat(header) || header.has(binlog::kFlagArtificial) || header.end_position == 0;
}

/// Artificial events carry a checksum or not by rules of their own: believed if it fits.
inline binlog::Event split_artificial(ByteView bytes) {
  if (bytes.size() >= binlog::kEventHeaderSize + binlog::kChecksumSize) {
    const binlog::Event event = binlog::split_event(bytes, binlog::Checksum::kCrc32);
    if (binlog::checksum_matches(event)) return event;
  }
  return binlog::split_event(bytes, binlog::Checksum::kNone);
}

}  // namespace lifeboat::relay
