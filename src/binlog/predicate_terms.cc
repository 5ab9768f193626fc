// Values in conditions: literals, columns, and what joins them.

#include <algorithm>
#include <array>
#include <string_view>
#include <utility>

#include "binlog/condition_parser.h"

namespace lifeboat::binlog {
namespace {

/// Whole numbers of so many digits are what a double says they are.
constexpr std::size_t kMaxExactDigits = 15;

/// Functions that are called without parentheses, whose names no column has unless it is quoted.
bool is_called_by_name(const Token& name) {
  return is_any(name, "CURRENT_USER", "CURRENT_ROLE", "CURRENT_TIME", "UTC_DATE", "UTC_TIME", "UTC_TIMESTAMP") ||
         is_any(name, "CURRENT_TIMESTAMP", "CURRENT_DATE", "LOCALTIME", "LOCALTIMESTAMP");
}

}  // namespace

bool ConditionParser::joins_terms(const Token& op) const {
  if (is_any(op, "DIV", "MOD")) return true;
  if (op.kind != TokenKind::kSymbol) return false;
  static constexpr std::array<std::string_view, 9> kOperators = {"+", "-", "*", "/", "%", "&", "|", "^", "<<"};
  return std::ranges::find(kOperators, op.text) != kOperators.end() || op.text == ">>" ||
         (op.text == "||" && in_.dialect().pipes_concat());
}

/// Terms and what joins them: a lone term keeps what is known of it.
Value ConditionParser::arithmetic() {
  Value value = term();
  for (;;) {
    const Token op = in_.peek();
    if (op.is("COLLATE")) {
      in_.take();
      in_.take();
      count_as_text(value);
      continue;
    }
    if (op.is_symbol("->") || op.is_symbol("->>")) {  // a path into a column of JSON
      in_.take();
      in_.take();
      value.itself = false;
      if (value.kind != Value::Kind::kColumn) value = Value{};
      continue;
    }
    if (!joins_terms(op)) return value;
    in_.take();
    const Value right = term();
    Value sum;
    if (value.constant() && right.constant()) {
      sum.kind = Value::Kind::kConstant;
      sum.is_now = value.is_now && op.is_symbol("-") && right.not_negative;
      if (value.number && right.number && op.is_symbol("+")) sum.number = *value.number + *right.number;
      if (value.number && right.number && op.is_symbol("-")) sum.number = *value.number - *right.number;
    }
    value = std::move(sum);
  }
}

Value ConditionParser::literal_number() {
  const std::string_view digits = in_.take().text;
  Value value = constant_value();
  const bool is_binary = digits.starts_with("0x") || digits.starts_with("0b");
  if (!is_binary) value.number = number_in(digits);
  value.not_negative = value.number.has_value();
  value.is_exact = value.number && digits.size() <= kMaxExactDigits &&
                   digits.find_first_not_of("0123456789") == std::string_view::npos;
  return value;
}

/// 'a' 'b' is one; x'61' and b'1' are texts or numbers, as the server likes.
Value ConditionParser::literal_text() {
  Value value = constant_value();
  value.text = "";
  while (in_.peek().kind == TokenKind::kString) {
    const Token token = in_.take();
    if (std::string_view("xXbB").contains(token.text.front())) value.text.reset();
    if (value.text) *value.text += string_of(token, in_.dialect());
  }
  value.not_negative = value.text && value.text->find_first_not_of("0123456789.: ") == std::string::npos;
  return value;
}

/// @a, or @a := expression, which takes all that follows.
Value ConditionParser::variable() {
  in_.take();
  if (!in_.accept_symbol(":=")) return constant_value();
  disjunction();
  return Value{};
}

/// `- 5`, `+ 5`, `~ 5`, `! 5`
Value ConditionParser::signed_term() {
  const Token sign = in_.take();
  if (!deeper()) return Value{};
  const Value operand = term();
  --depth_;
  if (sign.is_symbol("!")) return condition_value(opposite(truth(operand)));
  if (!operand.constant()) return Value{};
  Value value = constant_value();
  value.is_null = operand.is_null;
  if (!operand.number || sign.is_symbol("~")) return value;
  value.number = sign.is_symbol("-") ? -*operand.number : *operand.number;
  value.is_exact = operand.is_exact;
  value.not_negative = operand.not_negative && sign.is_symbol("+");
  return value;
}

Value ConditionParser::term() {
  const Token& next = in_.peek();
  if (next.kind == TokenKind::kNumber) return literal_number();
  if (next.kind == TokenKind::kString) return literal_text();
  if (next.kind == TokenKind::kVariable) return variable();
  if (next.is_symbol("(")) return parenthesised();
  if (next.is_symbol("-") || next.is_symbol("+") || next.is_symbol("~") || next.is_symbol("!")) return signed_term();
  if (next.is_name()) return name_or_call();
  if (!closes() && !next.is_symbol(",")) in_.take();
  return Value{};
}

/// A condition, a value, or a row of values; a value in parentheses stays one.
Value ConditionParser::parenthesised() {
  in_.take();
  if (is_any(in_.peek(), "SELECT", "WITH", "VALUES", "TABLE")) return subquery();
  Value value = condition_value(of(Reach::kOpen));
  if (!deeper()) return value;
  if (in_.peek().is("NOT")) {
    value = condition_value(negation());
  } else {
    value = comparison();
  }
  while (is_any(in_.peek(), "AND", "OR", "XOR") || in_.peek().is_symbol("&&") || in_.peek().is_symbol("||")) {
    const Token op = in_.take();
    Condition left = truth(value);
    if (op.is("AND") || op.is_symbol("&&")) {
      value = condition_value(both(std::move(left), negation()));
    } else if (op.is("XOR")) {
      disjunction();
      value = condition_value(of(Reach::kOpen));
    } else {
      value = condition_value(either(left, disjunction()));
    }
  }
  if (in_.peek().is_symbol(",")) value = row(value);
  --depth_;
  return close() ? value : condition_value(of(Reach::kOpen));
}

/// Behind its first value: tied to given values if one of its columns is.
Value ConditionParser::row(const Value& first) {
  const auto is_tied = [](const Value& value) {
    return value.kind == Value::Kind::kColumn || value.kind == Value::Kind::kRow;
  };
  bool all_constant = first.constant();
  bool any_tied = is_tied(first);
  while (in_.accept_symbol(",")) {
    const Value value = arithmetic();
    all_constant = all_constant && value.constant();
    any_tied = any_tied || is_tied(value);
  }
  Value result;
  if (all_constant) result.kind = Value::Kind::kConstant;
  if (any_tied) result.kind = Value::Kind::kRow;
  return result;
}

Value ConditionParser::name_or_call() {
  const Token name = in_.take();
  if (name.kind != TokenKind::kWord) return column(name);
  if (is_any(name, "TRUE", "FALSE", "NULL")) {
    Value value = constant_value();
    value.is_null = name.is("NULL");
    value.is_exact = !value.is_null;
    if (value.is_exact) value.number = name.is("TRUE") ? 1 : 0;
    return value;
  }
  if (is_any(name, "EXISTS", "ANY", "ALL", "SOME")) {
    if (in_.peek().is_symbol("(")) reading_.skip_item();
    return condition_value(of(Reach::kOpen));
  }
  if (name.is("INTERVAL")) return interval();
  if (name.is("MATCH") && in_.peek().is_symbol("(")) {  // MATCH (…) AGAINST (…)
    reading_.skip_item();
    if (in_.accept("AGAINST")) reading_.skip_item();
    return Value{};
  }
  if (is_any(name, "BINARY", "DATE", "TIME", "TIMESTAMP") && !in_.peek().is_symbol("(") &&
      (in_.peek().kind == TokenKind::kString || name.is("BINARY"))) {
    Value value = term();
    count_as_text(value);
    return value;
  }
  if (name.text.starts_with('_') && in_.peek().kind == TokenKind::kString) return literal_text();
  if (name.text.starts_with('_') && in_.peek().kind == TokenKind::kNumber) {  // _utf8mb4 0x61
    in_.take();
    return constant_value();
  }
  if (name.is("CASE")) {
    int open = 1;
    while (!reading_.at_end() && open > 0) {
      const Token token = in_.take();
      if (token.is("CASE")) ++open;
      if (token.is("END")) --open;
    }
    return Value{};
  }
  if (in_.peek().is_symbol("(")) {
    return is_any(name, "CAST", "CONVERT") ? conversion() : call(name);
  }
  if (!is_called_by_name(name) || in_.peek().is_symbol(".")) return column(name);
  Value value = constant_value();
  value.is_now = is_any(name, "CURRENT_TIMESTAMP", "CURRENT_DATE", "LOCALTIME", "LOCALTIMESTAMP");
  return value;
}

/// `c`, `t.c`, `d.t.c`; or `d.f(…)`, of which nothing is known.
Value ConditionParser::column(const Token& first_name) {
  Value value;
  value.kind = Value::Kind::kColumn;
  value.itself = true;
  value.column = name_of(first_name);
  const bool is_local = reading_.locals != nullptr && reading_.locals->contains(lower_case(value.column));
  value.qualified = value.column;
  while (in_.peek().is_symbol(".") && in_.peek(1).is_name()) {
    in_.take();
    value.column = name_of(in_.take());
    value.qualified += "." + value.column;
  }
  if (in_.peek().is_symbol("(")) {
    reading_.skip_item();
    return Value{};
  }
  if (is_local) return constant_value();
  value.column = lower_case(value.column);
  value.qualified = lower_case(value.qualified);
  return value;
}

}  // namespace lifeboat::binlog
