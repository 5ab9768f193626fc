// Calls of functions in conditions.

#include <string_view>
#include <utility>

#include "binlog/condition_parser.h"

namespace lifeboat::binlog {
namespace {

/// Functions that tell values apart nearly as well as their argument.
bool keeps_apart(const Token& function) {
  return is_any(function, "LOWER", "UPPER", "LCASE", "UCASE", "TRIM", "HEX", "UNHEX", "MD5", "SHA1", "SHA2", "DATE") ||
         is_any(function, "JSON_EXTRACT", "JSON_VALUE", "JSON_UNQUOTE", "INET6_ATON", "UUID_TO_BIN");
}

bool gives_now(const Token& function) {
  return is_any(function, "NOW", "CURRENT_TIMESTAMP", "UNIX_TIMESTAMP", "UTC_TIMESTAMP", "SYSDATE", "CURDATE",
                "CURRENT_DATE", "LOCALTIME", "LOCALTIMESTAMP");
}

/// `DAY`, `DAY_HOUR` behind INTERVAL n.
bool is_unit(const Token& token) {
  if (token.kind != TokenKind::kWord) return false;
  const std::string_view first = token.text.substr(0, token.text.find('_'));
  return is_any(Token{TokenKind::kWord, first}, "MICROSECOND", "SECOND", "MINUTE", "HOUR", "DAY", "WEEK", "MONTH",
                "QUARTER", "YEAR");
}

}  // namespace

/// Behind INTERVAL: `n unit`, or a function's arguments.
Value ConditionParser::interval() {
  if (!deeper()) return Value{};
  const Value length = arithmetic();
  --depth_;
  if (!is_unit(in_.peek())) return Value{};
  in_.take();
  if (!length.constant()) return Value{};
  Value value = constant_value();
  value.not_negative = length.not_negative;
  return value;
}

/// CAST(… AS type), CONVERT(…, type), CONVERT(… USING charset), at the "(".
Value ConditionParser::conversion() {
  in_.take();
  if (!deeper()) return Value{};
  Value value = comparison();
  --depth_;
  const bool to_charset = in_.accept("USING");
  const bool converts = to_charset || in_.accept("AS") || in_.accept_symbol(",");
  const Token type = converts ? in_.take() : Token{};
  const bool keeps_all = to_charset || (is_any(type, "CHAR", "NCHAR", "BINARY") && !in_.peek().is_symbol("("));
  close();
  if (!converts) return Value{};
  if (value.kind == Value::Kind::kColumn) {
    value.itself = false;
    return keeps_all ? value : Value{};
  }
  if (!value.constant()) return Value{};
  count_as_text(value);
  value.is_now = value.is_now && is_any(type, "DATE", "DATETIME", "TIMESTAMP");
  return value;
}

/// At the "(".
Value ConditionParser::call(const Token& function) {
  in_.take();
  const bool subtracts = is_any(function, "DATE_SUB", "SUBDATE", "SUBTIME");
  Value first;
  Value last;
  bool all_constant = true;
  bool any_argument = false;
  while (!closes()) {
    if (is_any(in_.peek(), "SELECT", "FROM", "AS", "USING", "DISTINCT")) {
      if (in_.take().is("SELECT")) all_constant = false;
      continue;
    }
    if (!deeper()) break;
    last = comparison();
    --depth_;
    all_constant = all_constant && last.constant();
    if (!std::exchange(any_argument, true)) first = last;
    while (!closes() && !in_.accept_symbol(",")) {
      if (is_any(in_.peek(), "FROM", "AS", "USING")) break;
      all_constant = false;
      reading_.skip_item();
    }
  }
  close();
  if ((keeps_apart(function) || function.is("BINARY")) && first.kind == Value::Kind::kColumn) {
    first.itself = false;
    return first;
  }
  if (function.is("BINARY") && first.constant()) {
    count_as_text(first);
    return first;
  }
  Value value;
  if (!all_constant) return value;
  value.kind = Value::Kind::kConstant;
  value.is_now = (gives_now(function) && !any_argument) || (subtracts && first.is_now && last.not_negative);
  if (function.is("FROM_UNIXTIME")) {
    value.is_now = first.is_now;
    value.number = first.number;
  }
  return value;
}

}  // namespace lifeboat::binlog
