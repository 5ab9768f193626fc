#include "rescue/drill_assertions.h"

#include "base/cancel.h"
#include "base/error.h"
#include "base/printable.h"

namespace lifeboat::rescue {
namespace {

constexpr std::size_t kAssertionsMax = std::size_t{1} << 20U;

constexpr std::string_view kExpected = "-->";
constexpr std::size_t kShownMax = 200;

std::string_view trimmed(std::string_view text) {
  const std::size_t begin = text.find_first_not_of(" \t\r");
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(" \t\r") - begin + 1);
}

class AssertionParser {
 public:
  explicit AssertionParser(std::string_view file) : file_(file) {}

  void take(std::string_view line) {
    ++number_;
    const std::string_view words = trimmed(line);
    if (words.starts_with(kExpected)) {
      expect(words);
    } else if (words.starts_with("--") && sql_.empty()) {
      name_ = trimmed(words.substr(2));
    } else if (!words.empty()) {
      add_to_query(words);
    }
  }

  std::vector<Assertion> end() {
    if (!sql_.empty()) bad(begun_, "a query without an end", "End it with a semicolon.");
    check_last();
    return std::move(found_);
  }

 private:
  void add_to_query(std::string_view words) {
    if (sql_.empty()) {
      check_last();
      begun_ = number_;
    }
    const bool ends = words.ends_with(';');
    if (ends) words.remove_suffix(1);
    sql_ += format("{}{}", sql_.empty() ? "" : "\n", words);
    if (!ends) return;
    found_.push_back({.line = begun_, .name = std::move(name_), .sql = std::move(sql_), .rows = {}});
    sql_.clear();
    name_.clear();
  }

  void expect(std::string_view words) {
    if (found_.empty() || !sql_.empty())
      bad(number_, "a result that belongs to no query", "It stands behind its query.");
    words.remove_prefix(kExpected.size());
    found_.back().rows.emplace_back(trimmed(words));
  }

  void check_last() const {
    if (found_.empty() || !found_.back().rows.empty()) return;
    bad(found_.back().line, "a query without a result", "Write the row that it must give behind it: --> 1");
  }

  [[noreturn]] void bad(std::size_t line, std::string_view why, std::string hint) const {
    fail(Code::kUsage, format("{} line {}: {}", file_, line, why), std::move(hint));
  }

  std::string_view file_;
  std::size_t number_ = 0;
  std::size_t begun_ = 0;
  std::string name_;
  std::string sql_;
  std::vector<Assertion> found_;
};

std::vector<std::string> rows_of(server::Connection& connection, const std::string& sql) {
  std::vector<std::string> rows;
  for (const server::Row& row : connection.query(sql)) {
    std::string text;
    for (std::size_t i = 0; i < row.size(); ++i) text += format("{}{}", i == 0 ? "" : "\t", row[i].value_or("NULL"));
    rows.emplace_back(trimmed(text));
  }
  return rows;
}

std::string shown(const std::vector<std::string>& rows) {
  if (rows.empty()) return "no row";
  const std::string text = printable(lifeboat::format("{}", fmt::join(rows, " / ")));
  return text.size() <= kShownMax ? format("'{}'", text) : format("'{}…'", text.substr(0, kShownMax));
}

/// Empty: it holds.
std::string check_assertion(server::Connection& connection, const Assertion& assertion) {
  const std::string which =
      format("line {}{}", assertion.line, assertion.name.empty() ? "" : format(" ({})", assertion.name));
  try {
    const std::vector<std::string> rows = rows_of(connection, assertion.sql);
    if (rows == assertion.rows) return {};
    return format("{}: expected {}, got {}", which, shown(assertion.rows), shown(rows));
  } catch (const Exception& e) {
    if (e.code() != Code::kRefused) throw;
    return format("{}: {}", which, e.error().message);
  }
}

}  // namespace

std::vector<Assertion> parse_assertions(std::string_view text, std::string_view file) {
  AssertionParser parser(file);
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    parser.take(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return parser.end();
}

AssertionFile read_assertions(const Path& path) {
  return {.path = path, .assertions = parse_assertions(as_text(read_file(path, kAssertionsMax)), path.string())};
}

std::vector<std::string> check_assertions(server::Connection& connection, const std::vector<Assertion>& assertions) {
  std::vector<std::string> wrong;
  connection.query("START TRANSACTION READ ONLY");
  for (const Assertion& each : assertions) {
    throw_if_cancelled();
    std::string said = check_assertion(connection, each);
    if (!said.empty()) wrong.push_back(std::move(said));
  }
  connection.query("ROLLBACK");
  return wrong;
}

}  // namespace lifeboat::rescue
