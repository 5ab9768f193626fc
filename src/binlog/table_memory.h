/// What the statements of one log told of tables so far: which are temporary (a `TRUNCATE t` concerns a session's own
/// temporary table if it has one by that name), and of what type columns are (`MODIFY c DATE` harms only what held
/// more). What is not remembered is not assumed: a forgotten temporary table counts as a table, a column without a type
/// as any.
///
/// Threads: one at a time. Memory: bounded; the oldest is forgotten first. Errors: none.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>

#include "binlog/routine_memory.h"

namespace lifeboat::binlog {

/// A column's type as far as it matters to what fits in it.
struct DeclaredType {
  std::string name;          ///< capitals, aliases resolved: INTEGER is INT, BOOL is TINYINT
  std::uint64_t length = 0;  ///< of CHAR(n), digits of DECIMAL, fraction digits of times; 0: not given
  std::uint64_t scale = 0;   ///< of DECIMAL
  bool is_unsigned = false;
  std::string charset;           ///< lower case; empty: not given
  std::set<std::string> values;  ///< of ENUM and SET

  bool operator==(const DeclaredType&) const = default;
};

/// Threads of different servers (a chain of replicas, several sources) may have the same number.
struct LogSession {
  std::uint32_t server_id = 0;
  std::uint32_t thread_id = 0;

  auto operator<=>(const LogSession&) const = default;
};

class TableMemory {
 public:
  static constexpr std::size_t kMaxTemporary = 10'000;
  static constexpr std::size_t kMaxTables = 20'000;
  static constexpr std::size_t kMaxColumns = 4'096;  ///< a server's own limit, of one table

  RoutineMemory routines;

  void add_temporary(const LogSession& session, const TableName& table);
  void drop_temporary(const LogSession& session, const TableName& table);
  bool is_temporary(const LogSession& session, const TableName& table) const;
  /// The source started anew: all temporary tables are gone.
  void server_restarted();

  void set_column(const TableName& table, const std::string& column, DeclaredType type);
  std::optional<DeclaredType> column(const TableName& table, const std::string& column) const;
  void drop_column(const TableName& table, const std::string& column);
  /// `to` is made like `from`, whose columns it has (CREATE TABLE … LIKE).
  void copy_table(const TableName& from, const TableName& to);
  void rename_table(const TableName& from, const TableName& to);
  /// With its triggers. A whole database if `table.name` is empty.
  void drop_table(const TableName& table);

 private:
  using Columns = std::map<std::string, DeclaredType>;  ///< by lower-case name
  Columns& columns_of(const TableName& table);

  std::set<std::pair<LogSession, TableName>> temporary_;
  std::deque<std::pair<LogSession, TableName>> temporary_order_;
  std::map<TableName, Columns> tables_;
  std::deque<TableName> table_order_;
};

}  // namespace lifeboat::binlog
