/// For tests: the events of a real log file.
#pragma once

#include <string>
#include <vector>

#include "base/file.h"
#include "binlog/format_description.h"

namespace lifeboat::binlog {

/// A log file in memory and its events, which borrow from it.
struct TestLog {
  Bytes bytes;
  FormatDescription format;
  std::vector<Event> events;

  /// The events of one type.
  std::vector<Event> of(EventType type) const {
    std::vector<Event> out;
    for (const Event& event : events) {
      if (event.header.type == type) out.push_back(event);
    }
    return out;
  }
};

/// Cuts what follows the magic into events, each ending as the Format_description says.
inline TestLog read_test_log(Bytes bytes) {
  TestLog log{.bytes = std::move(bytes)};
  ByteView rest = ByteView(log.bytes).subspan(kFileMagic.size());
  Checksum checksum = Checksum::kNone;
  while (!rest.empty()) {
    const std::size_t size = decode_header(rest).size;
    if (size > rest.size()) break;
    log.events.push_back(split_event(rest.first(size), checksum));
    if (log.events.back().header.type == EventType::kFormatDescription) {
      log.format = decode_format_description(log.events.back());
      checksum = log.format.checksum;
    }
    rest = rest.subspan(size);
  }
  return log;
}

inline TestLog read_test_log(const std::string& name) {
  return read_test_log(read_file(Path("tests/data/binlogs") / name));
}

}  // namespace lifeboat::binlog
