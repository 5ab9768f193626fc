#include "binlog/predicate_values.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <iterator>

#include "binlog/moment.h"

namespace lifeboat::binlog {
namespace {

/// The value of a literal where a number is wanted: text counts by its beginning.
double as_number(const Value& value) {
  return value.number ? *value.number : number_in(value.text.value_or("")).value_or(0);
}

/// A row whose column by this name is past has had its time.
bool names_an_end(std::string_view column) {
  static constexpr std::array<std::string_view, 4> kEnds = {"expir", "until", "valid_to", "deadline"};
  return std::ranges::any_of(kEnds, [&](std::string_view each) { return column.find(each) != std::string_view::npos; });
}

std::string_view mirrored(std::string_view op) {
  if (op == "<") return ">";
  if (op == "<=") return ">=";
  if (op == ">") return "<";
  if (op == ">=") return "<=";
  return op;
}

bool holds(double left, std::string_view op, double right) {
  if (op == "=" || op == "<=>") return left == right;
  if (op == "<>" || op == "!=") return left != right;
  if (op == "<") return left < right;
  if (op == "<=") return left <= right;
  return op == ">" ? left > right : left >= right;
}

/// A range of more numbers than this may match as many rows: not bounded.
constexpr double kMaxSpan = 1000;

/// How far a column may go by `column op bound`.
Span span_of(const Value& column, std::string_view op, const Value& bound) {
  Span span;
  if (!bound.number || !column.itself || op == "<>" || op == "!=") return span;
  span.column = column.qualified;
  (op.starts_with('<') ? span.high : span.low) = *bound.number;
  return span;
}

/// `column op bound`, op one of < <= > >= <> !=.
Condition ordered(const Value& column, std::string_view op, const Value& bound, std::int64_t now_s) {
  const bool downwards = op == "<" || op == "<=";
  if (downwards && names_an_end(column.column)) {
    if (bound.is_now) return of(Reach::kSome);
    const auto past = is_past_moment(bound.number, bound.text, now_s);
    if (past) return of(*past ? Reach::kSome : Reach::kAll);
  }
  if (!downwards && (bound.number || bound.text)) {
    // Numbers that rows are given begin at 1, and no text is less than none.
    const double lowest = op == ">=" ? 1 : 0;
    if (bound.text ? bound.text->empty() : as_number(bound) <= lowest) return of(Reach::kAll);
  }
  Condition open = of(Reach::kOpen);
  open.span = span_of(column, op, bound);
  return open;
}

}  // namespace

std::string lower_case(std::string text) {
  std::ranges::transform(text, text.begin(),
                         [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
  return text;
}

std::optional<double> number_in(std::string_view text) {
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  return error == std::errc() ? std::optional(value) : std::nullopt;
}

Value constant_value() {
  Value value;
  value.kind = Value::Kind::kConstant;
  return value;
}

void count_as_text(Value& value) {
  value.number.reset();
  value.is_exact = value.not_negative = false;
}

std::string table_of(const Value& column) {
  const std::size_t dot = column.qualified.rfind('.');
  if (dot == std::string::npos) return {};
  const std::size_t before = column.qualified.rfind('.', dot - 1);
  const std::size_t start = before == std::string::npos || dot == 0 ? 0 : before + 1;
  return column.qualified.substr(start, dot - start);
}

Condition of(Reach reach) {
  return {.reach = reach};
}

Condition decided(bool holds) {
  return {.reach = holds ? Reach::kAll : Reach::kNone, .decided = true};
}

Condition exactly(std::uint64_t rows) {
  return {.reach = Reach::kSome, .rows = rows};
}

Condition within(double low, double high) {
  const double span = high - low + 1;
  if (span > kMaxSpan) return of(Reach::kOpen);
  return exactly(static_cast<std::uint64_t>(std::max(span, 1.0)));
}

Condition both(Condition a, const Condition& b) {
  if (!a.span.column.empty() && a.span.column == b.span.column) {
    a.span.low = std::max(a.span.low, b.span.low);
    a.span.high = std::min(a.span.high, b.span.high);
    const Condition bounded = within(a.span.low, a.span.high);
    if (bounded.reach < a.reach) {
      a.reach = bounded.reach;
      a.rows = bounded.rows;
    }
  } else if (a.span.column.empty()) {
    a.span = b.span;
  }
  a.null_columns.insert(b.null_columns.begin(), b.null_columns.end());
  if (b.reach < a.reach || (b.reach == a.reach && b.rows != 0 && (a.rows == 0 || b.rows < a.rows))) {
    a.reach = b.reach;
    a.rows = b.rows;
  }
  a.decided = a.decided && b.decided;
  return a;
}

Condition either(const Condition& a, const Condition& b) {
  Condition result = a.reach == Reach::kNone ? b : b.reach == Reach::kNone ? a : of(std::max(a.reach, b.reach));
  result.decided = a.decided && b.decided;
  if (a.reach == Reach::kNone || b.reach == Reach::kNone) return result;
  if (a.rows != 0 && b.rows != 0) result.rows = a.rows + b.rows;
  std::ranges::set_intersection(a.null_columns, b.null_columns,
                                std::inserter(result.null_columns, result.null_columns.end()));
  return result;
}

Condition opposite(const Condition& condition) {
  Condition result = of(Reach::kOpen);
  result.decided = condition.decided;
  if (condition.reach == Reach::kNone) result.reach = Reach::kAll;
  if (condition.reach == Reach::kAll && condition.decided) result.reach = Reach::kNone;
  return result;
}

Condition truth(const Value& value) {
  if (value.kind == Value::Kind::kCondition) return value.condition;
  if (!value.constant()) return of(Reach::kOpen);
  if (value.is_null) return of(Reach::kNone);
  if (value.is_exact) return decided(*value.number != 0);
  return of(Reach::kAll);  // the same for every row, and perhaps true
}

Condition compared(const Value& left, std::string_view op, const Value& right, std::int64_t now_s) {
  if (left.kind == Value::Kind::kColumn && right.kind == Value::Kind::kColumn && left.qualified == right.qualified) {
    const bool true_of_itself = op == "=" || op == "<=>" || op == "<=" || op == ">=";
    return of(true_of_itself ? Reach::kAll : Reach::kOpen);  // MD5(name) <> name
  }
  if ((left.is_null || right.is_null) && op != "<=>") return of(Reach::kNone);
  if (left.constant() && right.constant()) {
    if (!left.is_exact || !right.is_exact) return of(Reach::kAll);  // for every row the same; perhaps true
    return decided(holds(*left.number, op, *right.number));
  }
  if (right.kind == Value::Kind::kColumn && left.constant()) return compared(right, mirrored(op), left, now_s);
  if (op == "=" || op == "<=>") {
    const bool column = left.kind == Value::Kind::kColumn || left.kind == Value::Kind::kRow;
    if (column && (right.constant() || right.kind == Value::Kind::kSubquery)) return exactly(1);
    return of(Reach::kOpen);
  }
  if (left.kind == Value::Kind::kColumn && right.constant()) return ordered(left, op, right, now_s);
  return of(Reach::kOpen);
}

}  // namespace lifeboat::binlog
