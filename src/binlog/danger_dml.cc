// DELETE and UPDATE: which tables, and how much of them.

#include <algorithm>
#include <map>

#include "binlog/danger_assignments.h"
#include "binlog/predicate_values.h"

namespace lifeboat::binlog {
namespace {

struct TableReferences {
  std::vector<TableName> tables;
  std::map<std::string, TableName> by_alias;  ///< also by their own names
  Condition joined;                           ///< what inner joins' ON leave over
  std::size_t count = 0;                      ///< derived tables as well
  bool joins = false;                         ///< each row of one to few of another: ON, USING, NATURAL
};

struct Change {
  bool deletes = true;
  std::vector<TableName> targets;
  Condition condition;
  bool has_where = false;
  std::uint64_t limit = 0;         ///< 0: none
  bool keeps_information = false;  ///< UPDATE: what it overwrites can be reckoned back, or was NULL
};

/// True if IGNORE is among them.
bool skip_modifiers(Reading& reading) {
  bool ignores = false;
  while (is_any(reading.in.peek(), "LOW_PRIORITY", "QUICK", "IGNORE")) ignores |= reading.in.take().is("IGNORE");
  return ignores;
}

bool ends_references(const Token& token) {
  return is_any(token, "WHERE", "SET", "ORDER", "LIMIT", "RETURNING", "USING") || token.ends() ||
         token.is_symbol(";") || token.is_symbol(")");
}

/// `PARTITION (p0)`, `FOR PORTION OF p FROM x TO y`, `FORCE INDEX (…)` behind a table.
void skip_table_details(Reading& reading) {
  Tokens& in = reading.in;
  for (;;) {
    if (is_any(in.peek(), "USE", "FORCE", "IGNORE") && is_any(in.peek(1), "INDEX", "KEY")) {
      while (!reading.at_end() && !in.peek().is_symbol("(")) in.take();
      reading.skip_item();
    } else if (in.peek().is("PARTITION") && in.peek(1).is_symbol("(")) {
      in.take();
      reading.skip_item();
    } else if (in.peek().is("FOR") && in.peek(1).is("PORTION")) {
      while (!reading.at_end() && !in.accept("TO")) in.take();
      while (!ends_references(in.peek())) reading.skip_item();
    } else {
      return;
    }
  }
}

bool joins(const Token& token) {
  return token.is_symbol(",") ||
         is_any(token, "JOIN", "INNER", "CROSS", "LEFT", "RIGHT", "OUTER", "NATURAL", "STRAIGHT_JOIN", "ON");
}

void read_one_reference(Reading& reading, TableReferences& references) {
  Tokens& in = reading.in;
  auto table = reading.table_name();
  ++references.count;
  if (!table) {  // derived, or nothing that can be read
    reading.skip_item();
    in.accept("AS");
    if (in.peek().is_name() && !joins(in.peek()) && !ends_references(in.peek())) in.take();
    return;
  }
  skip_table_details(reading);
  in.accept("AS");
  std::string alias = table->name;
  if (in.peek().is_name() && !joins(in.peek()) && !ends_references(in.peek())) alias = name_of(in.take());
  skip_table_details(reading);
  references.by_alias[alias] = *table;
  references.tables.push_back(std::move(*table));
}

/// `a`, `a AS x JOIN b ON … , (c, d)` up to WHERE, SET, ORDER, …
TableReferences read_references(Reading& reading) {
  Tokens& in = reading.in;
  TableReferences references;
  bool outer = false;
  while (!ends_references(in.peek()) || (in.peek().is("USING") && in.peek(1).is_symbol("("))) {
    if (in.accept("ON")) {
      Condition on = read_condition(reading);
      const bool followed = ends_references(in.peek()) || joins(in.peek());
      if (!followed) on.reach = std::max(on.reach, Reach::kOpen);
      if (!outer && on.reach < references.joined.reach) references.joined = on;
      references.joins = references.joins || on.links.joins;
    } else if (in.accept("USING")) {
      reading.skip_item();
      references.joins = true;
    } else if (joins(in.peek())) {
      const Token word = in.take();
      outer = is_any(word, "LEFT", "RIGHT", "OUTER") || (outer && word.is("JOIN"));
      references.joins = references.joins || word.is("NATURAL");
    } else if (in.peek().is_symbol("(") && in.peek(1).is_name() && !is_any(in.peek(1), "SELECT", "WITH", "VALUES")) {
      in.take();
      TableReferences inner = read_references(reading);
      in.accept_symbol(")");
      references.tables.insert(references.tables.end(), inner.tables.begin(), inner.tables.end());
      references.by_alias.merge(inner.by_alias);
      references.count += inner.count;
      references.joins = references.joins || inner.joins;
    } else {
      read_one_reference(reading, references);
    }
  }
  return references;
}

/// `a, b.c.*, …` of a DELETE from several tables: names or aliases.
std::vector<TableName> read_targets(Reading& reading) {
  std::vector<TableName> targets;
  do {
    auto target = reading.table_name();
    if (!target) return {};
    if (reading.in.accept_symbol(".")) reading.in.accept_symbol("*");
    targets.push_back(std::move(*target));
  } while (reading.in.accept_symbol(","));
  return targets;
}

void resolve(std::vector<TableName>& targets, const TableReferences& references) {
  for (TableName& target : targets) {
    if (const auto alias = references.by_alias.find(target.name); alias != references.by_alias.end())
      target = alias->second;
  }
}

bool is_followed(Reading& reading) {
  return reading.at_end() || is_any(reading.in.peek(), "WHERE", "ORDER", "LIMIT", "RETURNING");
}

/// WHERE, ORDER BY, LIMIT, RETURNING. Where anything else stands, the server may read the statement otherwise than we
/// do, and so nothing bounds it.
void read_clauses(Reading& reading, Change& change) {
  Tokens& in = reading.in;
  bool followed = is_followed(reading);
  if (in.accept("WHERE")) {
    change.has_where = true;
    change.condition = read_condition(reading);
    followed = followed && is_followed(reading);
  }
  const auto skip_to = [&](auto... clauses) {
    while (!reading.at_end() && !is_any(in.peek(), clauses...)) reading.skip_item();
  };
  skip_to("ORDER", "LIMIT", "RETURNING");
  if (in.accept("ORDER")) skip_to("LIMIT", "RETURNING");
  if (in.accept("LIMIT")) {
    change.limit = reading.row_limit();
    followed = followed && (reading.at_end() || in.peek().is("RETURNING"));
  }
  while (!reading.at_end()) reading.skip_item();
  if (followed) return;
  change.limit = 0;
  change.condition.reach = std::max(change.condition.reach, Reach::kOpen);
}

/// `DELETE a FROM a, b WHERE b.x = 5`: nothing ties the rows of `a` to those of `b`, so all go.
void open_if_untied(Condition& condition, const TableReferences& references, const std::set<std::string>& targets) {
  const Links& links = condition.links;
  const bool joined = links.joins || references.joins || references.count < 2;
  if (joined || condition.reach != Reach::kSome || links.tied.empty() || links.tied.contains("")) return;
  const bool tied = std::ranges::any_of(links.tied, [&](const std::string& each) { return targets.contains(each); });
  if (!tied) condition.reach = Reach::kOpen;
}

/// Behind the tables, of which `written` are changed, as they are written there.
void read_bounds(Reading& reading, Change& change, const TableReferences& references,
                 const std::set<std::string>& written) {
  Condition joined = references.joined;
  change.condition = joined;
  read_clauses(reading, change);
  open_if_untied(change.condition, references, written);
  open_if_untied(joined, references, written);
  if (joined.reach < change.condition.reach) change.condition = joined;
}

/// Whether all that is assigned to was NULL.
bool were_null(const Assignments& assignments, const Condition& condition, const TableReferences& references) {
  const auto last = [](std::string_view column) { return std::string(column.substr(column.rfind('.') + 1)); };
  const bool several = references.count > 1;
  return !assignments.columns.empty() && std::ranges::all_of(assignments.columns, [&](const std::string& assigned) {
    return std::ranges::any_of(condition.null_columns, [&](const std::string& null) {
      return several ? null == assigned && null.contains('.') : last(null) == last(assigned);
    });
  });
}

/// Says what a DELETE or UPDATE is, all read.
void judge(Reading& reading, const Change& change) {
  for (const TableName& each : change.targets) reading.changed.emplace_back(each, change.deletes ? kDeletes : kUpdates);
  const DangerClass some = change.deletes ? DangerClass::kDeleteRows : DangerClass::kUpdateRows;
  const auto add = [&](DangerClass danger, std::uint64_t rows, std::string why) {
    reading.effects.push_back({danger, change.targets, rows, std::move(why)});
  };
  if (change.limit != 0) return add(some, change.limit, "LIMIT");
  switch (change.condition.reach) {
    case Reach::kNone:
      return;
    case Reach::kSome:
      return add(some, change.condition.rows, "tied to given values");
    case Reach::kOpen:
      if (reading.context.rows_are_known || change.keeps_information) return;
      return add(change.deletes ? DangerClass::kDeleteRange : DangerClass::kUpdateRange, 0,
                 "its condition may match anything from no row to all, and the log holds no rows to count");
    case Reach::kAll:
      return add(change.deletes ? DangerClass::kDeleteAll : DangerClass::kUpdateAll, 0,
                 change.has_where ? "its WHERE is true of every row" : "no WHERE");
  }
}

/// DELETE HISTORY FROM t [BEFORE SYSTEM_TIME x]
void read_delete_history(Reading& reading) {
  reading.in.accept("FROM");
  const auto table = reading.table_name();
  if (!table) return reading.unknown("DELETE HISTORY without a name");
  reading.add(DangerClass::kDropHistory, {*table}, "DELETE HISTORY");
}

}  // namespace

// DELETE FROM t …, DELETE a, b FROM …, DELETE FROM a, b USING …
void read_delete(Reading& reading) {
  Tokens& in = reading.in;
  skip_modifiers(reading);
  if (in.peek().is("HISTORY") && in.peek(1).is("FROM")) {
    in.take();
    return read_delete_history(reading);
  }
  Change change;
  TableReferences references;
  if (!in.accept("FROM")) {
    change.targets = read_targets(reading);
    if (change.targets.empty() || !in.accept("FROM")) return reading.unknown("DELETE without FROM");
    references = read_references(reading);
  } else if (change.targets = read_targets(reading); in.accept("USING")) {
    references = read_references(reading);
  } else {  // one table: details and perhaps an alias follow its name
    skip_table_details(reading);
    in.accept("AS");
    if (in.peek().is_name() && !ends_references(in.peek())) in.take();
    skip_table_details(reading);
  }
  if (change.targets.empty()) return reading.unknown("DELETE without a table");
  std::set<std::string> written;
  for (const TableName& each : change.targets) written.insert(lower_case(each.name));
  resolve(change.targets, references);
  read_bounds(reading, change, references, written);
  judge(reading, change);
}

void read_update(Reading& reading) {
  const bool ignores = skip_modifiers(reading);
  Change change;
  change.deletes = false;
  const TableReferences references = read_references(reading);
  change.targets = references.tables;
  if (change.targets.empty() || !reading.in.accept("SET")) return reading.unknown("UPDATE without table or SET");
  const AssignmentScope scope{.several_tables = references.count > 1, .ignores_errors = ignores, .inserts_into = {}};
  const Assignments assignments = read_assignments(reading, scope);
  read_bounds(reading, change, references, assignments.tables);
  change.keeps_information = assignments.reckons_back || were_null(assignments, change.condition, references);
  judge(reading, change);
}

}  // namespace lifeboat::binlog
