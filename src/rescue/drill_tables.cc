#include "rescue/drill_tables.h"

#include <algorithm>

#include "base/cancel.h"
#include "base/error.h"
#include "rescue/sql_names.h"

namespace lifeboat::rescue {
namespace {

constexpr std::size_t kDamagedMax = 100;

std::string check_one(server::Connection& connection, const std::string& database, const std::string& table) {
  try {
    return bad_news(connection.query(format("CHECK TABLE {}", quote_table(database, table))));
  } catch (const Exception& e) {
    if (e.code() == Code::kRefused) return e.error().message;
    if (e.code() != Code::kUnavailable) throw;
    fail(Code::kCorruption, format("table {}.{}: the server died of being told to check it", database, table));
  }
}

}  // namespace

std::string bad_news(const std::vector<server::Row>& answer) {
  std::string said;
  bool bad = false;
  for (const server::Row& row : answer) {
    if (row.size() < 4) continue;
    const std::string type = row[2].value_or("");
    const std::string text = row[3].value_or("");
    const bool is_fine = type == "note" || type == "Note" || text == "OK" || text == "Table is already up to date";
    if (is_fine) continue;
    bad = bad || (type != "warning" && type != "Warning");
    said += format("{}{}", said.empty() ? "" : "; ", text);
  }
  return bad ? said : std::string();
}

CheckedTables check_tables(server::Connection& connection) {
  CheckedTables checked;
  const std::vector<server::Row> tables = connection.query(
      format("SELECT table_schema, table_name FROM information_schema.tables WHERE {} AND table_schema NOT IN "
             "('performance_schema', 'information_schema') ORDER BY table_schema, table_name",
             kHoldsRows));
  for (const server::Row& row : tables) {
    throw_if_cancelled();
    const std::string database = row.at(0).value_or("");
    const std::string table = row.at(1).value_or("");
    std::string said = check_one(connection, database, table);
    ++checked.tables;
    if (!said.empty() && checked.damaged.size() < kDamagedMax) {
      checked.damaged.push_back({.subject = format("{}.{}", database, table), .said = std::move(said)});
    }
  }
  return checked;
}

}  // namespace lifeboat::rescue
