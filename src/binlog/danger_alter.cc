// ALTER: each of its comma-separated parts by itself.

#include <algorithm>
#include <array>

#include "binlog/column_fit.h"
#include "binlog/column_type.h"
#include "binlog/danger_reading.h"

namespace lifeboat::binlog {
namespace {

/// Engines that keep the rows which an ALTER gives them.
bool keeps_rows(const Token& engine) {
  static constexpr std::array<std::string_view, 14> kKeeping = {
      "INNODB", "XTRADB",      "ARIA",    "MARIA", "MYISAM",     "ROCKSDB", "MYROCKS",
      "TOKUDB", "COLUMNSTORE", "ARCHIVE", "NDB",   "NDBCLUSTER", "CSV",     "S3"};
  const std::string name = engine.kind == TokenKind::kString ? string_of(engine, {}) : name_of(engine);
  const Token word{TokenKind::kWord, name};
  return std::ranges::any_of(kKeeping, [&](std::string_view each) { return word.is(each); });
}

struct AlterTable {
  Reading& reading;
  TableName table;
  Tokens& in;
  bool learns;             ///< what columns the table has
  TableName named{table};  ///< afterwards
  // Names in any part are those of before the statement (`CHANGE a b INT, CHANGE b a INT`), so it is learned behind the
  // last.
  std::vector<std::string> gone{};
  std::vector<std::pair<std::string, DeclaredType>> come{};

  void add(DangerClass danger, std::string why = {}) { reading.add(danger, {table}, std::move(why)); }

  void read_parts();
  void learn();
  /// False if nothing of interest can follow in the whole statement.
  bool read_part();
  bool read_drop_part();
  bool read_add_part();
  void read_redefinition(bool change);
  void read_rename_part();
  void read_exchange();
  void read_convert_part();
  void read_options(Token word);
};

void AlterTable::read_parts() {
  while (!reading.at_end()) {
    if (!read_part()) return;
    reading.skip_to_comma();
  }
}

void AlterTable::learn() {
  if (!learns) return;
  for (const std::string& column : gone) reading.memory.drop_column(named, column);
  for (const auto& [column, type] : come) reading.memory.set_column(named, column, type);
}

bool AlterTable::read_part() {
  const Token word = in.take();
  if (word.is("DROP")) return read_drop_part();
  if (word.is("ADD")) return read_add_part();
  if (is_any(word, "MODIFY", "CHANGE")) {
    read_redefinition(word.is("CHANGE"));
  } else if (word.is("RENAME")) {
    read_rename_part();
  } else if (word.is("CONVERT")) {
    read_convert_part();
  } else if (word.is("DISCARD")) {
    add(DangerClass::kDiscardTablespace);
  } else if (word.is("TRUNCATE") && in.peek().is("PARTITION")) {
    add(DangerClass::kDropPartition, "TRUNCATE PARTITION");
    return false;
  } else if (word.is("EXCHANGE") && in.peek().is("PARTITION")) {
    read_exchange();
    return false;
  } else if (is_any(word, "REORGANIZE", "COALESCE", "REBUILD", "ANALYZE", "OPTIMIZE", "CHECK", "REPAIR", "REMOVE") ||
             (word.is("PARTITION") && in.peek().is("BY"))) {
    return false;  // every row stays, or the server refuses
  } else if (is_any(word, "ALTER", "ORDER", "ENABLE", "DISABLE", "FORCE", "IMPORT", "NOWAIT", "UPGRADE",
                    "SECONDARY_LOAD", "SECONDARY_UNLOAD", "WITH", "WITHOUT")) {
    return true;
  } else if (word.is_name()) {
    read_options(word);
  } else {
    reading.unknown("ALTER TABLE with a part that cannot be read");
    return false;
  }
  return true;
}

bool AlterTable::read_drop_part() {
  if (in.peek().is("PARTITION")) {
    add(DangerClass::kDropPartition, "DROP PARTITION");
    return false;
  }
  if (in.peek().is("SYSTEM") && in.peek(1).is("VERSIONING")) {
    add(DangerClass::kDropHistory, "DROP SYSTEM VERSIONING");
    return true;
  }
  if (is_any(in.peek(), "INDEX", "KEY", "PRIMARY", "FOREIGN", "CONSTRAINT", "CHECK")) return true;
  if (in.peek().is("PERIOD") && in.peek(1).is("FOR")) return true;
  in.accept("COLUMN");
  reading.skip_if_exists();
  if (!in.peek().is_name()) {
    reading.unknown("ALTER TABLE with a DROP that cannot be read");
    return true;
  }
  const std::string column = name_of(in.take());
  add(DangerClass::kDropColumn, "column " + column);
  gone.push_back(column);
  return true;
}

bool AlterTable::read_add_part() {
  if (in.peek().is("PARTITION")) return false;
  in.accept("COLUMN");
  if (in.peek().is("IF") || !learns) return true;  // a column that was there keeps its type
  if (in.accept_symbol("(")) {
    learn_columns(reading, table);
  } else if (in.peek().is_name() && in.peek(1).kind == TokenKind::kWord &&
             !is_any(in.peek(), "INDEX", "KEY", "UNIQUE", "PRIMARY", "FULLTEXT", "SPATIAL", "CONSTRAINT", "FOREIGN",
                     "PERIOD", "SYSTEM", "VECTOR")) {
    const std::string column = name_of(in.take());
    come.emplace_back(column, read_column_type(reading));
  }
  return true;
}

/// MODIFY [COLUMN] name type …, CHANGE [COLUMN] name name type …
void AlterTable::read_redefinition(bool change) {
  in.accept("COLUMN");
  reading.skip_if_exists();
  if (!in.peek().is_name()) return reading.unknown("ALTER TABLE with a column that cannot be read");
  const std::string column = name_of(in.take());
  const std::string new_name = change ? name_of(in.take()) : column;
  const DeclaredType type = read_column_type(reading);
  if (const auto why = why_narrower(reading.memory.column(table, column), type, in.dialect().strict())) {
    add(DangerClass::kNarrowColumn, "column " + column + " " + *why);
  }
  gone.push_back(column);
  come.emplace_back(new_name, type);
}

void AlterTable::read_rename_part() {
  if (is_any(in.peek(), "INDEX", "KEY")) return;
  if (in.accept("COLUMN")) {
    reading.skip_if_exists();
    const std::string from = name_of(in.take());
    in.accept("TO");
    const std::string to = name_of(in.take());
    const auto type = reading.memory.column(table, from);
    gone.push_back(from);
    if (type) come.emplace_back(to, *type);
    return;
  }
  if (!in.accept("TO") && !in.accept("AS")) in.accept_symbol("=");
  const auto to = reading.table_name();
  if (!to) return reading.unknown("ALTER TABLE with a RENAME that cannot be read");
  add(DangerClass::kRenameTable, "to " + to->text());
  reading.rename(table, *to);
  named = *to;
}

/// EXCHANGE PARTITION p WITH TABLE t
void AlterTable::read_exchange() {
  while (!reading.at_end() && !(in.peek().is("WITH") && in.peek(1).is("TABLE"))) in.take();
  in.take();
  in.take();
  const auto other = reading.table_name();
  if (!other) return reading.unknown("EXCHANGE PARTITION without a table");
  reading.add(DangerClass::kMovePartition, {table, *other}, "the rows of both are exchanged");
}

/// CONVERT PARTITION p TO TABLE t, CONVERT TABLE t TO PARTITION p …, CONVERT TO CHARACTER SET x
void AlterTable::read_convert_part() {
  if (in.accept("PARTITION")) return add(DangerClass::kMovePartition, "a partition becomes a table");
  if (in.accept("TABLE")) {
    const auto moved = reading.table_name();
    return reading.add(DangerClass::kMovePartition, moved ? std::vector{*moved, table} : std::vector{table},
                       "a table becomes a partition");
  }
  const bool to_charset = in.accept("TO") && (in.accept("CHARSET") || (in.accept("CHARACTER") && in.accept("SET")));
  if (!to_charset) return reading.unknown("ALTER TABLE with a CONVERT that cannot be read");
  const Token charset = in.take();
  const bool holds_all = is_any(charset, "UTF8MB4", "UTF16", "UTF32", "BINARY", "DEFAULT");
  if (!in.dialect().strict() && !holds_all && charset.kind == TokenKind::kWord) {
    add(DangerClass::kNarrowColumn, "a character set that holds fewer characters, without strict mode");
  }
}

/// `ENGINE = x COMMENT 'y' …`, without commas between or with.
void AlterTable::read_options(Token word) {
  while (true) {
    if (is_any(word, "ENGINE", "TYPE") && !keeps_rows(reading.option_value())) {
      return add(DangerClass::kChangeEngine, "the engine does not keep rows, or is not known to");
    }
    if (word.is("PARTITION") && in.peek().is("BY")) return;
    if (reading.at_end() || in.peek().is_symbol(",")) return;
    if (in.peek().is_symbol("(")) {
      reading.skip_item();
    } else {
      word = in.take();
    }
  }
}

void read_alter_table(Reading& reading, bool ignore) {
  reading.skip_if_exists();
  const auto table = reading.table_name();
  if (!table) return reading.unknown("ALTER TABLE without a name");
  if (reading.in.accept("WAIT")) reading.in.take();
  reading.in.accept("NOWAIT");
  if (ignore) reading.add(DangerClass::kAlterIgnore, {*table}, "ALTER IGNORE removes rows that are in its way");
  const bool learns = reading.learns && !reading.is_temporary(*table);
  AlterTable alter{reading, *table, reading.in, learns};
  alter.read_parts();
  alter.learn();
}

}  // namespace

void read_alter(Reading& reading) {
  Tokens& in = reading.in;
  bool ignore = false;
  for (;;) {
    if (in.accept("IGNORE")) {
      ignore = true;
    } else if (!in.accept("ONLINE") && !in.accept("OFFLINE") && !reading.skip_object_prefix()) {
      break;
    }
  }
  const Token kind = in.take();
  if (kind.is("TABLE")) return read_alter_table(reading, ignore);
  if (is_any(kind, "USER", "ROLE")) return reading.add(DangerClass::kAccount, {});
  if (is_any(kind, "SERVER", "TABLESPACE", "UNDO", "LOGFILE", "INSTANCE", "RESOURCE")) {
    return reading.add(DangerClass::kServerObject, {});
  }
  const bool harmless =
      is_any(kind, "DATABASE", "SCHEMA", "VIEW", "EVENT", "PROCEDURE", "FUNCTION", "PACKAGE", "SEQUENCE");
  if (!harmless) reading.unknown("ALTER of an unknown kind");
}

}  // namespace lifeboat::binlog
