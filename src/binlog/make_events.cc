#include "binlog/make_events.h"

#include <algorithm>
#include <utility>

#include "base/error.h"
#include "binlog/wire.h"

namespace lifeboat::binlog {

namespace {

constexpr std::size_t kEndPositionOffset = 13;
constexpr std::size_t kFlagsOffset = 17;
constexpr std::size_t kCreatedOffset = kEventHeaderSize + 2 + 50;
/// MariaDB fills a Gtid event's body up to this.
constexpr std::size_t kGtidBodySize = 19;

Bytes assemble(EventHeader header, ByteView body, Checksum checksum) {
  const std::size_t size = kEventHeaderSize + body.size() + checksum_size(checksum);
  LIFEBOAT_CHECK(size <= kMaxEventSize);
  header.size = static_cast<std::uint32_t>(size);
  Bytes out(size);
  encode_header(header, out);
  std::ranges::copy(body, out.begin() + kEventHeaderSize);
  update_checksum(out, checksum);
  return out;
}

EventHeader artificial(const StreamIdentity& stream, EventType type) {
  return {.type = type, .server_id = stream.server_id, .flags = kFlagArtificial};
}

Bytes rotate_body(const Rotate& rotate) {
  Encoder body;
  body.u64(rotate.position);
  body.raw(rotate.file);
  return body.take();
}

void append_xa(Encoder& body, const XaId& id) {
  body.u32(id.format_id);
  body.u8(static_cast<std::uint8_t>(id.global_id.size()));
  body.u8(static_cast<std::uint8_t>(id.branch_id.size()));
  body.raw(id.global_id);
  body.raw(id.branch_id);
}

void append_extra(Encoder& body, const GtidEvent& gtid) {
  if (gtid.extra_flags == 0) return;
  body.u8(gtid.extra_flags);
  if (gtid.has_extra(GtidEvent::kExtraMultiEngine)) body.u8(gtid.further_engines);
  if (gtid.has_extra(GtidEvent::kExtraCommitAlter) || gtid.has_extra(GtidEvent::kExtraRollbackAlter)) {
    body.u64(gtid.start_alter_sequence);
  }
  if (gtid.has_extra(GtidEvent::kExtraThreadId)) body.u32(gtid.thread_id);
}

}  // namespace

void update_checksum(ByteSpan event, Checksum checksum) {
  if (checksum == Checksum::kNone) return;
  put_little(event, event.size() - kChecksumSize, event_checksum(event), kChecksumSize);
}

Bytes with_checksum(const Event& event, Checksum checksum) {
  if (event.header.type != EventType::kFormatDescription) return assemble(event.header, event.body, checksum);
  Bytes out(event.whole.begin(), event.whole.end());
  if (event.checksum == Checksum::kNone) return out;  // a server that knows no checksums: nothing to change
  out[out.size() - kChecksumSize - 1] = static_cast<std::uint8_t>(checksum);
  update_checksum(out, event.checksum);
  return out;
}

Bytes make_fake_rotate(const StreamIdentity& stream, const Rotate& rotate) {
  return assemble(artificial(stream, EventType::kRotate), rotate_body(rotate), stream.checksum);
}

Bytes make_rotate(const StreamIdentity& stream, const Rotate& rotate, std::uint32_t timestamp,
                  std::uint32_t end_position) {
  const EventHeader header{
      .timestamp = timestamp, .type = EventType::kRotate, .server_id = stream.server_id, .end_position = end_position};
  return assemble(header, rotate_body(rotate), stream.checksum);
}

Bytes make_heartbeat(const StreamIdentity& stream, const Heartbeat& heartbeat) {
  EventHeader header = artificial(stream, EventType::kHeartbeat);
  // What says that a heartbeat is none of the file's events is its type: servers leave the flags clear.
  header.flags = 0;
  Encoder body;
  if (heartbeat.position > 0xffffffffU) {
    body.u64(heartbeat.position);
  } else {
    header.end_position = static_cast<std::uint32_t>(heartbeat.position);
  }
  body.raw(heartbeat.file);
  return assemble(header, body.bytes(), stream.checksum);
}

Bytes edit_format_description(const Event& event, const FormatEdit& edit) {
  LIFEBOAT_CHECK(event.header.type == EventType::kFormatDescription);
  Bytes out(event.whole.begin(), event.whole.end());
  if (out.size() < kCreatedOffset + 4) fail(Code::kCorruption, "format event: truncated");
  out[kFlagsOffset] &= static_cast<std::uint8_t>(~kFlagInUse);
  if (edit.zero_created) put_little(out, kCreatedOffset, 0, 4);
  if (edit.zero_position) put_little(out, kEndPositionOffset, 0, 4);
  update_checksum(out, event.checksum);
  return out;
}

Bytes make_gtid_list(const StreamIdentity& stream, const GtidList& list, std::uint32_t end_position) {
  EventHeader header = artificial(stream, EventType::kGtidList);
  header.end_position = end_position;
  LIFEBOAT_CHECK(list.gtids.size() <= 0x0fffffffU);
  Encoder body;
  body.u32(static_cast<std::uint32_t>(list.gtids.size()) | (list.flags & 0xf0000000U));
  for (const Gtid& gtid : list.gtids) {
    body.u32(gtid.domain);
    body.u32(gtid.server);
    body.u64(gtid.sequence);
  }
  // Servers write an empty list with two more bytes.
  if (list.gtids.empty()) body.u16(0);
  return assemble(header, body.bytes(), stream.checksum);
}

Bytes make_gtid(const GtidEvent& gtid, EventHeader header, Checksum checksum) {
  header.type = EventType::kGtid;
  header.server_id = gtid.gtid.server;
  Encoder body;
  body.u64(gtid.gtid.sequence);
  body.u32(gtid.gtid.domain);
  body.u8(gtid.flags);
  if (gtid.has(GtidEvent::kGroupCommit)) body.u64(gtid.commit_id);
  if (gtid.xa) append_xa(body, *gtid.xa);
  append_extra(body, gtid);
  while (body.size() < kGtidBodySize) body.u8(0);
  return assemble(header, body.bytes(), checksum);
}

std::vector<Bytes> make_empty_transaction(const EmptyTransaction& transaction, Checksum checksum) {
  EventHeader header{
      .timestamp = transaction.timestamp, .server_id = transaction.gtid.server, .end_position = transaction.first_end};
  GtidEvent gtid;
  gtid.gtid = transaction.gtid;
  gtid.flags = GtidEvent::kTransactional;
  std::vector<Bytes> events;
  events.push_back(make_gtid(gtid, header, checksum));
  header.type = EventType::kXid;
  header.end_position = transaction.second_end;
  Encoder body;
  body.u64(transaction.gtid.sequence);
  events.push_back(assemble(header, body.bytes(), checksum));
  return events;
}

}  // namespace lifeboat::binlog
