#include "relay/log_part_record.h"

#include <algorithm>

#include "relay/log_scan.h"
#include "relay/source_log.h"

namespace lifeboat::relay {
namespace {

constexpr std::uint8_t kVersion = 1;
constexpr std::size_t kNameMax = 255;
constexpr std::size_t kNoteMax = 8192;

void encode_state(Encoder& out, const binlog::GtidState& state) {
  const std::vector<binlog::Gtid> list = state.list();
  out.varint(list.size());
  for (const binlog::Gtid& gtid : list) {
    out.varint(gtid.domain);
    out.varint(gtid.server);
    out.varint(gtid.sequence);
  }
}

std::uint32_t number32(Decoder& in) {
  const std::uint64_t value = in.varint();
  if (value > ~std::uint32_t{0}) in.bad("a number too large");
  return static_cast<std::uint32_t>(value);
}

binlog::GtidState decode_state(Decoder& in) {
  std::vector<binlog::Gtid> list(in.count(3));
  for (binlog::Gtid& gtid : list) {
    gtid.domain = number32(in);
    gtid.server = number32(in);
    gtid.sequence = in.varint();
  }
  return binlog::GtidState::from_list(list);
}

}  // namespace

Bytes encode_log_part_record(const LogPartRecord& record) {
  Encoder out;
  out.u8(kVersion);
  out.text(record.source);
  out.text(record.incarnation);
  out.text(record.note);
  out.text(record.file);
  encode_state(out, record.before);
  encode_state(out, record.after);
  out.u32(record.first_time);
  out.u32(record.last_time);
  out.varint(record.groups);
  out.raw(record.hash);
  out.u64(static_cast<std::uint64_t>(unix_ms(record.sealed)));
  return out.take();
}

LogPartRecord decode_log_part_record(ByteView bytes) {
  Decoder in(bytes, "a log part's record");
  if (in.u8() != kVersion) in.bad("of a version that is not known");
  LogPartRecord record;
  record.source = in.text(kNameMax);
  record.incarnation = in.text(kNameMax);
  record.note = in.text(kNoteMax);
  record.file = in.text(kNameMax);
  if (!is_source_name(record.source) || !is_incarnation_name(record.incarnation) || !is_log_file_name(record.file)) {
    in.bad("names no file of a relay");
  }
  record.before = decode_state(in);
  record.after = decode_state(in);
  record.first_time = in.u32();
  record.last_time = in.u32();
  record.groups = in.varint();
  std::ranges::copy(in.raw(record.hash.size()), record.hash.begin());
  record.sealed = from_unix_ms(static_cast<std::int64_t>(in.u64()));
  in.expect_end();
  return record;
}

}  // namespace lifeboat::relay
