/// A parser of conditions by descent. It knows constants (with their number or text where they are literals), columns,
/// and the rest; and keeps of a comparison only how much it may match. Inside of predicate.h.
///
/// predicate.cc has what makes conditions; predicate_terms.cc, predicate_calls.cc and predicate_subquery.cc have their
/// values.
#pragma once

#include <string_view>

#include "binlog/predicate_values.h"

namespace lifeboat::binlog {

class ConditionParser {
 public:
  explicit ConditionParser(Reading& reading) : reading_(reading), in_(reading.in) {}

  Condition disjunction();
  const Links& links() const { return links_; }

 private:
  /// Conditions nested deeper are not followed: the stack is ours.
  static constexpr int kMaxDepth = 100;

  Condition conjunction();
  Condition negation();
  Value comparison();
  Condition compare(const Value& left, std::string_view op, const Value& right) {
    note(left, right);
    return compared(left, op, right, reading_.context.time_s);
  }
  void note(const Value& left, const Value& right);
  Condition is_test(const Value& left);
  Condition like(const Value& left);
  Condition in_list(const Value& left);
  Condition between(const Value& left);

  Value arithmetic();
  bool joins_terms(const Token& op) const;
  Value term();
  Value signed_term();
  Value variable();
  Value literal_number();
  Value literal_text();
  Value parenthesised();
  Value row(const Value& first);
  Value name_or_call();
  Value column(const Token& first_name);
  Value interval();
  Value call(const Token& function);
  Value conversion();

  Value subquery();
  /// Up to FROM or what ends the SELECT.
  struct Selected;
  Selected select_list();
  struct From;
  From from_clause();

  bool deeper() { return ++depth_ <= kMaxDepth; }
  bool closes() { return reading_.at_end() || in_.peek().is_symbol(")"); }
  /// Takes the ")", and what could not be followed before it. False if there was such.
  bool close();

  Reading& reading_;
  Tokens& in_;
  int depth_ = 0;
  Links links_;
};

/// A condition where a value is wanted.
Value condition_value(Condition condition);

}  // namespace lifeboat::binlog
