#include "relay/object_pattern.h"

#include <algorithm>

#include "base/error.h"
#include "base/printable.h"

namespace lifeboat::relay {
namespace {

std::string without_capitals(std::string_view text) {
  std::string out(text);
  std::ranges::transform(out, out.begin(), [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
  return out;
}

}  // namespace

bool matches_glob(std::string_view pattern, std::string_view text) {
  std::size_t p = 0;
  std::size_t t = 0;
  std::size_t star = std::string_view::npos;  // the last one met, and how far the text was then
  std::size_t star_text = 0;
  while (t < text.size()) {
    if (p < pattern.size() && pattern[p] == '*') {
      star = p++;
      star_text = t;
    } else if (p < pattern.size() && (pattern[p] == '?' || pattern[p] == text[t])) {
      ++p;
      ++t;
    } else if (star != std::string_view::npos) {
      p = star + 1;
      t = ++star_text;
    } else {
      return false;
    }
  }
  while (p < pattern.size() && pattern[p] == '*') ++p;
  return p == pattern.size();
}

ObjectPattern ObjectPattern::parse(std::string_view text) {
  ObjectPattern pattern;
  const std::size_t dot = text.find('.');
  pattern.database_ = text.substr(0, dot);
  pattern.table_ = dot == std::string_view::npos ? std::string_view("*") : text.substr(dot + 1);
  if (pattern.database_.empty() || pattern.table_.empty() || (dot == std::string_view::npos && text != "*")) {
    fail(Code::kUsage, format("'{}' is no pattern of tables", printable(text)),
         "Write database.table, database.* or *; * and ? stand for other letters.");
  }
  return pattern;
}

bool ObjectPattern::touches(const binlog::TableName& object) const {
  if (!object.database.empty() && !matches_glob(without_capitals(database_), without_capitals(object.database)))
    return false;
  return object.name.empty() || matches_glob(without_capitals(table_), without_capitals(object.name));
}

bool ObjectPattern::covers(const binlog::TableName& object) const {
  const bool database = database_ == "*" || (!object.database.empty() && matches_glob(database_, object.database));
  if (!database) return false;
  return table_ == "*" || (!object.name.empty() && matches_glob(table_, object.name));
}

}  // namespace lifeboat::relay
