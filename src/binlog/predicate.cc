// What makes conditions: AND, OR, NOT, and what compares values.

#include "binlog/predicate.h"

#include <utility>

#include "binlog/condition_parser.h"

namespace lifeboat::binlog {

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
  if (in_.dialect().not_binds_closely() && in_.peek().is("NOT")) {  // `NOT a < b` is `(NOT a) < b`
    while (in_.accept("NOT")) {
    }
    comparison();
    return of(Reach::kOpen);
  }
  bool negated = false;
  while (in_.accept("NOT")) negated = !negated;
  const Condition result = truth(comparison());
  return negated ? opposite(result) : result;
}

bool ConditionParser::close() {
  const bool followed = closes();
  while (!reading_.at_end() && !in_.accept_symbol(")")) reading_.skip_item();
  return followed;
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
    } else if (in_.peek().is("SOUNDS") && in_.peek(1).is("LIKE")) {
      in_.take();
      in_.take();
      arithmetic();
      result = of(Reach::kOpen);
    } else if (in_.peek().is("MEMBER") && in_.peek(1).is("OF")) {
      in_.take();
      in_.take();
      reading_.skip_item();
      result = of(Reach::kOpen);
    } else {
      return left;
    }
    left = condition_value(negated ? opposite(result) : result);
  }
}

Condition ConditionParser::is_test(const Value& left) {
  const bool negated = in_.accept("NOT");
  const Token what = in_.take();
  if (what.is("NULL")) {
    const bool told = left.is_null || left.is_exact;
    if (left.constant()) return of(left.is_null != negated || !told ? Reach::kAll : Reach::kNone);
    if (negated) return of(left.kind == Value::Kind::kColumn ? Reach::kAll : Reach::kOpen);
    Condition result = of(Reach::kOpen);
    if (left.itself) result.null_columns.insert(left.qualified);
    return result;
  }
  Condition condition = truth(left);
  if (what.is("TRUE") && !negated) return condition;
  if ((what.is("FALSE") && !negated) || (what.is("TRUE") && negated)) return opposite(condition);
  const bool constant = condition.reach == Reach::kNone || condition.reach == Reach::kAll;
  return of(constant && negated ? Reach::kAll : Reach::kOpen);
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
  if (is_any(in_.peek(), "SELECT", "WITH", "VALUES", "TABLE")) {
    const Value query = subquery();
    return of(column ? query.condition.reach : Reach::kOpen);
  }
  std::uint64_t count = 0;
  bool constants = true;
  bool itself = false;
  Condition among_constants = decided(false);
  do {
    if (!deeper()) return of(Reach::kOpen);
    const Value item = arithmetic();
    --depth_;
    constants = constants && item.constant();
    itself = itself || (column && item.kind == Value::Kind::kColumn && item.qualified == left.qualified);
    if (left.constant()) among_constants = either(among_constants, compare(left, "=", item));
    ++count;
  } while (in_.accept_symbol(","));
  if (!close()) return of(left.constant() ? Reach::kAll : Reach::kOpen);
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

Condition read_condition(Reading& reading) {
  ConditionParser parser(reading);
  Condition condition = parser.disjunction();
  condition.links = parser.links();
  return condition;
}

}  // namespace lifeboat::binlog
