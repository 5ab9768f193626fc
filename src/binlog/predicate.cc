// A parser of conditions by descent. It knows three kinds of values: constants (with their number or text where they
// are literals), columns, and the rest; and keeps of a comparison only how much it may match.

#include "binlog/predicate.h"

#include <utility>

#include "binlog/predicate_values.h"

namespace lifeboat::binlog {
namespace {

/// Conditions nested deeper are not followed: the stack is ours.
constexpr int kMaxDepth = 100;

/// Functions that tell values apart nearly as well as their argument.
bool keeps_apart(const Token& function) {
  return is_any(function, "LOWER", "UPPER", "LCASE", "UCASE", "TRIM", "HEX", "UNHEX", "MD5", "SHA1", "SHA2", "DATE") ||
         is_any(function, "JSON_EXTRACT", "JSON_VALUE", "JSON_UNQUOTE", "CAST", "CONVERT", "BINARY", "INET6_ATON",
                "UUID_TO_BIN");
}

bool gives_now(const Token& function) {
  return is_any(function, "NOW", "CURRENT_TIMESTAMP", "UNIX_TIMESTAMP", "UTC_TIMESTAMP", "SYSDATE", "CURDATE",
                "CURRENT_DATE", "LOCALTIME", "LOCALTIMESTAMP");
}

class ConditionParser {
 public:
  explicit ConditionParser(Reading& reading) : reading_(reading), in_(reading.in) {}

  Condition disjunction();
  const Links& links() const { return links_; }

 private:
  Condition conjunction();
  Condition negation();
  Value comparison();
  Value arithmetic();
  Value term();
  Value parenthesised();
  Value subquery();
  Value name_or_call();
  Value call(const Token& function);
  Value literal_text();
  Condition compare(const Value& left, std::string_view op, const Value& right) {
    note(left, right);
    return compared(left, op, right, reading_.context.time_s);
  }
  void note(const Value& left, const Value& right);
  Condition is_test(const Value& left);
  Condition like(const Value& left);
  Condition in_list(const Value& left);
  Condition between(const Value& left);
  bool deeper() { return ++depth_ <= kMaxDepth; }

  Reading& reading_;
  Tokens& in_;
  int depth_ = 0;
  Links links_;
};

void ConditionParser::note(const Value& left, const Value& right) {
  const bool both_columns = left.kind == Value::Kind::kColumn && right.kind == Value::Kind::kColumn;
  if (both_columns && table_of(left) != table_of(right)) links_.joins = true;
  for (const Value* const each : {&left, &right}) {
    if (each->kind == Value::Kind::kRow) links_.tied.insert("");
    if (each->kind == Value::Kind::kColumn && !both_columns) links_.tied.insert(table_of(*each));
  }
}

Condition ConditionParser::disjunction() {
  if (!deeper()) {
    while (!reading_.at_end()) in_.take();
    return of(Reach::kOpen);
  }
  Condition result = conjunction();
  while (in_.accept("OR") || in_.accept_symbol("||")) result = either(result, conjunction());
  if (in_.accept("XOR")) {
    disjunction();
    result = of(Reach::kOpen);
  }
  --depth_;
  return result;
}

Condition ConditionParser::conjunction() {
  Condition result = negation();
  while (in_.accept("AND") || in_.accept_symbol("&&")) result = both(std::move(result), negation());
  return result;
}

Condition ConditionParser::negation() {
  bool negated = false;
  while (in_.accept("NOT") || in_.accept_symbol("!")) negated = !negated;
  const Condition result = truth(comparison());
  return negated ? opposite(result) : result;
}

Value condition_value(Condition condition) {
  Value value;
  value.kind = Value::Kind::kCondition;
  value.condition = std::move(condition);
  return value;
}

Value ConditionParser::comparison() {
  Value left = arithmetic();
  for (;;) {
    const Token op = in_.peek();
    const bool negated = op.is("NOT") && is_any(in_.peek(1), "LIKE", "IN", "BETWEEN", "REGEXP", "RLIKE");
    if (negated) in_.take();
    Condition result;
    if (op.kind == TokenKind::kSymbol && (op.text == "=" || op.text == "<=>" || op.text == "<>" || op.text == "!=" ||
                                          op.text == "<" || op.text == "<=" || op.text == ">" || op.text == ">=")) {
      in_.take();
      result = compare(left, op.text, arithmetic());
    } else if (in_.accept("IS")) {
      result = is_test(left);
    } else if (in_.accept("LIKE")) {
      note(left, {});
      result = like(left);
    } else if (in_.accept("IN")) {
      note(left, {});
      result = in_list(left);
    } else if (in_.accept("BETWEEN")) {
      note(left, {});
      result = between(left);
    } else if (in_.accept("REGEXP") || in_.accept("RLIKE")) {
      arithmetic();
      result = of(Reach::kOpen);
    } else {
      return left;
    }
    left = condition_value(negated ? opposite(result) : result);
  }
}

/// Terms and what joins them: a lone term keeps what is known of it.
Value ConditionParser::arithmetic() {
  Value value = term();
  for (;;) {
    const Token op = in_.peek();
    const bool joins = (op.kind == TokenKind::kSymbol && op.text.size() <= 2 &&
                        std::string_view("+-*/%&|^<<>>").find(op.text) != std::string_view::npos && op.text != "<" &&
                        op.text != ">") ||
                       is_any(op, "DIV", "MOD");
    if (op.is("COLLATE")) {
      in_.take();
      in_.take();
      continue;
    }
    if (op.is_symbol("->") || op.is_symbol("->>")) {  // a path into a column of JSON
      in_.take();
      in_.take();
      continue;
    }
    if (!joins) return value;
    in_.take();
    const Value right = term();
    Value sum;
    sum.is_now = value.is_now && op.is_symbol("-");
    if (value.constant() && right.constant()) {
      sum.kind = Value::Kind::kConstant;
      if (value.number && right.number && op.is_symbol("+")) sum.number = *value.number + *right.number;
      if (value.number && right.number && op.is_symbol("-")) sum.number = *value.number - *right.number;
    }
    value = std::move(sum);
  }
}

Value ConditionParser::literal_text() {
  Value value;
  value.kind = Value::Kind::kConstant;
  value.text = "";
  while (in_.peek().kind == TokenKind::kString) *value.text += string_of(in_.take(), in_.dialect());
  return value;
}

Value ConditionParser::term() {
  const Token& next = in_.peek();
  Value value;
  if (next.kind == TokenKind::kNumber) {
    value.kind = Value::Kind::kConstant;
    value.number = number_in(in_.take().text);
    return value;
  }
  if (next.kind == TokenKind::kString) return literal_text();
  if (next.kind == TokenKind::kVariable) {
    in_.take();
    value.kind = Value::Kind::kConstant;
    return value;
  }
  if (next.is_symbol("(")) return parenthesised();
  if (next.is_symbol("-") || next.is_symbol("+") || next.is_symbol("~")) {
    const bool minus = in_.take().text == "-";
    if (!deeper()) return value;
    value = term();
    --depth_;
    if (minus && value.number) value.number = -*value.number;
    if (!value.constant()) value = Value{};
    return value;
  }
  if (next.is_name()) return name_or_call();
  if (!reading_.at_end() && !next.is_symbol(")") && !next.is_symbol(",")) in_.take();
  return value;
}

Value ConditionParser::parenthesised() {
  in_.take();
  if (is_any(in_.peek(), "SELECT", "WITH", "VALUES")) return subquery();
  Value value = condition_value(of(Reach::kOpen));
  if (!deeper()) return value;
  // A condition, a value, or a row of values; a value in parentheses stays one.
  bool negated = false;
  while (in_.accept("NOT") || in_.accept_symbol("!")) negated = !negated;
  value = comparison();
  if (negated) value = condition_value(opposite(truth(value)));
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
  bool all_constant = value.constant();
  while (in_.accept_symbol(",")) {
    all_constant = arithmetic().constant() && all_constant;
    value = Value{};
    value.kind = all_constant ? Value::Kind::kConstant : Value::Kind::kRow;
  }
  --depth_;
  while (!reading_.at_end() && !in_.accept_symbol(")")) reading_.skip_item();
  return value;
}

/// Behind "(": up to its ")"; its WHERE tells how much it gives.
Value ConditionParser::subquery() {
  Value value;
  value.kind = Value::Kind::kSubquery;
  value.condition = of(Reach::kOpen);
  while (!reading_.at_end() && !in_.accept_symbol(")")) {
    if (in_.accept("WHERE") && depth_ < kMaxDepth) {
      value.condition = disjunction();
      if (value.condition.reach == Reach::kAll) value.condition = of(Reach::kOpen);
    } else if (in_.accept("UNION")) {
      value.condition = of(Reach::kOpen);
      while (!reading_.at_end() && !in_.peek().is_symbol(")")) reading_.skip_item();
    } else if (!in_.peek().is_symbol(")")) {
      reading_.skip_item();
    }
  }
  return value;
}

Value ConditionParser::name_or_call() {
  Value value;
  const Token name = in_.take();
  if (name.kind == TokenKind::kWord) {
    if (is_any(name, "TRUE", "FALSE", "NULL")) {
      value.kind = Value::Kind::kConstant;
      value.is_null = name.is("NULL");
      if (!value.is_null) value.number = name.is("TRUE") ? 1 : 0;
      return value;
    }
    if (name.is("EXISTS") || name.is("ANY") || name.is("ALL") || name.is("SOME")) {
      if (in_.peek().is_symbol("(")) reading_.skip_item();
      return condition_value(of(Reach::kOpen));
    }
    if (name.is("INTERVAL")) {  // INTERVAL n unit
      value = term();
      if (in_.peek().kind == TokenKind::kWord) in_.take();
      value.number.reset();
      value.text.reset();
      return value;
    }
    if (is_any(name, "BINARY", "DATE", "TIME", "TIMESTAMP") && !in_.peek().is_symbol("(") &&
        (in_.peek().kind == TokenKind::kString || name.is("BINARY"))) {
      return term();
    }
    if (name.text.starts_with('_') && in_.peek().kind == TokenKind::kString) return literal_text();
    if (name.is("CASE")) {
      int open = 1;
      while (!reading_.at_end() && open > 0) {
        const Token token = in_.take();
        if (token.is("CASE")) ++open;
        if (token.is("END")) --open;
      }
      return value;
    }
    if (in_.peek().is_symbol("(")) return call(name);
    if (is_any(name, "CURRENT_TIMESTAMP", "CURRENT_DATE", "LOCALTIME", "LOCALTIMESTAMP")) {
      value.kind = Value::Kind::kConstant;
      value.is_now = true;
      return value;
    }
  }
  value.kind = Value::Kind::kColumn;
  value.column = name_of(name);
  const bool is_local = reading_.locals != nullptr && reading_.locals->contains(lower_case(value.column));
  value.qualified = value.column;
  while (in_.peek().is_symbol(".") && in_.peek(1).is_name()) {
    in_.take();
    value.column = name_of(in_.take());
    value.qualified += "." + value.column;
  }
  if (is_local) value.kind = Value::Kind::kConstant;
  value.column = lower_case(value.column);
  value.qualified = lower_case(value.qualified);
  if (in_.peek().is_symbol("(")) {  // database.function(…)
    reading_.skip_item();
    return Value{};
  }
  return value;
}

Value ConditionParser::call(const Token& function) {
  in_.take();
  const bool subtracts = is_any(function, "DATE_SUB", "SUBDATE", "SUBTIME");
  Value first;
  bool all_constant = true;
  bool any_argument = false;
  while (!reading_.at_end() && !in_.peek().is_symbol(")")) {
    if (is_any(in_.peek(), "SELECT", "FROM", "AS", "USING", "DISTINCT")) {
      if (in_.take().is("SELECT")) all_constant = false;
      continue;
    }
    if (!deeper()) break;
    Value argument = comparison();
    --depth_;
    all_constant = all_constant && argument.constant();
    if (!std::exchange(any_argument, true)) first = std::move(argument);
    while (!reading_.at_end() && !in_.peek().is_symbol(")") && !in_.accept_symbol(",")) {
      if (is_any(in_.peek(), "FROM", "AS", "USING")) break;
      all_constant = false;
      reading_.skip_item();
    }
    if (function.is("CAST") || function.is("CONVERT")) {
      while (!reading_.at_end() && !in_.peek().is_symbol(")")) reading_.skip_item();
    }
  }
  while (!reading_.at_end() && !in_.accept_symbol(")")) reading_.skip_item();
  Value value;
  if (keeps_apart(function) && any_argument) {
    const bool still_literal = function.is("CAST") || function.is("CONVERT") || function.is("BINARY");
    if (first.kind == Value::Kind::kColumn || (first.constant() && still_literal)) return first;
  }
  if (all_constant) value.kind = Value::Kind::kConstant;
  value.is_now = (gives_now(function) && !any_argument) || (subtracts && first.is_now);
  if (function.is("FROM_UNIXTIME")) {
    value.is_now = first.is_now;
    if (first.number) value.number = first.number;
  }
  return value;
}

Condition ConditionParser::is_test(const Value& left) {
  const bool negated = in_.accept("NOT");
  const Token what = in_.take();
  if (what.is("NULL")) {
    if (left.constant()) return of(left.is_null != negated || !left.literal() ? Reach::kAll : Reach::kNone);
    if (negated) return of(left.kind == Value::Kind::kColumn ? Reach::kAll : Reach::kOpen);
    Condition result = of(Reach::kOpen);
    if (left.kind == Value::Kind::kColumn) result.null_columns.insert(left.column);
    return result;
  }
  const Condition condition = truth(left);
  if (what.is("TRUE") && !negated) return condition;
  if ((what.is("FALSE") && !negated) || (what.is("TRUE") && negated)) return opposite(condition);
  return of(condition.reach == Reach::kNone && negated ? Reach::kAll : Reach::kOpen);
}

Condition ConditionParser::like(const Value& left) {
  const Value pattern = arithmetic();
  if (in_.accept("ESCAPE")) in_.take();
  if (left.constant()) return of(Reach::kAll);
  if (left.kind == Value::Kind::kColumn && pattern.kind == Value::Kind::kColumn &&
      left.qualified == pattern.qualified) {
    return of(Reach::kAll);
  }
  if (!pattern.text) return of(Reach::kOpen);
  if (pattern.text->find_first_not_of("%_") == std::string::npos && !pattern.text->empty()) {
    return of(pattern.text->find('%') != std::string::npos ? Reach::kAll : Reach::kOpen);
  }
  if (left.kind != Value::Kind::kColumn) return of(Reach::kOpen);
  return of(pattern.text->starts_with('%') || pattern.text->starts_with('_') ? Reach::kOpen : Reach::kSome);
}

Condition ConditionParser::in_list(const Value& left) {
  if (!in_.accept_symbol("(")) return of(Reach::kOpen);
  const bool column = left.kind == Value::Kind::kColumn || left.kind == Value::Kind::kRow;
  if (is_any(in_.peek(), "SELECT", "WITH", "VALUES")) {
    const Value query = subquery();
    return of(column ? query.condition.reach : Reach::kOpen);
  }
  std::uint64_t count = 0;
  bool constants = true;
  bool itself = false;
  Condition among_constants = of(Reach::kNone);
  do {
    if (!deeper()) return of(Reach::kOpen);
    const Value item = arithmetic();
    --depth_;
    constants = constants && item.constant();
    itself = itself || (column && item.kind == Value::Kind::kColumn && item.qualified == left.qualified);
    if (left.constant()) among_constants = either(among_constants, compare(left, "=", item));
    ++count;
  } while (in_.accept_symbol(","));
  while (!reading_.at_end() && !in_.accept_symbol(")")) reading_.skip_item();
  if (left.constant()) return among_constants;
  if (itself) return of(Reach::kAll);
  return column && constants ? exactly(count) : of(Reach::kOpen);
}

Condition ConditionParser::between(const Value& left) {
  const Value low = arithmetic();
  in_.accept("AND");
  const Value high = arithmetic();
  if (left.constant()) return both(compare(left, ">=", low), compare(left, "<=", high));
  if (left.kind != Value::Kind::kColumn || !low.number || !high.number) return of(Reach::kOpen);
  return within(*low.number, *high.number);
}

}  // namespace

Condition read_condition(Reading& reading) {
  ConditionParser parser(reading);
  Condition condition = parser.disjunction();
  condition.links = parser.links();
  return condition;
}

}  // namespace lifeboat::binlog
