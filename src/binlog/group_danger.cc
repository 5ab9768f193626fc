// Events to effects: each kind of event by itself, joined where the group ends.

#include "binlog/group_danger.h"

#include <algorithm>
#include <charconv>

#include "base/error.h"
#include "base/printable.h"
#include "binlog/control_events.h"
#include "binlog/gtid_event.h"
#include "binlog/query_event.h"
#include "binlog/rows.h"
#include "binlog/statement_reads.h"
#include "binlog/transaction_payload.h"

namespace lifeboat::binlog {
namespace {

/// "10.11.19-MariaDB-log" is 101119, as executable comments number it.
ReaderVersion version_of(const FormatDescription& format) {
  ReaderVersion reader{format.flavour == Flavour::kMariadb, 0};
  std::string_view rest = format.server_version;
  for (const unsigned weight : {10'000U, 100U, 1U}) {
    unsigned part = 0;
    const char* const end = std::from_chars(rest.data(), rest.data() + rest.size(), part).ptr;
    reader.number += part % 100 * weight;
    rest.remove_prefix(static_cast<std::size_t>(end - rest.data()));
    if (rest.starts_with('.')) rest.remove_prefix(1);
  }
  return reader;
}

/// Events that change nothing by themselves, or whose effect the events after them tell.
bool says_nothing(const Event& event) {
  switch (event.header.type) {
    case EventType::kXid:
    case EventType::kXaPrepare:
    case EventType::kIntvar:
    case EventType::kRand:
    case EventType::kUserVar:
    case EventType::kIgnorable:
    case EventType::kBeginLoadQuery:
    case EventType::kAppendBlock:
    case EventType::kDeleteFile:
    case EventType::kMysqlTransactionContext:
    case EventType::kMysqlViewChange:
      return true;
    default:
      return is_control(event.header.type) || (!is_known(event.header.type) && event.header.has(kFlagIgnorable));
  }
}

/// Of what the text beside rows events says, what the rows do not say themselves.
bool adds_to_rows(DangerClass danger) {
  return danger == DangerClass::kDeleteAll || danger == DangerClass::kUpdateAll || danger == DangerClass::kDropHistory;
}

/// The worst stay in front.
void insert(std::vector<Effect>& effects, Effect effect) {
  const auto behind = std::ranges::upper_bound(effects, severity_of(effect.danger), std::ranges::greater{},
                                               [](const Effect& each) { return severity_of(each.danger); });
  effects.insert(behind, std::move(effect));
}

bool same_name(std::string_view a, std::string_view b) {
  const auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; };
  return std::ranges::equal(a, b, {}, lower, lower);
}

bool names(const TableName& in_text, const TableName& counted) {
  return same_name(in_text.name, counted.name) &&
         (in_text.database.empty() || same_name(in_text.database, counted.database));
}

}  // namespace

void GroupClassifier::add(const Event& event) {
  if (!is_control(event.header.type) && !std::exchange(begun_, true)) group_.time_s = event.header.timestamp;
  try {
    add_body(event);
  } catch (const Exception& e) {
    if (event.header.type == EventType::kFormatDescription) readable_ = false;
    if (!is_control(event.header.type)) unknown(e.error().text());
  }
}

void GroupClassifier::add_body(const Event& event) {
  const EventType type = event.header.type;
  if (type == EventType::kFormatDescription) return add_format(event);
  if (type == EventType::kStartEncryption && begins_encryption(event)) readable_ = false;
  if (says_nothing(event)) return;
  if (!readable_) return unknown("it is encrypted, or of a format that is not known");
  if (type == EventType::kGtid) return add_gtid(event);
  if (is_query(type)) return add_statement(event);
  if (type == EventType::kAnnotateRows || type == EventType::kRowsQuery) return add_annotation(event);
  if (type == EventType::kTableMap) return add_table_map(event);
  if (rows_kind(type) != RowsKind::kNone) return add_rows(event);
  if (type == EventType::kMysqlTransactionPayload) return add_payload(event);
  const bool mysql_gtid =
      type == EventType::kMysqlGtid || type == EventType::kMysqlAnonymousGtid || type == EventType::kMysqlGtidTagged;
  if (mysql_gtid) return;
  unknown(format("an event of a kind that cannot be judged: {} ({})", event_type_name(type), static_cast<int>(type)));
}

void GroupClassifier::add_format(const Event& event) {
  const FormatDescription format = decode_format_description(event);
  readable_ = true;
  flavour_ = format.flavour;
  writer_ = version_of(format);
  maps_.clear();
  if (format.created != 0) memory_.server_restarted();
}

void GroupClassifier::add_gtid(const Event& event) {
  const GtidEvent gtid = decode_gtid(event);
  rolls_back_alter_ = gtid.has_extra(GtidEvent::kExtraRollbackAlter);
  if (gtid.has_extra(GtidEvent::kExtraThreadId)) group_.thread_id = gtid.thread_id;
}

void GroupClassifier::add_statement(const Event& event) {
  end_statement();
  if (rolls_back_alter_) return;
  const QueryEvent query = decode_query(event, options_.max_inflated);
  if (group_.thread_id == 0) group_.thread_id = query.thread_id;
  if (query_verb(event) != Verb::kOther) return;
  StatementContext context;
  context.database = query.database;
  context.dialect = dialect_of(query.status);
  context.dialect.reader = writer_;
  context.session = {event.header.server_id, query.thread_id};
  context.time_s = event.header.timestamp;
  if (group_.user.empty()) {
    group_.user = query.status.invoker_user;
    group_.user_host = query.status.invoker_host;
  }
  ++group_.statements;
  std::vector<Effect> effects = classify_statement(query.text(), context, memory_);
  keep_statement(query.text(), query.database, effects);
  for (Effect& effect : effects) add_effect(std::move(effect));
}

void GroupClassifier::add_annotation(const Event& event) {
  end_statement();
  const std::string_view text = decode_annotate_rows(event);
  StatementContext context;
  context.dialect.reader = writer_;
  context.session = {event.header.server_id, group_.thread_id};
  if (valid_utf8(text) != text) context.dialect.charset = Charset::kLatin1;
  context.time_s = event.header.timestamp;
  context.rows_are_known = true;
  ++group_.statements;
  // Of this text the log tells no character set, which would be UTF-8 or most likely latin1, and no sql_mode: where it
  // cannot be read plainly, other quotes are tried.
  for (const std::uint64_t sql_mode : {std::uint64_t{0}, kModeAnsiQuotes, kModeAnsiQuotes | kModeMssql}) {
    context.dialect.sql_mode = sql_mode;
    annotated_ = classify_statement(text, context, memory_);
    if (std::ranges::find(annotated_, DangerClass::kUnknown, &Effect::danger) == annotated_.end()) break;
  }
  std::erase_if(annotated_, [](const Effect& effect) { return !adds_to_rows(effect.danger); });
  keep_statement(text, {}, annotated_);
}

void GroupClassifier::add_table_map(const Event& event) {
  TableMap map = decode_table_map(event, flavour_);
  if (group_.database.empty()) group_.database = map.database;
  if (maps_.size() >= kMaxTableMaps) {
    maps_.clear();
    unknown("more table maps than are kept");
  }
  const std::uint64_t id = map.table_id;
  maps_.insert_or_assign(id, std::move(map));
}

void GroupClassifier::add_rows(const Event& event) {
  const RowsHeader header = decode_rows_header(event);
  if (header.table_id != kDummyTableId) {
    const auto map = maps_.find(header.table_id);
    if (map == maps_.end()) return unknown("rows without the table that they belong to");
    const std::uint64_t rows = count_rows(event, map->second, options_.max_inflated);
    const TableName table{map->second.database, map->second.table};
    for (auto* const counts : {&group_.rows, &statement_rows_}) {
      const bool has_place = counts->size() < kMaxTables || counts->contains(table);
      RowCounts& of_table = (*counts)[has_place ? table : TableName{}];
      if (header.kind == RowsKind::kWrite) of_table.inserted += rows;
      if (header.kind == RowsKind::kUpdate) of_table.updated += rows;
      if (header.kind == RowsKind::kDelete) of_table.deleted += rows;
    }
  }
  if (header.has(RowsHeader::kStatementEnd)) end_statement();
}

void GroupClassifier::add_payload(const Event& event) {
  PayloadReader reader(event, options_.max_inflated);
  Event inner;
  while (reader.next(inner)) {
    if (inner.header.type == EventType::kMysqlTransactionPayload) return unknown("a transaction within a transaction");
    if (!is_control(inner.header.type)) add(inner);
  }
}

void GroupClassifier::keep_statement(std::string_view text, std::string_view database,
                                     const std::vector<Effect>& effects) {
  Severity severity = Severity::kOrdinary;
  for (const Effect& effect : effects) severity = worse(severity, severity_of(effect.danger));
  if (group_.statement_size != 0 && severity <= statement_severity_) return;
  statement_severity_ = severity;
  group_.statement = text.substr(0, kMaxStatement);
  group_.statement_size = text.size();
  if (!database.empty()) group_.database = database;
}

/// The rows of a statement are complete: what its text says of them gets their tables and number.
void GroupClassifier::end_statement() {
  for (Effect& effect : annotated_) {
    const bool updates = effect.danger == DangerClass::kUpdateAll;
    std::vector<TableName> tables;
    for (const auto& [table, counts] : statement_rows_) {
      const std::uint64_t rows = updates ? counts.updated : counts.deleted;
      const bool named = std::ranges::any_of(effect.objects, [&](const TableName& each) { return names(each, table); });
      if (rows == 0 || (!named && statement_rows_.size() > 1)) continue;
      effect.rows += rows;
      tables.push_back(table);
    }
    if (tables.empty()) continue;  // it matched nothing
    effect.objects = std::move(tables);
    add_effect(std::move(effect));
  }
  annotated_.clear();
  statement_rows_.clear();
}

void GroupClassifier::add_effect(Effect effect) {
  if (effect.objects.size() > kMaxObjects) {
    effect.objects.resize(kMaxObjects);
    unknown("more objects than are kept");
  }
  auto same = std::ranges::find_if(group_.effects, [&](const Effect& each) {
    return each.danger == effect.danger && each.objects == effect.objects && each.why == effect.why;
  });
  if (same != group_.effects.end()) {
    same->rows += effect.rows;
  } else if (group_.effects.size() < kMaxEffects) {
    insert(group_.effects, std::move(effect));
  } else {
    too_many_effects_ = true;
  }
}

void GroupClassifier::unknown(std::string why) {
  add_effect({DangerClass::kUnknown, {}, 0, std::move(why)});
}

void GroupClassifier::judge_masses() {
  // Statements as text tell how many rows they change at most.
  std::map<TableName, RowCounts> total = group_.rows;
  for (const Effect& effect : group_.effects) {
    if (effect.objects.empty()) continue;
    if (effect.danger == DangerClass::kDeleteRows) total[effect.objects.front()].deleted += effect.rows;
    if (effect.danger == DangerClass::kUpdateRows) total[effect.objects.front()].updated += effect.rows;
  }
  for (const auto& [table, counts] : total) {
    const std::vector<TableName> objects{table};
    if (counts.deleted >= options_.mass.deleted) {
      add_effect({DangerClass::kMassDelete, objects, counts.deleted, format("{} rows", counts.deleted)});
    }
    if (counts.updated >= options_.mass.updated) {
      add_effect({DangerClass::kMassUpdate, objects, counts.updated, format("{} rows", counts.updated)});
    }
  }
}

GroupDanger GroupClassifier::finish() {
  end_statement();
  judge_masses();
  if (too_many_effects_) {
    insert(group_.effects, {DangerClass::kUnknown, {}, 0, "more effects than are kept"});
  }
  if (!group_.effects.empty()) group_.severity = severity_of(group_.effects.front().danger);
  GroupDanger result = std::move(group_);
  forget();
  return result;
}

void GroupClassifier::forget() {
  group_ = {};
  begun_ = rolls_back_alter_ = too_many_effects_ = false;
  statement_severity_ = Severity::kOrdinary;
  maps_.clear();
  annotated_.clear();
  statement_rows_.clear();
}

}  // namespace lifeboat::binlog
