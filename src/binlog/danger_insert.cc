// INSERT, REPLACE and LOAD: they add rows, and overwrite those that are there already with REPLACE or ON DUPLICATE KEY.

#include <algorithm>

#include "binlog/danger_assignments.h"
#include "binlog/predicate_values.h"

namespace lifeboat::binlog {
namespace {

/// What the new rows come from: how many there are at most.
struct Source {
  Condition condition{.reach = Reach::kOpen};
};

bool ends_source(Tokens& in) {
  return in.peek().ends() || in.peek().is_symbol(";") || in.peek().is_symbol(")") || in.peek().is("RETURNING") ||
         (in.peek().is("ON") && in.peek(1).is("DUPLICATE"));
}

/// (…), (…), …: counted.
Source read_values(Reading& reading) {
  Source source;
  source.condition.reach = Reach::kSome;
  do {
    reading.skip_item();
    ++source.condition.rows;
  } while (reading.in.accept_symbol(","));
  return source;
}

/// Behind SELECT. Its WHERE or LIMIT bounds it; without FROM it is one row.
Source read_select(Reading& reading) {
  Tokens& in = reading.in;
  Source source;
  source.condition = {.reach = Reach::kSome, .rows = 1};
  bool followed = true;
  while (!ends_source(in)) {
    if (in.accept("FROM")) {
      source.condition = {.reach = Reach::kAll};
    } else if (in.accept("WHERE")) {
      source.condition = read_condition(reading);
      followed = ends_source(in) || is_any(in.peek(), "GROUP", "HAVING", "ORDER", "LIMIT", "UNION", "EXCEPT");
      if (!followed) source.condition.reach = std::max(source.condition.reach, Reach::kOpen);
    } else if (in.accept("LIMIT")) {
      const std::uint64_t rows = reading.row_limit();
      if (rows != 0 && followed) source.condition = {.reach = Reach::kSome, .rows = rows};
    } else if (is_any(in.peek(), "UNION", "EXCEPT", "INTERSECT", "MINUS")) {
      while (!ends_source(in)) reading.skip_item();
      source.condition = {.reach = Reach::kOpen};
    } else {
      reading.skip_item();
    }
  }
  return source;
}

Source read_source(Reading& reading) {
  Tokens& in = reading.in;
  if (in.peek().is_symbol("(") && !is_any(in.peek(1), "SELECT", "WITH", "VALUES", "TABLE")) reading.skip_item();
  if (in.accept("VALUES") || in.accept("VALUE")) return read_values(reading);
  if (in.accept("SELECT")) return read_select(reading);
  Source source;
  if (in.accept("SET")) source.condition = {.reach = Reach::kSome, .rows = 1};
  if (in.peek().is_symbol("(") && in.peek(1).is("SELECT")) {
    in.take();
    in.take();
    source = read_select(reading);
    in.accept_symbol(")");
    if (!ends_source(in)) source = {};
  }
  while (!ends_source(in)) reading.skip_item();
  return source;
}

void judge_overwriting(Reading& reading, const TableName& table, const Source& source) {
  if (source.condition.reach == Reach::kNone || reading.context.rows_are_known) return;
  if (source.condition.reach == Reach::kSome) {
    reading.effects.push_back(
        {DangerClass::kUpdateRows, {table}, source.condition.rows, "where they are there already"});
    return;
  }
  reading.add(DangerClass::kUpdateRange, {table},
              "rows that are there already are overwritten, and the log does not tell how many");
}

}  // namespace

// INSERT [INTO] t …, REPLACE [INTO] t …
void read_insert(Reading& reading, bool replaces) {
  Tokens& in = reading.in;
  bool ignores = false;
  while (is_any(in.peek(), "LOW_PRIORITY", "HIGH_PRIORITY", "DELAYED", "IGNORE")) ignores |= in.take().is("IGNORE");
  in.accept("INTO");
  const auto table = reading.table_name();
  if (!table) return reading.unknown("INSERT without a table");
  if (in.accept("PARTITION")) reading.skip_item();
  std::uint8_t& actions = reading.changed.emplace_back(*table, kInserts).second;
  if (replaces) actions |= kDeletes;
  const Source source = read_source(reading);
  if (replaces) return judge_overwriting(reading, *table, source);
  while (!reading.at_end() && !in.peek().is("ON")) in.take();  // MySQL: AS new
  if (!in.accept("ON")) return;
  actions |= kUpdates;
  while (!reading.at_end() && !in.accept("UPDATE")) in.take();
  const AssignmentScope scope{.ignores_errors = ignores, .inserts_into = lower_case(table->name)};
  if (!read_assignments(reading, scope).reckons_back) judge_overwriting(reading, *table, source);
}

// LOAD DATA [LOCAL] INFILE 'x' [REPLACE] INTO TABLE t
void read_load(Reading& reading) {
  Tokens& in = reading.in;
  bool replaces = false;
  while (!reading.at_end() && !in.accept("INTO")) replaces = in.take().is("REPLACE") || replaces;
  in.accept("TABLE");
  const auto table = reading.table_name();
  if (!table) return reading.unknown("LOAD without a table");
  reading.changed.emplace_back(*table, kInserts | (replaces ? kDeletes : 0));
  if (replaces) judge_overwriting(reading, *table, {});
}

}  // namespace lifeboat::binlog
