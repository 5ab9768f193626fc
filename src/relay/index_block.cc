#include "relay/index_block.h"

#include <algorithm>

#include "base/error.h"
#include "binlog/event.h"

namespace lifeboat::relay {
namespace {

constexpr std::string_view kMagic = "LBIX";
constexpr std::uint32_t kVersion = 1;
constexpr std::size_t kFrameBytes = 8;  // length and CRC
/// An entry is far smaller: a tag has at most 32 characters.
constexpr std::size_t kEntryBytesMax = 256;

// The bits of an entry's first byte.
constexpr std::uint8_t kHasGtid = 0x01;
constexpr std::uint8_t kNextGtid = 0x02;  ///< the one after the entry before, of the same domain and server
constexpr std::uint8_t kHasMysqlGtid = 0x04;
constexpr std::uint8_t kHasDanger = 0x08;
constexpr std::uint8_t kAllBits = 0x0f;

std::uint32_t narrow(Decoder& in, std::uint64_t value) {
  if (value > ~std::uint32_t{0}) in.bad("a number too large");
  return static_cast<std::uint32_t>(value);
}

bool follows(const binlog::Gtid& gtid, const std::optional<IndexEntry>& last) {
  return last && last->gtid && last->gtid->domain == gtid.domain && last->gtid->server == gtid.server &&
         gtid.sequence == last->gtid->sequence + 1;
}

void encode_entry(Encoder& out, const IndexEntry& entry, const std::optional<IndexEntry>& last) {
  const bool next = entry.gtid && follows(*entry.gtid, last);
  out.u8(static_cast<std::uint8_t>((entry.gtid ? kHasGtid : 0) | (next ? kNextGtid : 0) |
                                   (entry.mysql_gtid ? kHasMysqlGtid : 0) | (entry.dangerous() ? kHasDanger : 0)));
  out.varint(entry.begin - (last ? last->end : 0));
  out.varint(entry.end - entry.begin);
  out.svarint(std::int64_t{entry.time} - std::int64_t{last ? last->time : 0});
  if (entry.gtid && !next) {
    out.varint(entry.gtid->domain);
    out.varint(entry.gtid->server);
    out.varint(entry.gtid->sequence);
  }
  if (entry.mysql_gtid) {
    out.raw(entry.mysql_gtid->source.uuid);
    out.text(entry.mysql_gtid->source.tag);
    out.varint(entry.mysql_gtid->number);
  }
  if (!entry.dangerous()) return;
  out.u8(static_cast<std::uint8_t>(entry.severity));
  out.text(binlog::danger_class_name(entry.danger));  // by name: the classes' numbers may change
  out.varint(entry.rows);
}

binlog::Gtid decode_gtid(Decoder& in, bool next, const std::optional<IndexEntry>& last) {
  if (next) {
    if (!last || !last->gtid) in.bad("a GTID after none");
    binlog::Gtid gtid = *last->gtid;
    ++gtid.sequence;
    return gtid;
  }
  const std::uint32_t domain = narrow(in, in.varint());
  const std::uint32_t server = narrow(in, in.varint());
  return {domain, server, in.varint()};
}

binlog::MysqlGtid decode_mysql_gtid(Decoder& in) {
  binlog::MysqlGtid gtid;
  std::ranges::copy(in.raw(gtid.source.uuid.size()), gtid.source.uuid.begin());
  gtid.source.tag = in.text(32);
  gtid.number = in.varint();
  return gtid;
}

IndexEntry decode_entry(Decoder& in, const std::optional<IndexEntry>& last) {
  const std::uint8_t bits = in.u8();
  if ((bits & ~kAllBits) != 0) in.bad("an entry of another kind");
  IndexEntry entry;
  entry.begin = (last ? last->end : 0) + in.varint();
  entry.end = entry.begin + in.varint();
  const bool wrapped = (last && entry.begin < last->end) || entry.end < entry.begin;
  if (wrapped) in.bad("a position too large");
  const std::int64_t since = in.svarint();
  entry.time = static_cast<std::uint32_t>(static_cast<std::uint64_t>(since) + (last ? last->time : 0));
  if ((bits & kHasGtid) != 0) entry.gtid = decode_gtid(in, (bits & kNextGtid) != 0, last);
  if ((bits & kHasMysqlGtid) != 0) entry.mysql_gtid = decode_mysql_gtid(in);
  if ((bits & kHasDanger) == 0) return entry;
  const std::uint8_t severity = in.u8();
  if (severity == 0 || severity > static_cast<std::uint8_t>(binlog::Severity::kUnknown)) in.bad("no severity");
  entry.severity = static_cast<binlog::Severity>(severity);
  entry.danger = binlog::danger_class_of(in.text(64));
  entry.rows = in.varint();
  return entry;
}

}  // namespace

std::string IndexEntry::gtid_text() const {
  if (gtid) return binlog::format_gtid(*gtid);
  return mysql_gtid ? binlog::format_gtid(*mysql_gtid) : "";
}

Bytes encode_index_head(const IndexOwner& owner) {
  Encoder out;
  out.raw(kMagic);
  out.u32(kVersion);
  out.u32(owner.made_at);
  out.u32(owner.server_id);
  return out.take();
}

std::optional<IndexOwner> decode_index_head(ByteView bytes) {
  if (bytes.size() < kIndexHeadBytes) return std::nullopt;
  Decoder in(bytes.first(kIndexHeadBytes), "an index");
  if (as_text(in.raw(kMagic.size())) != kMagic || in.u32() != kVersion) return std::nullopt;
  const std::uint32_t made_at = in.u32();
  return IndexOwner{.made_at = made_at, .server_id = in.u32()};
}

bool IndexBlockBuilder::add(const IndexEntry& entry) {
  encode_entry(out_, entry, last_);
  last_ = entry;
  return out_.size() + kEntryBytesMax > kIndexBlockBytesMax;
}

Bytes IndexBlockBuilder::take() {
  const Bytes payload = out_.take();
  out_ = {};
  last_.reset();
  Encoder block;
  block.u32(static_cast<std::uint32_t>(payload.size()));
  block.u32(binlog::crc32(payload));
  block.raw(payload);
  return block.take();
}

std::size_t decode_index_block(ByteView bytes, std::vector<IndexEntry>& entries) {
  if (bytes.size() < kFrameBytes) return 0;
  Decoder frame(bytes.first(kFrameBytes), "an index block");
  const std::uint32_t size = frame.u32();
  const std::uint32_t crc = frame.u32();
  if (size == 0 || size > kIndexBlockBytesMax || size > bytes.size() - kFrameBytes) return 0;
  const ByteView payload = bytes.subspan(kFrameBytes, size);
  if (binlog::crc32(payload) != crc) return 0;
  Decoder in(payload, "an index block");
  std::optional<IndexEntry> last;
  while (in.left() > 0) {
    last = decode_entry(in, last);
    entries.push_back(*last);
  }
  return kFrameBytes + size;
}

}  // namespace lifeboat::relay
