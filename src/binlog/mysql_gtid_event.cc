#include "binlog/mysql_gtid_event.h"

#include <algorithm>

#include "base/error.h"
#include "binlog/wire.h"

namespace lifeboat::binlog {

namespace {

constexpr std::uint64_t kTopOfSevenBytes = std::uint64_t{1} << 55U;

MysqlGtidEvent decode_plain(Decoder& in, EventType type) {
  MysqlGtidEvent out;
  out.anonymous = type == EventType::kMysqlAnonymousGtid;
  out.flags = in.u8();
  std::ranges::copy(in.raw(out.gtid.source.uuid.size()), out.gtid.source.uuid.begin());
  out.gtid.number = in.u64();
  constexpr std::uint8_t kLogicalClock = 2;
  if (in.left() == 0 || in.u8() != kLogicalClock) return out;
  out.last_committed = static_cast<std::int64_t>(in.u64());
  out.sequence_number = static_cast<std::int64_t>(in.u64());
  if (in.left() == 0) return out;
  const std::uint64_t commit = read_little(in, 7);
  out.commit_microseconds = commit & (kTopOfSevenBytes - 1);
  out.original_commit_microseconds = (commit & kTopOfSevenBytes) != 0 ? read_little(in, 7) : out.commit_microseconds;
  if (in.left() > 0) out.transaction_size = read_packed(in);
  return out;
}

/// The numbers of a tagged event's fields.
enum Field : std::uint64_t {
  kFlags = 0,
  kUuid = 1,
  kNumber = 2,
  kTag = 3,
  kLastCommitted = 4,
  kSequence = 5,
  kCommitTime = 6,
  kOriginalCommitTime = 7,
  kTransactionSize = 8,
  kVersion = 9,
  kOriginalVersion = 10,
  kTicket = 11,
};

/// False for a field of a newer version, whose length is not known: it and what follows can be left out.
bool read_field(Decoder& in, std::uint64_t field, MysqlGtidEvent& out) {
  switch (field) {
    case kFlags:
      out.flags = static_cast<std::uint8_t>(read_varlen(in));
      return true;
    case kUuid:
      for (std::uint8_t& byte : out.gtid.source.uuid) byte = static_cast<std::uint8_t>(read_varlen(in));
      return true;
    case kNumber:
      out.gtid.number = static_cast<std::uint64_t>(read_varlen_signed(in));
      return true;
    case kTag: {
      const std::uint64_t size = read_varlen(in);
      if (size > GtidSource::kMaxTag) in.bad("tag too long");
      out.gtid.source.tag = as_text(in.raw(static_cast<std::size_t>(size)));
      return true;
    }
    case kLastCommitted:
      out.last_committed = read_varlen_signed(in);
      return true;
    case kSequence:
      out.sequence_number = read_varlen_signed(in);
      return true;
    case kCommitTime:
      out.commit_microseconds = read_varlen(in);
      return true;
    case kOriginalCommitTime:
      out.original_commit_microseconds = read_varlen(in);
      return true;
    case kTransactionSize:
      out.transaction_size = read_varlen(in);
      return true;
    case kVersion:
    case kOriginalVersion:
    case kTicket:
      read_varlen(in);
      return true;
    default:
      return false;
  }
}

MysqlGtidEvent decode_tagged(Decoder& in) {
  const std::uint64_t version = read_varlen(in);
  if (version != 1) fail(Code::kUnsupported, format("tagged gtid event: version {}", version));
  const std::uint64_t size = read_varlen(in);
  if (size > in.position() + in.left()) in.bad("truncated");
  read_varlen(in);  // the last field that a reader must know
  MysqlGtidEvent out;
  bool named = false;
  while (in.left() > 0) {
    const std::uint64_t field = read_varlen(in);
    if (!read_field(in, field, out)) break;
    named = named || field == kNumber;
  }
  if (!named || out.gtid.number == 0) in.bad("no number");
  if (out.original_commit_microseconds == 0) out.original_commit_microseconds = out.commit_microseconds;
  return out;
}

}  // namespace

bool is_mysql_gtid(EventType type) {
  return type == EventType::kMysqlGtid || type == EventType::kMysqlAnonymousGtid || type == EventType::kMysqlGtidTagged;
}

MysqlGtidEvent decode_mysql_gtid(const Event& event) {
  Decoder in(event.body, "gtid event");
  if (!is_mysql_gtid(event.header.type)) in.bad("not one");
  return event.header.type == EventType::kMysqlGtidTagged ? decode_tagged(in) : decode_plain(in, event.header.type);
}

GtidSet decode_previous_gtids(const Event& event) {
  if (event.header.type != EventType::kMysqlPreviousGtids) fail(Code::kCorruption, "previous gtids: not such an event");
  return GtidSet::decode(event.body);
}

}  // namespace lifeboat::binlog
