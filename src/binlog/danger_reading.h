/// One reading of one statement: what the parts of the classifier (danger_*.cc) share. Inside of danger.h.
#pragma once

#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "binlog/danger.h"

namespace lifeboat::binlog {

/// A column as a statement writes it, lower case.
struct WrittenColumn {
  std::string table;  ///< `t` or `d.t`; empty: left out
  std::string name;

  std::string text() const { return table.empty() ? name : table + "." + name; }
};

struct Reading {
  Tokens in;
  const StatementContext& context;
  TableMemory& memory;
  bool learns;  ///< whether this reading may change the memory
  std::vector<Effect> effects;
  std::vector<std::pair<TableName, std::uint8_t>> changed{};  ///< tables whose rows it changes, and how (RowAction)
  const std::set<std::string>* locals = nullptr;              ///< of the routine whose body it stands in

  void add(DangerClass danger, std::vector<TableName> objects, std::string why = {}) {
    effects.push_back({danger, std::move(objects), 0, std::move(why)});
  }
  /// The memory follows a table, or a thread's temporary one, to its new name.
  void rename(const TableName& from, const TableName& to);
  void unknown(std::string why) { add(DangerClass::kUnknown, {}, std::move(why)); }

  /// `IF EXISTS`, `IF NOT EXISTS`.
  void skip_if_exists();
  /// `name` or `database.name`; empty (and nothing is taken) if there is none.
  std::optional<TableName> table_name();
  /// `c`, `t.c` or `d.t.c`; empty (and nothing is taken) if there is none.
  std::optional<WrittenColumn> column_name();
  /// Behind LIMIT: at most so many rows; 0 if it does not say.
  std::uint64_t row_limit();
  /// The session has a temporary table by that name.
  bool is_temporary(const TableName& table) const { return memory.is_temporary(context.session, table); }
  /// The next token is the end of the statement.
  bool at_end() { return in.peek().ends() || in.peek().is_symbol(";"); }
  /// Takes tokens up to a comma outside of parentheses, or the end. False at the end; the comma is taken.
  bool skip_to_comma();
  /// At "(": takes everything to its ")". Else takes one token.
  void skip_item();
  /// `= value`, with or without "=".
  Token option_value();
  /// `DEFINER = user`, `ALGORITHM = x`, `SQL SECURITY x` before the kind of object.
  bool skip_object_prefix();
};

/// The statement that comes next, whatever it is. True if that only stands before another one.
bool read_verb(Reading& reading);
/// Keeps the body that follows; behind the name.
void learn_routine(Reading& reading, const TableName& name);
void learn_trigger(Reading& reading, const TableName& name);
/// Adds what the routines do that the statement calls, or the triggers that it fires, as far as they are known.
void add_effects_of_routines(Reading& reading, std::string_view text);

/// Each begins behind its first keyword.
void read_drop(Reading& reading);
void read_truncate(Reading& reading);
void read_create(Reading& reading);
void read_rename(Reading& reading);
void read_alter(Reading& reading);
void read_delete(Reading& reading);
void read_update(Reading& reading);
void read_insert(Reading& reading, bool replaces);
void read_load(Reading& reading);

}  // namespace lifeboat::binlog
