// Subqueries in conditions: how many values one gives, told by its WHERE as far as its values are its own rows'.

#include <algorithm>
#include <utility>

#include "binlog/condition_parser.h"

namespace lifeboat::binlog {
namespace {

/// What may stand where a column may, in a list behind SELECT.
bool is_no_column(const Token& token) {
  return is_any(token, "DISTINCT", "DISTINCTROW", "ALL", "NULL", "TRUE", "FALSE", "AS", "CASE", "WHEN", "THEN", "ELSE",
                "END") ||
         is_any(token, "AND", "OR", "XOR", "NOT", "IS", "IN", "LIKE", "BETWEEN", "DIV", "MOD", "INTERVAL", "DAY",
                "HOUR") ||
         is_any(token, "CURRENT_TIMESTAMP", "CURRENT_DATE", "CURRENT_USER", "BINARY", "COLLATE");
}

bool ends_list(const Token& token) {
  return is_any(token, "FROM", "WHERE", "GROUP", "HAVING", "ORDER", "LIMIT", "INTO", "FOR", "UNION", "EXCEPT",
                "INTERSECT", "MINUS", "PROCEDURE", "WINDOW", "LOCK", "OFFSET", "FETCH");
}

}  // namespace

/// The columns between SELECT and FROM, lower case.
struct ConditionParser::Selected {
  std::set<std::string> tables;   ///< that they are written with
  std::set<std::string> columns;  ///< without a table
};

struct ConditionParser::From {
  std::set<std::string> names;  ///< all that stand in it, of tables and in derived ones, lower case
  bool is_base = false;         ///< of a table whose columns are not told
  bool several = false;
  bool joined = false;  ///< each row of one to few of another: USING, NATURAL
};

ConditionParser::Selected ConditionParser::select_list() {
  Selected selected;
  int depth = 0;
  while (!reading_.at_end() && (depth > 0 || (!in_.peek().is_symbol(")") && !ends_list(in_.peek())))) {
    const Token token = in_.take();
    if (token.is_symbol("(")) ++depth;
    if (token.is_symbol(")")) --depth;
    if (token.is("AS") && in_.peek().is_name()) in_.take();
    if (!token.is_name() || in_.peek().is_symbol("(") || is_no_column(token)) continue;
    std::string table;
    std::string name = name_of(token);
    while (in_.accept_symbol(".")) table = std::exchange(name, name_of(in_.take()));
    if (table.empty()) {
      selected.columns.insert(lower_case(name));
    } else {
      selected.tables.insert(lower_case(table));
    }
  }
  return selected;
}

/// Behind FROM.
ConditionParser::From ConditionParser::from_clause() {
  From from;
  int depth = 0;
  bool begins = true;  // a table's name, or a derived table
  while (!reading_.at_end() && (depth > 0 || (!in_.peek().is_symbol(")") && !ends_list(in_.peek())))) {
    const Token token = in_.take();
    if (token.is("ON") && depth == 0) {
      disjunction();
      continue;
    }
    if (token.is_symbol("(")) ++depth;
    if (token.is_symbol(")")) --depth;
    const bool next = token.is("JOIN") || token.is("STRAIGHT_JOIN") || token.is_symbol(",");
    from.several = from.several || (depth == 0 && next);
    from.joined = from.joined || (depth == 0 && is_any(token, "USING", "NATURAL"));
    if (token.is_name()) from.names.insert(lower_case(name_of(token)));
    if (begins && token.is_name() && !token.is("DUAL")) from.is_base = true;
    if (begins && token.is_symbol("(") && !is_any(in_.peek(), "SELECT", "WITH", "VALUES", "TABLE")) {
      from.is_base = from.several = true;  // a join in parentheses
    }
    begins = depth == 0 && next;
  }
  return from;
}

/// Behind "(": up to its ")".
Value ConditionParser::subquery() {
  const Links outer = std::exchange(links_, {});
  while (!closes() && !in_.peek().is("SELECT")) reading_.skip_item();  // WITH a AS (…)
  Condition where = of(Reach::kOpen);
  bool is_own = in_.accept("SELECT");
  const Selected selected = select_list();
  From from;
  if (in_.accept("FROM")) from = from_clause();
  if (in_.peek().is("WHERE") && depth_ < kMaxDepth) {
    in_.take();
    where = disjunction();
    if (!closes() && !ends_list(in_.peek())) where = of(Reach::kOpen);
    // One row at least may come of none: COUNT(*).
    where.reach = std::clamp(where.reach, Reach::kSome, Reach::kOpen);
  }
  while (!closes()) {
    is_own = is_own && !is_any(in_.peek(), "UNION", "EXCEPT", "INTERSECT", "MINUS", "SELECT");
    reading_.skip_item();
  }
  close();
  // Columns of the statement's own table may be any: `id IN (SELECT t.id FROM u WHERE u.k = 5)`.
  is_own = is_own && std::ranges::includes(from.names, selected.tables) &&
           (from.is_base || std::ranges::includes(from.names, selected.columns));
  const bool joined = !from.several || from.joined || links_.joins;
  links_ = outer;
  Value value;
  if (is_own) value.kind = Value::Kind::kSubquery;
  value.condition = is_own && joined ? where : of(Reach::kOpen);
  return value;
}

}  // namespace lifeboat::binlog
