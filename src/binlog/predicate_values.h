/// Values in conditions, and how much of a table a comparison of two may match. Inside of predicate.h.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "binlog/predicate.h"

namespace lifeboat::binlog {

struct Value {
  enum class Kind : std::uint8_t { kConstant, kColumn, kOther, kCondition, kSubquery, kRow };
  Kind kind = Kind::kOther;
  std::string column;            ///< kColumn: lower case, without its table
  std::string qualified;         ///< kColumn: lower case, as written
  bool itself = false;           ///< kColumn: no function stands around it
  std::optional<double> number;  ///< kConstant: a literal's, or about that of a sum of literals
  std::optional<std::string> text;
  bool is_exact = false;      ///< kConstant: `number` is a whole one that was written so: comparing it decides
  bool is_null = false;       ///< kConstant
  bool is_now = false;        ///< kConstant: made from NOW() and the like, not later
  bool not_negative = false;  ///< kConstant: what is subtracted from a moment leads to no later one
  Condition condition;        ///< kCondition; kSubquery: of its WHERE

  bool constant() const { return kind == Kind::kConstant; }
};

/// Of which nothing is known but that it is the same for every row.
Value constant_value();
/// Its bytes stay; but it is compared by its digits, no more as a number.
void count_as_text(Value& value);
/// The table that a column was written with, lower case; may be empty.
std::string table_of(const Value& column);

Condition of(Reach reach);
/// What literal numbers say, whatever a row holds.
Condition decided(bool holds);
/// Some rows, and at most so many if the column is a key.
Condition exactly(std::uint64_t rows);
/// A whole number from `low` to `high`: as many rows if the column is a key, and kOpen if that is many. Never kNone:
/// the bounds of a sum are known about only.
Condition within(double low, double high);
Condition both(Condition a, const Condition& b);
Condition either(const Condition& a, const Condition& b);
Condition opposite(const Condition& condition);
/// What a value means where a condition is wanted.
Condition truth(const Value& value);
/// `left op right`; `now_s` is when the statement ran.
Condition compared(const Value& left, std::string_view op, const Value& right, std::int64_t now_s);

/// ASCII only.
std::string lower_case(std::string text);
std::optional<double> number_in(std::string_view text);

}  // namespace lifeboat::binlog
