#include "binlog/statement_reads.h"

#include <algorithm>
#include <utility>

#include "binlog/predicate_values.h"

namespace lifeboat::binlog {
namespace {

constexpr std::string_view kAllTables = "*";

class ReadFinder {
 public:
  ReadFinder(std::string_view text, const SqlDialect& dialect, std::string_view database,
             const std::vector<TableName>& tables)
      : in_(text, dialect), database_(database), tables_(tables) {}

  std::optional<TableName> find() {
    const Token verb = in_.take();
    if (!is_any(verb, "INSERT", "REPLACE", "UPDATE", "DELETE", "WITH", "CREATE")) return std::nullopt;
    if (verb.is("INSERT") || verb.is("REPLACE")) {
      const bool depends = take_target() || verb.is("REPLACE");
      if (depends && target_) return target_;
    }
    // What is created is not read; what stands behind SELECT is.
    counts_ = !verb.is("CREATE");
    names_table_ = verb.is("UPDATE");
    for (Token token = in_.take(); !token.ends(); token = in_.take()) {
      if (auto found = take(token)) return found;
    }
    if (in_.broken()) return tables_.front();
    return std::nullopt;
  }

 private:
  /// Where a row is put, which alone reads nothing. Whether the statement goes on if it cannot be put there.
  bool take_target() {
    bool ignores = false;
    while (is_any(in_.peek(), "LOW_PRIORITY", "DELAYED", "HIGH_PRIORITY", "IGNORE", "INTO")) {
      ignores = in_.take().is("IGNORE") || ignores;
    }
    if (in_.peek().is_name()) target_ = match(in_.take(), true);
    return ignores;
  }

  std::optional<TableName> take(const Token& token) {
    if (token.is("SELECT")) counts_ = true;
    if (target_ && token.is("ON") && in_.peek().is("DUPLICATE")) return target_;
    const bool names_table = std::exchange(names_table_, is_any(token, "FROM", "JOIN", "UPDATE", "USING"));
    if (!counts_ || !token.is_name()) return std::nullopt;
    return match(token, names_table);
  }

  /// The name that begins with this token, if it is one of the tables. Of a whole database, an unqualified name counts
  /// only where it must be a table's: any word could be one.
  std::optional<TableName> match(const Token& first, bool names_table) {
    const std::string name = lower_case(name_of(first));
    if (in_.peek().is_symbol(".") && in_.peek(1).is_name()) {
      in_.take();
      return match(name, lower_case(name_of(in_.take())), true);
    }
    return match(lower_case(std::string(database_)), name, names_table);
  }
  std::optional<TableName> match(const std::string& database, const std::string& name, bool whole_databases) const {
    const auto found = std::ranges::find_if(tables_, [&](const TableName& table) {
      if (lower_case(table.database) != database) return false;
      return table.name == kAllTables ? whole_databases : lower_case(table.name) == name;
    });
    return found == tables_.end() ? std::nullopt : std::optional(*found);
  }

  Tokens in_;
  std::string_view database_;
  const std::vector<TableName>& tables_;
  std::optional<TableName> target_;
  bool counts_ = true;
  bool names_table_ = false;  ///< the next name is a table's
};

}  // namespace

SqlDialect dialect_of(const QueryStatus& status) {
  const unsigned collation = status.client_charset.value_or(0);
  return {.sql_mode = status.sql_mode.value_or(0),
          .charset = charset_of_collation(collation),
          .letters = letters_of_collation(collation),
          .reader = {}};
}

std::optional<TableName> table_read(std::string_view text, const SqlDialect& dialect, std::string_view database,
                                    const std::vector<TableName>& tables) {
  return tables.empty() ? std::nullopt : ReadFinder(text, dialect, database, tables).find();
}

}  // namespace lifeboat::binlog
