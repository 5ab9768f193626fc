#include "rescue/adopt_book.h"

#include "base/log.h"
#include "rescue/sql_names.h"

namespace lifeboat::rescue {

namespace {

constexpr std::string_view kBook = "lifeboat_adoption";

}  // namespace

AdoptBook::AdoptBook(server::Connection& connection) : connection_(connection) {
  connection_.query(format("CREATE DATABASE IF NOT EXISTS {}", kBook));
  connection_.query(
      format("CREATE TABLE IF NOT EXISTS {}.loaded (file VARBINARY(1024) PRIMARY KEY) ENGINE = InnoDB", kBook));
  for (const server::Row& row : connection_.query(format("SELECT file FROM {}.loaded", kBook))) {
    loaded_.insert(row.at(0).value_or(""));
  }
  if (!loaded_.empty()) log::info("{} of its files are loaded already", loaded_.size());
}

std::string AdoptBook::note(const std::string& file) {
  return format("INSERT INTO {}.loaded VALUES ({});\n", kBook, hex_literal(file));
}

void AdoptBook::forget(const std::string& file) {
  connection_.query(format("DELETE FROM {}.loaded WHERE file = {}", kBook, hex_literal(file)));
  loaded_.erase(file);
}

void AdoptBook::remove(server::Connection& connection) {
  connection.query(format("DROP DATABASE IF EXISTS {}", kBook));
}

}  // namespace lifeboat::rescue
