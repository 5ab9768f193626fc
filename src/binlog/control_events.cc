#include "binlog/control_events.h"

#include <algorithm>

#include "base/error.h"
#include "binlog/wire.h"

namespace lifeboat::binlog {

namespace {

constexpr std::size_t kMaxFileName = 512;
constexpr std::size_t kMaxXaPart = 64;

void expect(const Decoder& in, const Event& event, EventType type) {
  if (event.header.type != type) in.bad("not one");
}

/// A log file's name: it becomes a path, so it may not leave its directory.
std::string file_name(const Decoder& in, ByteView bytes) {
  const std::string_view name = as_text(bytes);
  const bool path =
      name.find_first_of(std::string_view("/\0", 2)) != std::string_view::npos || name == "." || name == "..";
  if (name.empty() || name.size() > kMaxFileName || path) in.bad("bad file name");
  return std::string(name);
}

std::string rest_as_file_name(Decoder& in) {
  return file_name(in, in.raw(in.left()));
}

Heartbeat decode_heartbeat_v2(const Event& event) {
  Decoder in(event.body, "heartbeat");
  Heartbeat heartbeat;
  while (in.left() > 0) {
    const std::uint8_t field = in.u8();
    if (field == 0) break;
    Decoder value(read_packed_bytes(in), "heartbeat");
    if (field == 1) heartbeat.file = rest_as_file_name(value);
    if (field == 2) heartbeat.position = read_packed(value);
  }
  return heartbeat;
}

}  // namespace

Rotate decode_rotate(const Event& event) {
  Decoder in(event.body, "rotate event");
  expect(in, event, EventType::kRotate);
  Rotate rotate;
  rotate.position = in.u64();
  rotate.file = rest_as_file_name(in);
  return rotate;
}

Heartbeat decode_heartbeat(const Event& event) {
  if (event.header.type == EventType::kMysqlHeartbeatV2) return decode_heartbeat_v2(event);
  Decoder in(event.body, "heartbeat");
  expect(in, event, EventType::kHeartbeat);
  Heartbeat heartbeat;
  heartbeat.position = event.header.end_position;
  if (heartbeat.position == 0) heartbeat.position = in.u64();
  heartbeat.file = rest_as_file_name(in);
  return heartbeat;
}

GtidList decode_gtid_list(const Event& event) {
  Decoder in(event.body, "gtid list");
  expect(in, event, EventType::kGtidList);
  const std::uint32_t word = in.u32();
  const std::uint32_t count = word & 0x0fffffffU;
  constexpr std::size_t kEntrySize = 16;
  if (count > in.left() / kEntrySize) in.bad("more entries than bytes");
  GtidList list;
  list.flags = word & 0xf0000000U;
  list.gtids.reserve(count);
  for (std::uint32_t i = 0; i < count; ++i) {
    Gtid gtid;
    gtid.domain = in.u32();
    gtid.server = in.u32();
    gtid.sequence = in.u64();
    list.gtids.push_back(gtid);
  }
  return list;
}

std::string decode_binlog_checkpoint(const Event& event) {
  Decoder in(event.body, "checkpoint");
  expect(in, event, EventType::kBinlogCheckpoint);
  const std::uint32_t size = in.u32();
  return file_name(in, in.raw(size));
}

StartEncryption decode_start_encryption(const Event& event) {
  Decoder in(event.body, "encryption");
  expect(in, event, EventType::kStartEncryption);
  StartEncryption start;
  start.scheme = in.u8();
  start.key_version = in.u32();
  std::ranges::copy(in.raw(start.nonce.size()), start.nonce.begin());
  return start;
}

bool begins_encryption(const Event& event) {
  return event.header.type == EventType::kStartEncryption && !event.header.has(kFlagIgnorable);
}

std::uint64_t decode_xid(const Event& event) {
  Decoder in(event.body, "xid event");
  expect(in, event, EventType::kXid);
  return in.u64();
}

XaPrepare decode_xa_prepare(const Event& event) {
  Decoder in(event.body, "xa prepare");
  expect(in, event, EventType::kXaPrepare);
  XaPrepare prepare;
  prepare.one_phase = in.u8() != 0;
  prepare.id.format_id = in.u32();
  const std::uint32_t global = in.u32();
  const std::uint32_t branch = in.u32();
  if (global > kMaxXaPart || branch > kMaxXaPart) in.bad("name too long");
  prepare.id.global_id = as_text(in.raw(global));
  prepare.id.branch_id = as_text(in.raw(branch));
  return prepare;
}

std::string_view decode_annotate_rows(const Event& event) {
  Decoder in(event.body, "annotation");
  if (event.header.type == EventType::kRowsQuery) {
    in.u8();
  } else {
    expect(in, event, EventType::kAnnotateRows);
  }
  return as_text(in.raw(in.left()));
}

}  // namespace lifeboat::binlog
