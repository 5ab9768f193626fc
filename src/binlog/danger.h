/// What a statement of a binary log destroys, told by its effect: the guard's eyes for text. (Rows: group_danger.h.)
///
/// A statement is read as the server's parser would read it, so that comments, quotes, aliases and executable comments
/// hide nothing; where servers of different versions would read it differently, all readings count. What it cannot read
/// is kUnknown, never ordinary.
///
/// Threads: free functions, safe from any thread on different memories. Errors: none; bytes are untrusted. No I/O.
/// Limits of text, which no reader of a log can lift: rows that a foreign key's cascade, a trigger or a function
/// changes do not show, but for routines that the log itself created (routine_memory.h); an equality may match a whole
/// table (`status = 1`); `DROP … IF EXISTS` and `CREATE OR REPLACE` do not say whether there was something.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "binlog/statement_tokens.h"
#include "binlog/table_memory.h"

namespace lifeboat::binlog {

enum class DangerClass : std::uint8_t {
  kOrdinary,
  kDeleteRows,  ///< some, tied to given values
  kUpdateRows,
  // destroys
  kDropDatabase,
  kDropTable,  ///< also a sequence, which loses its value
  kTruncateTable,
  kReplaceDatabase,  ///< CREATE OR REPLACE DATABASE
  kReplaceTable,     ///< CREATE OR REPLACE TABLE or SEQUENCE
  kDropPartition,    ///< dropped or truncated
  kMovePartition,    ///< exchanged or converted: the rows leave their table
  kDropColumn,
  kNarrowColumn,  ///< its new type cannot hold all that the old one could
  kDiscardTablespace,
  kChangeEngine,  ///< to one that forgets the rows
  kDropHistory,   ///< DELETE HISTORY, DROP SYSTEM VERSIONING
  kAlterIgnore,   ///< ALTER IGNORE TABLE: rows in the way are removed
  kDeleteAll,     ///< no condition, or one that is always true
  kUpdateAll,
  kDeleteRange,  ///< as text: a condition that may match anything from nothing to all
  kUpdateRange,
  kMassDelete,  ///< by count of rows
  kMassUpdate,
  // warns
  kDropView,
  kDropRoutine,   ///< procedure, function, package, trigger, event
  kAccount,       ///< users, roles, rights, passwords
  kServerObject,  ///< plugins, servers, tablespaces
  kFunctionCall,  ///< a stored function was called for its effect, which the text does not tell
  kRepairTable,   ///< may remove rows that it cannot read
  kRenameTable,   ///< loses nothing; a following DROP may concern another table than its name says
  // neither
  kUnknown,
};

enum class Severity : std::uint8_t { kOrdinary, kWarns, kDestroys, kUnknown };

/// "drop_table": the name in rules, JSON and the audit log.
std::string_view danger_class_name(DangerClass danger);
/// kUnknown for a name that is none; `danger_class_names` lists them.
DangerClass danger_class_of(std::string_view name);
const std::vector<std::string_view>& danger_class_names();
/// What the class does if no rule says otherwise.
Severity severity_of(DangerClass danger);
/// The worse of two. kUnknown is the worst: it may be anything.
Severity worse(Severity a, Severity b);

struct Effect {
  DangerClass danger = DangerClass::kOrdinary;
  std::vector<TableName> objects;
  std::uint64_t rows = 0;  ///< that it changes at most, as far as the text tells; 0: it does not
  std::string why;         ///< for people: "no WHERE", "column born loses its time of day"

  bool operator==(const Effect&) const = default;
};

/// How a statement stands in the log.
struct StatementContext {
  std::string_view database;  ///< the default one of its session
  SqlDialect dialect;         ///< `reader` is the server that wrote the log
  LogSession session;         ///< temporary tables belong to it
  std::int64_t time_s = 0;    ///< of the event, seconds since 1970 UTC
  /// The rows were counted from the events beside it (ROW format): how many a condition matches need not be guessed.
  bool rows_are_known = false;
};

/// All effects that are not kOrdinary. Empty: nothing to say.
/// `memory` is what earlier statements of the same log told, and learns from this one.
std::vector<Effect> classify_statement(std::string_view text, const StatementContext& context, TableMemory& memory);

}  // namespace lifeboat::binlog
