#include "rescue/drill_chunks.h"

#include <algorithm>
#include <charconv>
#include <map>
#include <set>

#include "base/error.h"
#include "base/printable.h"
#include "rescue/drill_schema.h"
#include "rescue/sql_names.h"

namespace lifeboat::rescue {
namespace {

/// Bytes as text of a chunk's description.
constexpr std::size_t kShownBytesMax = 40;

constexpr const char* kOrdinary = "table_schema NOT IN ('mysql', 'sys', 'performance_schema', 'information_schema')";

const std::set<std::string>& numbers() {
  static const std::set<std::string> types{"tinyint", "smallint", "mediumint", "int", "bigint", "decimal", "year"};
  return types;
}

const std::set<std::string>& times() {
  static const std::set<std::string> types{"date", "time", "datetime", "timestamp"};
  return types;
}

const std::set<std::string>& strings() {
  static const std::set<std::string> types{"char", "varchar", "binary", "varbinary"};
  return types;
}

std::uint64_t count_in(const server::Row& row, std::size_t at) {
  const std::string text = row.size() > at ? row[at].value_or("0") : "";
  std::uint64_t count = 0;
  const auto read = std::from_chars(text.data(), text.data() + text.size(), count);
  if (read.ec != std::errc{} || read.ptr != text.data() + text.size()) {
    fail(Code::kCorruption, format("'{}' is no number of rows", printable(text)));
  }
  return count;
}

std::string in_table(const std::string& database, const std::string& table) {
  return format("table_schema = {} AND table_name = {}", relay::quote_sql(database), relay::quote_sql(table));
}

void find_columns(const AskRows& ask, ComparedTable& table) {
  for (const server::Row& row :
       ask(format("SELECT column_name, data_type, character_set_name FROM information_schema.columns WHERE {} AND "
                  "is_generated <> 'ALWAYS' ORDER BY ordinal_position",
                  in_table(table.database, table.table)))) {
    table.columns.push_back(
        {.name = row.at(0).value_or(""), .type = row.at(1).value_or(""), .charset = row.at(2).value_or("")});
  }
}

/// The first column of its primary key, if ranges of it can be written down.
void find_key(const AskRows& ask, ComparedTable& table) {
  const auto rows =
      ask(format("SELECT column_name FROM information_schema.statistics WHERE {} AND index_name = "
                 "'PRIMARY' AND seq_in_index = 1 AND sub_part IS NULL AND collation = 'A'",
                 in_table(table.database, table.table)));
  if (rows.empty()) return;
  const auto column = std::ranges::find(table.columns, rows.front().at(0).value_or(""), &TableColumn::name);
  if (column == table.columns.end()) return;
  const std::string& type = column->type;
  if (numbers().contains(type) || times().contains(type) || strings().contains(type)) table.key = *column;
}

/// A value's text: short, the same on any server, never NULL, and never to be taken for two others'.
std::string value_text(const TableColumn& column) {
  const std::string name = quote_name(column.name);
  if (numbers().contains(column.type) || times().contains(column.type)) return format("IFNULL({}, 'N')", name);
  if (column.type == "float" || column.type == "double") return format("IFNULL({} + 0e0, 'N')", name);
  if (column.type == "bit") return format("IFNULL(CAST({} AS UNSIGNED), 'N')", name);
  return format("IFNULL(MD5({}), 'N')", name);
}

/// Half of an MD5, since numbers have 64 bits.
std::string row_hash(const ComparedTable& table) {
  std::string texts;
  for (const TableColumn& column : table.columns) texts += ", " + value_text(column);
  return format("CAST(CONV(LEFT(MD5(CONCAT_WS(','{})), 16), 16, 10) AS UNSIGNED)", texts);
}

std::string key_literal(const TableColumn& key, const std::string& value) {
  if (numbers().contains(key.type)) return value;
  if (times().contains(key.type)) return format("'{}'", value);
  return format("{}X'{}'", key.charset.empty() ? "" : format("_{} ", key.charset), value);
}

std::string where_of(const ComparedTable& table, const Chunk& chunk) {
  std::string where;
  if (!table.key) return where;
  const std::string key = quote_name(table.key->name);
  if (!chunk.after.empty()) where += format(" WHERE {} > {}", key, chunk.after);
  if (!chunk.up_to.empty()) where += format(" {} {} <= {}", where.empty() ? "WHERE" : "AND", key, chunk.up_to);
  return where;
}

/// A literal as people read it.
std::string shown(const std::string& literal) {
  const std::size_t at = literal.find("X'");
  if (at == std::string::npos) return literal;
  const std::string hex = literal.substr(at + 2, literal.size() - at - 3);
  try {
    return format("'{}'", printable(as_text(from_hex(hex.substr(0, 2 * kShownBytesMax)))));
  } catch (const Exception&) {
    return literal;
  }
}

/// A number or time as the server writes it: nothing in it could end a literal.
bool is_plain(const std::string& value) {
  constexpr std::string_view kPlain = "0123456789-:. ";
  return !value.empty() && value.find_first_not_of(kPlain) == std::string::npos;
}

bool is_hex(const std::string& value) {
  return value.find_first_not_of("0123456789ABCDEFabcdef") == std::string::npos;
}

}  // namespace

std::vector<ComparedTable> list_compared_tables(const AskRows& ask, const std::vector<std::string>& left_out,
                                                std::vector<RescueNote>& not_compared) {
  std::vector<ComparedTable> tables;
  for (const server::Row& row : ask(format(
           "SELECT table_schema, table_name, engine, table_rows, table_type FROM information_schema.tables WHERE "
           "table_type <> 'VIEW' AND {} ORDER BY 1, 2",
           kOrdinary))) {
    ComparedTable table{.database = row.at(0).value_or(""),
                        .table = row.at(1).value_or(""),
                        .columns = {},
                        .key = {},
                        .rows = count_in(row, 3)};
    const std::string engine = row.at(2).value_or("");
    const auto passed_over = [&](std::string why) {
      not_compared.push_back({.subject = table.name(), .said = std::move(why)});
    };
    if (row.at(4) == "SEQUENCE") {
      passed_over("a sequence");
    } else if (engine != "InnoDB") {
      passed_over(engine.empty() ? "it cannot be opened" : format("{} has no snapshots", engine));
    } else if (lies_in("table " + table.name(), left_out)) {
      passed_over("what was left out has destroyed it on the source");
    } else {
      find_columns(ask, table);
      find_key(ask, table);
      tables.push_back(std::move(table));
    }
  }
  return tables;
}

Chunk cut_chunk(const AskRows& ask, const ComparedTable& table, const std::string& after, std::uint64_t rows) {
  Chunk chunk{.after = after, .up_to = {}};
  if (!table.key) return chunk;
  const std::string key = quote_name(table.key->name);
  const bool is_string = strings().contains(table.key->type);
  const auto found = ask(format("SELECT {} FROM {} FORCE INDEX (PRIMARY){} ORDER BY {} LIMIT {}, 1",
                                is_string ? format("HEX({})", key) : key, quote_table(table.database, table.table),
                                where_of(table, chunk), key, rows - 1));
  if (found.empty()) return chunk;
  const std::string value = found.front().at(0).value_or("");
  if (is_string ? !is_hex(value) : !is_plain(value)) {
    fail(Code::kCorruption, format("'{}' is no key of {}", printable(value), table.name()));
  }
  chunk.up_to = key_literal(*table.key, value);
  return chunk;
}

ChunkSum sum_chunk(const AskRows& ask, const ComparedTable& table, const Chunk& chunk) {
  const auto answer = ask(format("SELECT COUNT(*), SUM({}) FROM {}{}", row_hash(table),
                                 quote_table(table.database, table.table), where_of(table, chunk)));
  if (answer.size() != 1) fail(Code::kCorruption, format("{}: a sum of {} rows", table.name(), answer.size()));
  return {.rows = count_in(answer.front(), 0), .hash = answer.front().at(1).value_or("")};
}

std::string describe_chunk(const ComparedTable& table, const Chunk& chunk) {
  if (!table.key || (chunk.after.empty() && chunk.up_to.empty())) return "all of it";
  const std::string& key = table.key->name;
  if (chunk.up_to.empty()) return format("{} > {}", key, shown(chunk.after));
  if (chunk.after.empty()) return format("{} <= {}", key, shown(chunk.up_to));
  return format("{} > {} and <= {}", key, shown(chunk.after), shown(chunk.up_to));
}

}  // namespace lifeboat::rescue
