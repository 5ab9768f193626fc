/// Reads the events of one kept log file in order, up to a bound that the caller moves as the file grows. Small events
/// come whole; of a large one the first part, and the rest in pieces, so that memory is bounded whatever an event's
/// size.
///
/// Threads: one at a time. Errors: kCorruption naming file and position for bytes that are no event, or an event that
/// reaches over the bound; errno's. Memory: one buffer of 1 MiB.
#pragma once

#include <optional>

#include "base/file.h"
#include "binlog/event.h"

namespace lifeboat::relay {

class EventFileReader {
 public:
  static constexpr std::size_t kBufferSize = std::size_t{1} << 20U;

  /// `position` is where an event begins.
  EventFileReader(Path path, std::uint64_t position);

  struct Item {
    binlog::EventHeader header;
    ByteView bytes;  ///< all of the event or its first part; valid until the next call
    std::uint64_t begin = 0;
    std::uint64_t end = 0;
    bool whole() const { return bytes.size() == header.size; }
  };
  /// The next event before `bound`; nothing if it has reached it. What is left of the event before is passed over.
  std::optional<Item> next(std::uint64_t bound);
  /// More of the event that came last, if it was not whole; empty at its end.
  ByteView more();

  /// Where the next event begins.
  std::uint64_t position() const { return position_; }
  void seek(std::uint64_t position);

 private:
  void fill(std::uint64_t from, std::uint64_t bound);
  [[noreturn]] void bad(std::string_view why) const;

  Path path_;
  UniqueFd file_;
  Bytes buffer_;
  std::uint64_t buffer_begin_ = 0;  ///< in the file
  std::size_t buffered_ = 0;
  std::uint64_t position_;   ///< of the next event
  std::uint64_t given_ = 0;  ///< up to where bytes of the last event were handed out
};

}  // namespace lifeboat::relay
