// DROP, TRUNCATE, CREATE and RENAME.

#include "binlog/column_type.h"
#include "binlog/danger_reading.h"

namespace lifeboat::binlog {
namespace {

/// `a, b.c, …`; empty if one of them is no name.
std::vector<TableName> table_list(Reading& reading) {
  std::vector<TableName> tables;
  do {
    const auto table = reading.table_name();
    if (!table) return {};
    tables.push_back(*table);
  } while (reading.in.accept_symbol(","));
  return tables;
}

void drop_tables(Reading& reading, DangerClass danger, bool temporary) {
  reading.skip_if_exists();
  std::vector<TableName> tables = table_list(reading);
  if (tables.empty()) return reading.unknown("DROP without a name");
  for (const TableName& table : tables) {
    if (!reading.learns) break;
    if (danger == DangerClass::kDropRoutine) {
      reading.memory.routines.drop(table);
    } else if (danger == DangerClass::kDropTable) {
      reading.memory.drop_temporary(reading.context.session, table);
      if (!temporary) reading.memory.drop_table(table);
    }
  }
  if (!temporary) reading.add(danger, std::move(tables));
}

void drop_database(Reading& reading) {
  reading.skip_if_exists();
  if (!reading.in.peek().is_name()) return reading.unknown("DROP DATABASE without a name");
  const TableName all{name_of(reading.in.take()), ""};
  reading.add(DangerClass::kDropDatabase, {all});
  if (!reading.learns) return;
  reading.memory.drop_table(all);
  reading.memory.routines.drop_database(all.database);
}

void drop_named(Reading& reading, DangerClass danger) {
  reading.in.accept("BODY");
  drop_tables(reading, danger, false);
}

void create_table(Reading& reading, bool replace, bool temporary) {
  const bool perhaps = reading.in.peek().is("IF");
  reading.skip_if_exists();
  const auto table = reading.table_name();
  if (!table) return reading.unknown("CREATE TABLE without a name");
  if (replace && !temporary) reading.add(DangerClass::kReplaceTable, {*table});
  if (!reading.learns) return;
  if (temporary) return reading.memory.add_temporary(reading.context.session, *table);
  if (perhaps && !replace) return;  // the table may have been there, with other columns
  const bool in_parentheses = reading.in.accept_symbol("(");
  const bool like = reading.in.accept("LIKE");
  const auto from = like ? reading.table_name() : std::nullopt;
  if (from == table) return;
  reading.memory.drop_table(*table);
  if (from) reading.memory.copy_table(*from, *table);
  if (in_parentheses && !like) learn_columns(reading, *table);
}

void create_database(Reading& reading, bool replace) {
  reading.skip_if_exists();
  if (!reading.in.peek().is_name()) return reading.unknown("CREATE DATABASE without a name");
  const TableName all{name_of(reading.in.take()), ""};
  if (replace) reading.add(DangerClass::kReplaceDatabase, {all});
}

bool is_routine(const Token& kind) {
  return kind.is("PROCEDURE") || kind.is("FUNCTION") || kind.is("TRIGGER");
}

void create_routine(Reading& reading, const Token& kind) {
  reading.skip_if_exists();
  const auto name = reading.table_name();
  if (!reading.learns || !name) return;
  if (kind.is("TRIGGER")) return learn_trigger(reading, *name);
  learn_routine(reading, *name);
}

}  // namespace

void read_drop(Reading& reading) {
  Tokens& in = reading.in;
  const bool temporary = in.accept("TEMPORARY");
  const Token kind = in.take();
  if (kind.is("TABLE") || kind.is("TABLES") || kind.is("SEQUENCE"))
    return drop_tables(reading, DangerClass::kDropTable, temporary);
  if (kind.is("DATABASE") || kind.is("SCHEMA")) return drop_database(reading);
  if (kind.is("VIEW")) return drop_named(reading, DangerClass::kDropView);
  if (kind.is("PROCEDURE") || kind.is("FUNCTION") || kind.is("PACKAGE") || kind.is("TRIGGER") || kind.is("EVENT")) {
    return drop_named(reading, DangerClass::kDropRoutine);
  }
  if (kind.is("USER") || kind.is("ROLE")) return reading.add(DangerClass::kAccount, {});
  if (kind.is("SERVER") || kind.is("TABLESPACE") || kind.is("UNDO") || kind.is("LOGFILE") || kind.is("RESOURCE") ||
      kind.is("SPATIAL")) {
    return reading.add(DangerClass::kServerObject, {});
  }
  if (kind.is("INDEX") || kind.is("PREPARE")) return;
  reading.unknown("DROP of an unknown kind");
}

void read_truncate(Reading& reading) {
  reading.in.accept("TABLE");
  reading.skip_if_exists();
  const auto table = reading.table_name();
  if (!table) return reading.unknown("TRUNCATE without a name");
  reading.add(DangerClass::kTruncateTable, {*table});
}

void read_create(Reading& reading) {
  Tokens& in = reading.in;
  const bool replace = in.peek().is("OR") && in.peek(1).is("REPLACE");
  if (replace) {
    in.take();
    in.take();
  }
  bool temporary = false;
  for (;;) {
    if (in.accept("TEMPORARY")) {
      temporary = true;
    } else if (!reading.skip_object_prefix() && !in.accept("AGGREGATE") && !in.accept("UNIQUE") &&
               !in.accept("FULLTEXT") && !in.accept("SPATIAL") && !in.accept("VECTOR") && !in.accept("ONLINE") &&
               !in.accept("OFFLINE") && !in.accept("UNDO")) {
      break;
    }
  }
  const Token kind = in.take();
  if (kind.is("TABLE")) return create_table(reading, replace, temporary);
  if (kind.is("DATABASE") || kind.is("SCHEMA")) return create_database(reading, replace);
  if (kind.is("SEQUENCE")) return create_table(reading, replace, temporary);
  if (kind.is("USER") || kind.is("ROLE")) return reading.add(DangerClass::kAccount, {});
  if (is_routine(kind)) return create_routine(reading, kind);
  if (kind.is("VIEW") || kind.is("INDEX") || kind.is("PACKAGE") || kind.is("EVENT") || kind.is("SERVER") ||
      kind.is("TABLESPACE") || kind.is("LOGFILE") || kind.is("RESOURCE") || kind.is("REFERENCE") ||
      kind.is("LIBRARY")) {
    return;
  }
  reading.unknown("CREATE of an unknown kind");
}

void read_rename(Reading& reading) {
  Tokens& in = reading.in;
  if (in.accept("USER")) return reading.add(DangerClass::kAccount, {});
  if (!in.accept("TABLE") && !in.accept("TABLES")) return reading.unknown("RENAME of an unknown kind");
  reading.skip_if_exists();
  std::vector<TableName> tables;
  do {
    const auto from = reading.table_name();
    while (!reading.at_end() && !in.peek().is("TO")) in.take();  // WAIT n, NOWAIT
    in.accept("TO");
    const auto to = reading.table_name();
    if (!from || !to) return reading.unknown("RENAME TABLE without names");
    tables.push_back(*from);
    reading.rename(*from, *to);
  } while (in.accept_symbol(","));
  reading.add(DangerClass::kRenameTable, std::move(tables));
}

}  // namespace lifeboat::binlog
