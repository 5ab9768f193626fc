#include "rescue/rescue_check.h"

#include "base/error.h"
#include "relay/source_connection.h"
#include "rescue/sql_names.h"

namespace lifeboat::rescue {
namespace {

/// Of one database: a look at each of very many would make production wait.
constexpr std::size_t kTablesReadMax = 500;

std::vector<std::string> base_tables(server::Connection& connection, const std::string& database,
                                     const std::string& table) {
  std::string query = format("SELECT table_name FROM information_schema.tables WHERE {} AND table_schema = {}",
                             kHoldsRows, relay::quote_sql(database));
  if (table != "*") query += " AND table_name = " + relay::quote_sql(table);
  std::vector<std::string> names;
  for (const server::Row& row : connection.query(query)) names.push_back(row.at(0).value_or(""));
  return names;
}

void read_from(server::Connection& connection, const std::string& database, const std::string& table) {
  try {
    connection.query(format("SELECT 1 FROM {} LIMIT 1", quote_table(database, table)));
  } catch (const Exception& e) {
    if (e.code() != Code::kRefused) throw;
    fail(Code::kCorruption, format("table {}.{} cannot be read: {}", database, table, e.error().message));
  }
}

std::string look_at(server::Connection& connection, const std::string& object) {
  const std::size_t dot = object.find('.');
  if (dot == std::string::npos) return "is no table";
  const std::string database = object.substr(0, dot);
  const std::vector<std::string> tables = base_tables(connection, database, object.substr(dot + 1));
  if (tables.empty()) return "is not there; it may not have been there before, either";
  const std::size_t read = std::min(tables.size(), kTablesReadMax);
  for (std::size_t i = 0; i < read; ++i) read_from(connection, database, tables[i]);
  return tables.size() == 1 ? "is there and can be read"
                            : format("{} tables, {} of them read from", tables.size(), read);
}

}  // namespace

std::vector<RescueNote> check_rescued(server::Connection& connection, const std::vector<std::string>& objects) {
  std::vector<RescueNote> checks{{.subject = "server", .said = connection.value("SELECT VERSION()")}};
  const std::string counted = connection.value(
      format("SELECT CONCAT(COUNT(*), ' tables in ', COUNT(DISTINCT table_schema), ' databases') FROM "
             "information_schema.tables WHERE {} AND table_schema NOT IN ('mysql', 'sys', 'performance_schema')",
             kHoldsRows));
  checks.push_back({.subject = "content", .said = counted});
  for (const std::string& object : objects) {
    checks.push_back({.subject = object, .said = look_at(connection, object)});
  }
  return checks;
}

}  // namespace lifeboat::rescue
