/// How many rows of each table were deleted and updated in the last while, as the log's own clock goes: what shows a
/// `DELETE … LIMIT 1000` in a loop for the mass that it is.
///
/// Threads: one at a time. Errors: none. Memory: bounded: kTablesMax tables of at most kSteps numbers; tables beyond
/// them are counted as one.
#pragma once

#include <chrono>
#include <cstdint>
#include <deque>
#include <map>

#include "binlog/table_memory.h"

namespace lifeboat::relay {

struct ChangedRows {
  std::uint64_t deleted = 0;
  std::uint64_t updated = 0;
};

class RowWindow {
 public:
  static constexpr std::size_t kTablesMax = 10'000;
  static constexpr std::int64_t kSteps = 300;

  /// Remembers no more than `longest`.
  explicit RowWindow(std::chrono::seconds longest);

  /// Times that go backwards count as the latest one.
  void add(const binlog::TableName& table, ChangedRows rows, std::int64_t time_s);
  /// In the `span` that ends with the latest time; at most `longest`. A table that is counted with others has all of
  /// theirs.
  ChangedRows sum(const binlog::TableName& table, std::chrono::seconds span) const;

 private:
  struct Step {
    std::int64_t number = 0;  ///< time divided by step_s_
    ChangedRows rows;
  };
  const std::deque<Step>* find(const binlog::TableName& table) const;
  void forget_old();

  std::int64_t steps_;
  std::int64_t step_s_;
  std::int64_t latest_ = 0;  ///< step number
  std::int64_t swept_ = 0;   ///< when forget_old last ran
  std::map<binlog::TableName, std::deque<Step>> tables_;
};

}  // namespace lifeboat::relay
