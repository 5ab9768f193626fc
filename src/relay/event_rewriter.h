/// Writes events one after another as a file of their own: end positions and CRCs become those of the new file.
///
/// Threads: one at a time. Errors: those of `write`. Memory: the event, or the part of it that it is handed.
#pragma once

#include <functional>

#include "base/bytes.h"
#include "relay/event_file_reader.h"

namespace lifeboat::relay {

class EventRewriter {
 public:
  using Write = std::function<void(ByteView)>;
  /// Writes the magic.
  explicit EventRewriter(Write write);

  /// An event of `reader`, the rest of it read from there if it is large.
  void event(const EventFileReader::Item& item, EventFileReader& reader, binlog::Checksum checksum);
  /// A whole event that was made or edited.
  void made(Bytes event, binlog::Checksum checksum);
  std::uint64_t position() const { return position_; }

 private:
  void put(ByteView bytes);
  /// The head of an event with its new end position.
  Bytes with_new_end(ByteView bytes, const binlog::EventHeader& header) const;

  Write write_;
  std::uint64_t position_ = 0;
};

}  // namespace lifeboat::relay
