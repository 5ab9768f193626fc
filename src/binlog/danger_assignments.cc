#include "binlog/danger_assignments.h"

#include "binlog/predicate_values.h"

namespace lifeboat::binlog {
namespace {

/// A larger step might leave the range of a small column, which a server without strict mode would cut; and a double
/// must hold it.
constexpr std::size_t kMaxStepDigits = 9;

bool ends_assignments(Reading& reading) {
  return reading.at_end() || is_any(reading.in.peek(), "WHERE", "ORDER", "LIMIT", "RETURNING");
}

bool ends_assignment(Reading& reading) {
  return ends_assignments(reading) || reading.in.peek().is_symbol(",");
}

/// `t` of `d.t`.
std::string table_part(const WrittenColumn& column) {
  return column.table.substr(column.table.rfind('.') + 1);
}

/// Both are the same column of the same row.
bool is_same(const Reading& reading, const WrittenColumn& target, const WrittenColumn& source,
             const AssignmentScope& scope) {
  // In a routine a variable hides the column of its name, and NEW.c is another row's.
  const std::string& first = source.table.empty() ? source.name : source.table;
  if (reading.locals != nullptr && reading.locals->contains(first)) return false;
  if (source.name != target.name) return false;
  if (!scope.inserts_into.empty()) return source.table.empty() || table_part(source) == scope.inserts_into;
  return !scope.several_tables || source.table == target.table;
}

/// `5`, or a new row's value.
bool takes_step(Reading& reading, const AssignmentScope& scope) {
  Tokens& in = reading.in;
  if (!scope.inserts_into.empty() && is_any(in.peek(), "VALUES", "VALUE") && in.peek(1).is_symbol("(")) {
    in.take();
    reading.skip_item();
    return true;
  }
  const Token number = in.take();
  return number.kind == TokenKind::kNumber && number.text.size() <= kMaxStepDigits &&
         number.text.find_first_not_of("0123456789") == std::string_view::npos;
}

/// `c + 5`, assigned to c, can be undone by reckoning: nothing is lost. Nor is by `c`.
bool reckons_back(Reading& reading, const WrittenColumn& target, const AssignmentScope& scope) {
  Tokens& in = reading.in;
  const auto source = reading.column_name();
  if (!source || !is_same(reading, target, *source, scope)) return false;
  if (scope.ignores_errors || !in.dialect().strict()) return ends_assignment(reading);
  while (in.accept_symbol("+") || in.accept_symbol("-")) {
    if (!takes_step(reading, scope)) return false;
  }
  return ends_assignment(reading);
}

}  // namespace

Assignments read_assignments(Reading& reading, const AssignmentScope& scope) {
  Tokens& in = reading.in;
  Assignments result;
  while (!ends_assignments(reading)) {
    const auto target = reading.column_name();
    if (target) {
      result.columns.insert(target->text());
      result.tables.insert(table_part(*target));
    }
    const bool assigns = in.accept_symbol("=") || in.accept_symbol(":=");
    if (!target || !assigns || !reckons_back(reading, *target, scope)) result.reckons_back = false;
    while (!ends_assignments(reading) && !in.accept_symbol(",")) reading.skip_item();
  }
  return result;
}

}  // namespace lifeboat::binlog
