#include "binlog/describe.h"

#include "binlog/column_value.h"
#include "binlog/control_events.h"
#include "binlog/gtid_event.h"
#include "binlog/mysql_gtid_event.h"
#include "binlog/query_event.h"
#include "binlog/rows.h"
#include "binlog/transaction_payload.h"

namespace lifeboat::binlog {

namespace {

/// A file of our own making never needs more table maps at a time; a hostile one does not get more.
constexpr std::size_t kMaxMaps = 10'000;

/// Length of the UTF-8 character at the front, 0 if there is none.
std::size_t utf8_character(std::string_view text) {
  const auto byte = [&](std::size_t i) { return static_cast<std::uint8_t>(text[i]); };
  const std::size_t size = byte(0) < 0x80   ? 1
                           : byte(0) < 0xc2 ? 0
                           : byte(0) < 0xe0 ? 2
                           : byte(0) < 0xf0 ? 3
                           : byte(0) < 0xf5 ? 4
                                            : 0;
  if (size > text.size()) return 0;
  std::uint32_t code = size == 1 ? byte(0) : byte(0) & (0x7fU >> size);
  for (std::size_t i = 1; i < size; ++i) {
    if ((byte(i) & 0xc0U) != 0x80) return 0;
    code = code << 6U | (byte(i) & 0x3fU);
  }
  const bool overlong = (size == 3 && code < 0x800) || (size == 4 && code < 0x10000);
  const bool surrogate = code >= 0xd800 && code < 0xe000;
  return overlong || surrogate || code > 0x10ffff ? 0 : size;
}

bool is_utf8(std::string_view text) {
  while (!text.empty()) {
    const std::size_t size = utf8_character(text);
    if (size == 0) return false;
    text.remove_prefix(size);
  }
  return true;
}

std::string bits_text(std::uint64_t value, std::uint32_t width) {
  std::string out = "b'";
  for (std::uint32_t i = width; i-- > 0;) out += (value >> i & 1U) != 0 ? '1' : '0';
  return out + "'";
}

json::value label_or_number(const ColumnValue& value, const Column& column) {
  if (column.labels.empty()) return value.number;
  return bytes_to_json(value.text);
}

json::value value_to_json(const Column& column, const ColumnValue& value) {
  switch (value.kind) {
    case ColumnValue::Kind::kNull:
      return nullptr;
    case ColumnValue::Kind::kSigned:
      return value.integer;
    case ColumnValue::Kind::kUnsigned:
      return value.number;
    case ColumnValue::Kind::kReal:
      return value.real;
    case ColumnValue::Kind::kBits:
      return json::value_from(bits_text(value.number, column.length));
    case ColumnValue::Kind::kEnum:
    case ColumnValue::Kind::kSet:
      return label_or_number(value, column);
    case ColumnValue::Kind::kBytes:
      return bytes_to_json(as_text(value.bytes));
    case ColumnValue::Kind::kText:
    case ColumnValue::Kind::kJsonDiff:
      return bytes_to_json(value.text);
  }
  return nullptr;
}

json::object image_to_json(const TableMap& map, const RowImage& image, std::size_t max_size) {
  json::object out;
  for (std::size_t i = 0; i < image.size(); ++i) {
    if (image[i].state == Cell::State::kAbsent) continue;
    const Column& column = map.columns[i];
    const std::string name = column.name.empty() || !is_utf8(column.name) ? format("@{}", i + 1) : column.name;
    out[name] = value_to_json(column, decode_value(column, image[i], max_size));
  }
  return out;
}

json::array names(const std::vector<std::pair<bool, std::string_view>>& flags) {
  json::array out;
  for (const auto& [set, name] : flags) {
    if (set) out.emplace_back(name);
  }
  return out;
}

json::object xa_to_json(const XaId& id) {
  return {{"format", id.format_id}, {"global", bytes_to_json(id.global_id)}, {"branch", bytes_to_json(id.branch_id)}};
}

void describe_gtid(const Event& event, json::object& out) {
  const GtidEvent gtid = decode_gtid(event);
  out["gtid"] = format_gtid(gtid.gtid);
  out["gtid_flags"] = names({{gtid.has(GtidEvent::kStandalone), "standalone"},
                             {gtid.has(GtidEvent::kGroupCommit), "group_commit"},
                             {gtid.has(GtidEvent::kTransactional), "transactional"},
                             {gtid.has(GtidEvent::kAllowParallel), "allow_parallel"},
                             {gtid.has(GtidEvent::kWaited), "waited"},
                             {gtid.has(GtidEvent::kDdl), "ddl"},
                             {gtid.has(GtidEvent::kPreparedXa), "prepared_xa"},
                             {gtid.has(GtidEvent::kCompletedXa), "completed_xa"},
                             {gtid.has_extra(GtidEvent::kExtraStartAlter), "start_alter"},
                             {gtid.has_extra(GtidEvent::kExtraCommitAlter), "commit_alter"},
                             {gtid.has_extra(GtidEvent::kExtraRollbackAlter), "rollback_alter"}});
  if (gtid.commit_id != 0) out["commit_id"] = gtid.commit_id;
  if (gtid.start_alter_sequence != 0) out["start_alter_sequence"] = gtid.start_alter_sequence;
  if (gtid.thread_id != 0) out["thread_id"] = gtid.thread_id;
  if (gtid.xa) out["xa"] = xa_to_json(*gtid.xa);
}

void describe_mysql_gtid(const Event& event, json::object& out) {
  const MysqlGtidEvent gtid = decode_mysql_gtid(event);
  out["gtid"] = gtid.anonymous ? "anonymous" : format_gtid(gtid.gtid);
  out["last_committed"] = gtid.last_committed;
  out["sequence_number"] = gtid.sequence_number;
  if (gtid.commit_microseconds != 0) out["commit_microseconds"] = gtid.commit_microseconds;
  if (gtid.transaction_size != 0) out["transaction_size"] = gtid.transaction_size;
}

void describe_query(const Event& event, std::size_t max_size, json::object& out) {
  const QueryEvent query = decode_query(event, max_size);
  out["database"] = bytes_to_json(query.database);
  out["thread_id"] = query.thread_id;
  out["error_code"] = query.error_code;
  if (query.status.sql_mode) out["sql_mode"] = *query.status.sql_mode;
  if (!query.status.invoker_user.empty()) out["user"] = bytes_to_json(query.status.invoker_user);
  if (!query.status.complete) out["status_complete"] = false;
  out["statement"] = bytes_to_json(query.text());
}

void describe_format(const FormatDescription& format, json::object& out) {
  out["server_version"] = bytes_to_json(format.server_version);
  out["created"] = format.created;
  out["flavour"] = format.flavour == Flavour::kMariadb ? "mariadb" : "mysql";
  out["checksums"] = format.checksum == Checksum::kCrc32 ? "crc32" : "none";
}

void describe_table_map(const TableMap& map, json::object& out) {
  out["table_id"] = map.table_id;
  out["database"] = bytes_to_json(map.database);
  out["table"] = bytes_to_json(map.table);
  json::array columns;
  for (const Column& column : map.columns) {
    json::object each{{"type", column_type_name(column.type)}, {"nullable", column.nullable}};
    if (!column.name.empty()) each["name"] = bytes_to_json(column.name);
    if (column.is_unsigned) each["unsigned"] = *column.is_unsigned;
    if (column.collation) each["collation"] = *column.collation;
    columns.emplace_back(std::move(each));
  }
  out["columns"] = std::move(columns);
  json::array key;
  for (const std::uint32_t index : map.primary_key) key.emplace_back(index);
  if (!key.empty()) out["primary_key"] = std::move(key);
}

/// Small events that say a thing or two.
void describe_small(const Event& event, json::object& out) {
  switch (event.header.type) {
    case EventType::kRotate: {
      const Rotate rotate = decode_rotate(event);
      out["file"] = bytes_to_json(rotate.file);
      out["position_in_file"] = rotate.position;
      return;
    }
    case EventType::kHeartbeat:
    case EventType::kMysqlHeartbeatV2: {
      const Heartbeat heartbeat = decode_heartbeat(event);
      out["file"] = bytes_to_json(heartbeat.file);
      out["position_in_file"] = heartbeat.position;
      return;
    }
    case EventType::kGtidList:
      out["gtids"] = format_gtid_list(decode_gtid_list(event).gtids);
      return;
    case EventType::kMysqlPreviousGtids:
      out["gtids"] = decode_previous_gtids(event).format();
      return;
    case EventType::kBinlogCheckpoint:
      out["file"] = bytes_to_json(decode_binlog_checkpoint(event));
      return;
    case EventType::kStartEncryption:
      out["key_version"] = decode_start_encryption(event).key_version;
      return;
    case EventType::kXid:
      out["xid"] = decode_xid(event);
      return;
    case EventType::kXaPrepare:
      out["xa"] = xa_to_json(decode_xa_prepare(event).id);
      return;
    case EventType::kAnnotateRows:
    case EventType::kRowsQuery:
      out["statement"] = bytes_to_json(decode_annotate_rows(event));
      return;
    default:
      return;
  }
}

}  // namespace

json::value bytes_to_json(std::string_view bytes) {
  if (is_utf8(bytes)) return json::value(json::string(bytes));
  return json::object{{"hex", to_hex(as_bytes(bytes))}};
}

json::object Describer::describe(const Event& event, std::uint64_t position) {
  json::object out{{"position", position}};
  for (auto& [key, value] : describe_header(event)) out[key] = std::move(value);
  try {
    describe_body(event, out);
  } catch (const Exception& e) {
    out["error"] = e.error().text();
  }
  return out;
}

json::object Describer::describe_header(const Event& event) const {
  const EventHeader& header = event.header;
  json::object out{{"type", event_type_name(header.type)},
                   {"type_number", static_cast<unsigned>(header.type)},
                   {"timestamp", header.timestamp},
                   {"server_id", header.server_id},
                   {"size", header.size},
                   {"end_position", header.end_position},
                   {"flags", header.flags}};
  if (event.checksum != Checksum::kNone) out["checksum_ok"] = checksum_matches(event);
  return out;
}

void Describer::describe_body(const Event& event, json::object& out) {
  const EventType type = event.header.type;
  if (type == EventType::kFormatDescription) {
    const FormatDescription format = decode_format_description(event);
    flavour_ = format.flavour;
    maps_.clear();
    return describe_format(format, out);
  }
  if (type == EventType::kGtid) return describe_gtid(event, out);
  if (is_mysql_gtid(type)) return describe_mysql_gtid(event, out);
  if (is_query(type)) return describe_query(event, max_inflated_, out);
  if (type == EventType::kTableMap) {
    TableMap map = decode_table_map(event, flavour_);
    describe_table_map(map, out);
    return keep(std::move(map));
  }
  if (rows_kind(type) != RowsKind::kNone) return describe_rows(event, out);
  if (type == EventType::kMysqlTransactionPayload) return describe_payload(event, out);
  describe_small(event, out);
}

void Describer::keep(TableMap map) {
  if (maps_.size() >= kMaxMaps) maps_.clear();
  const std::uint64_t id = map.table_id;
  maps_.insert_or_assign(id, std::move(map));
}

void Describer::describe_rows(const Event& event, json::object& out) const {
  const RowsHeader header = decode_rows_header(event);
  out["table_id"] = header.table_id;
  out["statement_end"] = header.has(RowsHeader::kStatementEnd);
  if (header.table_id == kDummyTableId) return;
  const auto found = maps_.find(header.table_id);
  if (found == maps_.end()) fail(Code::kCorruption, "rows event: no table map before it");
  const TableMap& map = found->second;
  out["database"] = bytes_to_json(map.database);
  out["table"] = bytes_to_json(map.table);
  RowsReader reader(event, map, max_inflated_);
  json::array rows;
  while (reader.next()) {
    json::object row;
    if (!reader.before().empty()) row["before"] = image_to_json(map, reader.before(), max_inflated_);
    if (!reader.after().empty()) row["after"] = image_to_json(map, reader.after(), max_inflated_);
    rows.emplace_back(std::move(row));
  }
  out["rows"] = std::move(rows);
}

void Describer::describe_payload(const Event& event, json::object& out) {
  PayloadReader reader(event, max_inflated_);
  json::array events;
  Event inner;
  std::uint64_t position = 0;
  while (reader.next(inner)) {
    json::object described = inner.header.type == EventType::kMysqlTransactionPayload
                                 ? json::object{{"error", "a payload within a payload"}}
                                 : describe(inner, position);
    events.emplace_back(std::move(described));
    position += inner.header.size;
  }
  out["events"] = std::move(events);
}

}  // namespace lifeboat::binlog
