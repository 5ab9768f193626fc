/// How much of a table a condition (WHERE, ON) may match, as far as its text can tell. Inside of danger.h.
///
/// The rule: a condition bounds a statement if it ties a column to given values (`=`, `IN`, a narrow BETWEEN, LIKE with
/// a beginning). One that is true whatever the row holds (`1=1`, `id = id`, `id > 0`, `LIKE '%'`) matches all.
/// That nothing is matched only whole numbers decide (`1=0`), and NULL: how a server compares anything else, collations
/// and conversions tell. Everything else, one-sided ranges above all, may match anything from nothing to all: kOpen. An
/// exception are columns which say by their name that a row is over at a moment (`expires_at < NOW()`): rows past it
/// are dead already.
#pragma once

#include <cstdint>
#include <limits>
#include <set>
#include <string>

#include "binlog/danger_reading.h"

namespace lifeboat::binlog {

/// In the order of how much is matched: AND takes the less, OR the more.
enum class Reach : std::uint8_t { kNone, kSome, kOpen, kAll };

/// Between which numbers a column lies in every row that is matched.
struct Span {
  std::string column;  ///< empty: not told
  double low = -std::numeric_limits<double>::infinity();
  double high = std::numeric_limits<double>::infinity();
};

/// Of a statement with several tables: whose columns are held against values, and whether any against another table's.
struct Links {
  std::set<std::string> tied;  ///< tables as written, lower case; empty text: the column was written without
  bool joins = false;
};

struct Condition {
  Reach reach = Reach::kAll;
  bool decided = false;                ///< of kNone and kAll: it is so, by literal numbers alone; else at most so
  std::uint64_t rows = 0;              ///< of kSome: matched at most if the column is a key; 0: not told
  Span span;                           ///< of kOpen and kAll
  Links links;                         ///< only of what read_condition gives
  std::set<std::string> null_columns;  ///< that are NULL in every row that it matches: lower case, as written
};

/// Reads a condition, up to what cannot belong to one. Whatever it cannot follow is kOpen at least.
Condition read_condition(Reading& reading);

}  // namespace lifeboat::binlog
