#include "binlog/query_event.h"

#include <algorithm>

#include "binlog/inflate.h"
#include "binlog/wire.h"

namespace lifeboat::binlog {

namespace {

/// Codes of the status variables. Those from 128 on are MariaDB's.
enum StatusCode : std::uint8_t {
  kOptions = 0,
  kSqlMode = 1,
  kOldCatalog = 2,
  kAutoIncrement = 3,
  kCharset = 4,
  kTimeZone = 5,
  kCatalog = 6,
  kTimeNames = 7,
  kDatabaseCharset = 8,
  kTablesForUpdate = 9,
  kDataWritten = 10,
  kInvoker = 11,
  kUpdatedDatabases = 12,
  kMicroseconds = 13,
  kExplicitTimestamps = 16,
  kDdlXid = 17,
  kUtf8Collation = 18,
  kRequirePrimaryKey = 19,
  kTableEncryption = 20,
  kMysql9 = 21,  // one byte, which MySQL 9.7 writes
  kHrNow = 128,
  kXidCode = 129,
  kGtidFlags3 = 130,
  kCollations = 131,
};

std::string short_text(Decoder& in) {
  return std::string(as_text(in.raw(in.u8())));
}

void read_databases(Decoder& in, QueryStatus& status) {
  constexpr std::uint8_t kTooMany = 254;
  const std::uint8_t count = in.u8();
  if (count == kTooMany) return;
  for (std::uint8_t i = 0; i < count; ++i) {
    std::string name;
    for (char c = static_cast<char>(in.u8()); c != '\0'; c = static_cast<char>(in.u8())) name += c;
    status.updated_databases.push_back(std::move(name));
  }
}

void read_gtid_flags(Decoder& in) {
  constexpr unsigned kSecondPhase = 4U | 8U;  // as in the Gtid event, which says the same
  if ((in.u8() & kSecondPhase) != 0) in.u64();
}

/// One variable; false if its code is unknown, and with it its length.
bool read_variable(Decoder& in, QueryStatus& status) {
  switch (in.u8()) {
    case kOptions:
      status.options = in.u32();
      return true;
    case kSqlMode:
      status.sql_mode = in.u64();
      return true;
    case kOldCatalog:
      in.raw(in.u8() + std::size_t{1});
      return true;
    case kCharset:
      status.client_charset = in.u16();
      status.connection_collation = in.u16();
      status.server_collation = in.u16();
      return true;
    case kTimeZone:
      status.time_zone = short_text(in);
      return true;
    case kCatalog:
      short_text(in);
      return true;
    case kAutoIncrement:
    case kDataWritten:
      in.u32();
      return true;
    case kTimeNames:
    case kDatabaseCharset:
    case kUtf8Collation:
      in.u16();
      return true;
    case kTablesForUpdate:
      in.u64();
      return true;
    case kExplicitTimestamps:
    case kRequirePrimaryKey:
    case kTableEncryption:
    case kMysql9:
      in.u8();
      return true;
    case kInvoker:
      status.invoker_user = short_text(in);
      status.invoker_host = short_text(in);
      return true;
    case kUpdatedDatabases:
      read_databases(in, status);
      return true;
    case kMicroseconds:
    case kHrNow:
      status.microseconds = static_cast<std::uint32_t>(read_little(in, 3));
      return true;
    case kDdlXid:
    case kXidCode:
      status.xid = in.u64();
      return true;
    case kGtidFlags3:
      read_gtid_flags(in);
      return true;
    case kCollations:
      in.raw(in.u8() * std::size_t{4});
      return true;
    default:
      return false;
  }
}

QueryStatus read_status(ByteView bytes) {
  Decoder in(bytes, "query status");
  QueryStatus status;
  while (in.left() > 0 && status.complete) status.complete = read_variable(in, status);
  return status;
}

/// What stands before the text.
struct Frame {
  QueryEvent query;
  ByteView status;
  ByteView text;  ///< as it lies there, maybe compressed
};

Frame read_frame(const Event& event) {
  Decoder in(event.body, "query event");
  Frame frame;
  frame.query.thread_id = in.u32();
  frame.query.seconds = in.u32();
  const std::uint8_t database_size = in.u8();
  frame.query.error_code = in.u16();
  const std::uint16_t status_size = in.u16();
  if (event.header.type == EventType::kExecuteLoadQuery) {
    frame.query.file_id = in.u32();
    in.raw(4 + 4 + 1);
  }
  frame.status = in.raw(status_size);
  frame.query.database = as_text(in.raw(database_size));
  if (in.u8() != 0) in.bad("the database's name does not end");
  frame.text = in.raw(in.left());
  return frame;
}

bool equal_words(std::string_view text, std::string_view upper) {
  return std::ranges::equal(text, upper, [](char a, char b) { return (a >= 'a' && a <= 'z' ? a - 32 : a) == b; });
}

Verb verb_of(std::string_view text) {
  if (equal_words(text, "BEGIN")) return Verb::kBegin;
  if (equal_words(text, "COMMIT")) return Verb::kCommit;
  if (equal_words(text, "ROLLBACK")) return Verb::kRollback;
  return Verb::kOther;
}

}  // namespace

bool is_query(EventType type) {
  return type == EventType::kQuery || type == EventType::kQueryCompressed || type == EventType::kExecuteLoadQuery;
}

QueryEvent decode_query(const Event& event, std::size_t max_text) {
  if (!is_query(event.header.type)) Decoder(ByteView(), "query event").bad("not one");
  Frame frame = read_frame(event);
  frame.query.status = read_status(frame.status);
  if (event.header.type == EventType::kQueryCompressed) {
    frame.query.inflated = inflate_payload(frame.text, max_text);
  } else {
    frame.query.plain = as_text(frame.text);
  }
  return std::move(frame.query);
}

Verb query_verb(const Event& event) {
  constexpr std::size_t kLongestVerb = 8;
  if (!is_query(event.header.type)) return Verb::kOther;
  const Frame frame = read_frame(event);
  if (event.header.type != EventType::kQueryCompressed) return verb_of(as_text(frame.text));
  if (inflated_size(frame.text) > kLongestVerb) return Verb::kOther;
  return verb_of(as_text(inflate_payload(frame.text, kLongestVerb)));
}

}  // namespace lifeboat::binlog
