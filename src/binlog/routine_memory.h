/// Bodies of functions, procedures and triggers that statements of one log created: what calling them does shows in no
/// call. Routines that are older than what was read are not known.
///
/// Threads: one at a time. Memory: bounded; the oldest is forgotten first, and a body that is too long counts as one
/// that cannot be read. Errors: none.
#pragma once

#include <compare>
#include <cstdint>
#include <deque>
#include <map>
#include <set>
#include <string>
#include <vector>

namespace lifeboat::binlog {

/// `name` empty: the whole database. `database` empty: the log does not tell.
struct TableName {
  std::string database;
  std::string name;

  /// "shop.orders", "shop.*".
  std::string text() const;
  auto operator<=>(const TableName&) const = default;
};

struct Routine {
  std::string body;              ///< as written, without its head
  bool readable = true;          ///< false: too long to be kept
  std::set<std::string> locals;  ///< lower case: parameters and variables, which are values and no columns
  TableName table;               ///< of a trigger
  std::uint8_t fires_on = 0;     ///< of a trigger: bits of RowAction
};

/// What a statement does to rows of a table, and so which triggers fire.
enum RowAction : std::uint8_t { kInserts = 1, kUpdates = 2, kDeletes = 4 };

class RoutineMemory {
 public:
  static constexpr std::size_t kMaxRoutines = 2'000;
  static constexpr std::size_t kMaxBody = std::size_t{64} << 10U;

  bool empty() const { return routines_.empty(); }
  /// One by the name that is known already is forgotten.
  void set(const TableName& name, Routine routine);
  void drop(const TableName& name);
  void drop_database(const std::string& database);
  /// A table's triggers go with it, and keep to it when it is renamed.
  void drop_triggers(const TableName& table);
  void move_triggers(const TableName& from, const TableName& to);
  /// Functions and procedures; valid until the next change.
  const Routine* find(const TableName& name) const;
  std::vector<const Routine*> triggers_of(const TableName& table, std::uint8_t actions) const;

 private:
  std::map<TableName, Routine> routines_;  ///< names in lower case, as the server compares them
  std::deque<TableName> order_;
};

}  // namespace lifeboat::binlog
