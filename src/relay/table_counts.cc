#include "relay/table_counts.h"

namespace lifeboat::relay {

/// Statistics that were taken when the rows were gone already count for the whole table.
std::optional<double> TableCounts::percent(const binlog::TableName& table, std::uint64_t changed) const {
  const auto found = rows.find(table);
  if (found == rows.end() || changed == 0) return std::nullopt;
  if (changed >= found->second) return 100;
  return 100.0 * static_cast<double>(changed) / static_cast<double>(found->second);
}

}  // namespace lifeboat::relay
