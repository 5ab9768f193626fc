#include "relay/event_rewriter.h"

#include <algorithm>

#include "binlog/make_events.h"

namespace lifeboat::relay {

EventRewriter::EventRewriter(Write write) : write_(std::move(write)) {
  put(as_bytes(binlog::kFileMagic));
}

void EventRewriter::put(ByteView bytes) {
  write_(bytes);
  position_ += bytes.size();
}

Bytes EventRewriter::with_new_end(ByteView bytes, const binlog::EventHeader& header) const {
  Bytes out(bytes.begin(), bytes.end());
  binlog::EventHeader changed = header;
  changed.end_position = static_cast<std::uint32_t>(position_ + header.size);
  binlog::encode_header(changed, out);
  return out;
}

void EventRewriter::made(Bytes event, binlog::Checksum checksum) {
  Bytes out = with_new_end(event, binlog::decode_header(event));
  binlog::update_checksum(out, checksum);
  put(out);
}

void EventRewriter::event(const EventFileReader::Item& item, EventFileReader& reader, binlog::Checksum checksum) {
  if (item.whole()) return made(Bytes(item.bytes.begin(), item.bytes.end()), checksum);
  // The CRC covers all but itself, and may be cut by the parts that the event comes in.
  std::uint64_t left = item.header.size - binlog::checksum_size(checksum);
  std::uint32_t crc = 0;
  const auto pass = [&](ByteView bytes) {
    const ByteView covered = bytes.first(static_cast<std::size_t>(std::min<std::uint64_t>(left, bytes.size())));
    crc = binlog::crc32(covered, crc);
    left -= covered.size();
    put(covered);
  };
  pass(with_new_end(item.bytes, item.header));
  for (ByteView more = reader.more(); !more.empty(); more = reader.more()) pass(more);
  if (checksum == binlog::Checksum::kNone) return;
  Encoder trailer;
  trailer.u32(crc);
  put(trailer.bytes());
}

}  // namespace lifeboat::relay
