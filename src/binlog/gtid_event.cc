#include "binlog/gtid_event.h"

#include "binlog/wire.h"

namespace lifeboat::binlog {

namespace {

XaId read_xa(Decoder& in) {
  constexpr std::uint8_t kMaxXaPart = 64;
  XaId id;
  id.format_id = in.u32();
  const std::uint8_t global = in.u8();
  const std::uint8_t branch = in.u8();
  if (global > kMaxXaPart || branch > kMaxXaPart) in.bad("xa name too long");
  id.global_id = as_text(in.raw(global));
  id.branch_id = as_text(in.raw(branch));
  return id;
}

}  // namespace

GtidEvent decode_gtid(const Event& event) {
  Decoder in(event.body, "gtid event");
  if (event.header.type != EventType::kGtid) in.bad("not one");
  GtidEvent out;
  out.gtid.sequence = in.u64();
  out.gtid.domain = in.u32();
  out.gtid.server = event.header.server_id;
  out.flags = in.u8();
  if (out.has(GtidEvent::kGroupCommit)) out.commit_id = in.u64();
  if (out.has(GtidEvent::kPreparedXa) || out.has(GtidEvent::kCompletedXa)) out.xa = read_xa(in);
  if (in.left() == 0) return out;
  // Zeros that fill the event up read as no extra flags.
  out.extra_flags = in.u8();
  if (out.has_extra(GtidEvent::kExtraMultiEngine)) out.further_engines = in.u8();
  if (out.has_extra(GtidEvent::kExtraCommitAlter) || out.has_extra(GtidEvent::kExtraRollbackAlter)) {
    out.start_alter_sequence = in.u64();
  }
  if (out.has_extra(GtidEvent::kExtraThreadId)) out.thread_id = in.u32();
  return out;
}

}  // namespace lifeboat::binlog
