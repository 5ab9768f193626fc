/// What people expect of what came back: a file of queries and their results.
///
///     -- the orders are there
///     SELECT COUNT(*) > 1000 FROM shop.orders;
///     --> 1
///
/// A query ends with a semicolon at the end of a line. Each `-->` line behind it is a row that it must give, columns
/// with tabs between them, NULL as NULL; no other rows may come. The comment before it is its name.
///
/// Threads: functions without state. Errors: kUsage naming file and line; the connection's.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/file.h"
#include "server/connection.h"

namespace lifeboat::rescue {

struct Assertion {
  std::size_t line = 0;  ///< where its query begins
  std::string name;      ///< may be empty
  std::string sql;
  std::vector<std::string> rows;  ///< that are expected
};

std::vector<Assertion> parse_assertions(std::string_view text, std::string_view file);

struct AssertionFile {
  Path path;
  std::vector<Assertion> assertions;
};
AssertionFile read_assertions(const Path& path);

/// What is not as expected, one text each; all of them are asked, in a transaction that can change nothing.
std::vector<std::string> check_assertions(server::Connection& connection, const std::vector<Assertion>& assertions);

}  // namespace lifeboat::rescue
