#include "base/config_file.h"

#include <toml++/toml.h>

#include <algorithm>
#include <limits>
#include <numeric>

#include "base/error.h"
#include "base/printable.h"

namespace lifeboat {
namespace {

const toml::node& as_node(const void* node) {
  return *static_cast<const toml::node*>(node);
}

bool is_ascii(char c) {
  return static_cast<unsigned char>(c) < 0x80;
}

std::size_t edit_distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> row(b.size() + 1);
  std::iota(row.begin(), row.end(), std::size_t{0});
  for (std::size_t i = 1; i <= a.size(); ++i) {
    std::size_t diagonal = std::exchange(row[0], i);
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t changed = diagonal + (a[i - 1] == b[j - 1] ? 0 : 1);
      diagonal = std::exchange(row[j], std::min({changed, row[j] + 1, row[j - 1] + 1}));
    }
  }
  return row.back();
}

/// The end of the quoted text that begins at `at`; of an unended one, where its line or the whole ends.
std::size_t quoted_end(std::string_view text, std::size_t at) {
  const char quote = text[at];
  const std::string mark(text.substr(at, 3) == std::string(3, quote) ? 3 : 1, quote);
  for (at += mark.size(); at < text.size(); ++at) {
    if (text.substr(at, mark.size()) == mark) {
      at += mark.size();
      for (int more = 0; mark.size() == 3 && more < 2 && at < text.size() && text[at] == quote; ++more) ++at;
      return at;
    }
    if (text[at] == '\n' && mark.size() == 1) return at;
    if (text[at] != '\\' || quote != '"') continue;
    if (at + 1 < text.size() && !is_ascii(text[at + 1])) return at + 1;  // no escape of TOML's
    ++at;
  }
  return at;
}

/// TOML wants ASCII outside of quotes and comments. toml++ 3.3.0 asks there whether other characters are blanks, and
/// its answer is undefined for those from U+00A1 to U+0499.
void check_ascii_outside_texts(std::string_view text, std::string_view file) {
  for (std::size_t at = text.starts_with("\xEF\xBB\xBF") ? 3 : 0; at < text.size();) {
    if (text[at] == '#') {
      at = std::min(text.find('\n', at), text.size());
    } else if (text[at] == '"' || text[at] == '\'') {
      at = quoted_end(text, at);
    } else if (is_ascii(text[at])) {
      ++at;
    } else {
      fail(Code::kUsage,
           format("{} line {}: a character that is not ASCII, and stands neither in quotes nor in a comment", file,
                  std::ranges::count(text.substr(0, at), '\n') + 1));
    }
  }
}

}  // namespace

struct ConfigTable::Document {
  std::string file;
  toml::table root;
};

ConfigTable::ConfigTable(std::shared_ptr<const Document> document, const void* table, std::string name)
    : document_(std::move(document)), table_(table), name_(std::move(name)) {}

ConfigTable ConfigTable::parse(std::string_view text, std::string_view file) {
  auto document = std::make_shared<Document>();
  document->file = file;
  check_ascii_outside_texts(text, file);
  try {
    document->root = toml::parse(text);
  } catch (const toml::parse_error& e) {
    fail(Code::kUsage, format("{} line {}: {}", file, e.source().begin.line, printable(e.description())));
  }
  const toml::node* root = &document->root;
  return {std::move(document), root, ""};
}

const void* ConfigTable::find(std::string_view key) {
  asked_.emplace_back(key);
  return as_node(table_).as_table()->get(key);
}

bool ConfigTable::has(std::string_view key) const {
  return as_node(table_).as_table()->contains(key);
}

std::optional<std::string> ConfigTable::text(std::string_view key) {
  const void* found = find(key);
  if (found == nullptr) return std::nullopt;
  if (!as_node(found).is_string()) bad(key, "a text in quotes is wanted");
  return as_node(found).as_string()->get();
}

std::optional<std::int64_t> ConfigTable::integer(std::string_view key) {
  const void* found = find(key);
  if (found == nullptr) return std::nullopt;
  if (!as_node(found).is_integer()) bad(key, "a whole number is wanted");
  return as_node(found).as_integer()->get();
}

std::vector<std::string> ConfigTable::texts(std::string_view key) {
  const void* found = find(key);
  if (found == nullptr) return {};
  if (const auto* one = as_node(found).as_string()) return {one->get()};
  const toml::array* list = as_node(found).as_array();
  if (list == nullptr) bad(key, "a list of texts is wanted");
  std::vector<std::string> texts;
  for (const toml::node& each : *list) {
    if (!each.is_string()) bad(key, "a list of texts is wanted");
    texts.push_back(each.as_string()->get());
  }
  return texts;
}

std::optional<ConfigTable> ConfigTable::table(std::string_view key) {
  const void* found = find(key);
  if (found == nullptr) return std::nullopt;
  if (!as_node(found).is_table()) bad(key, format("a table is wanted: [{}{}{}]", name_, name_.empty() ? "" : ".", key));
  return ConfigTable(document_, found, name_ + (name_.empty() ? "" : ".") + std::string(key));
}

std::vector<ConfigTable> ConfigTable::tables(std::string_view key) {
  const void* found = find(key);
  if (found == nullptr) return {};
  const std::string name = name_ + (name_.empty() ? "" : ".") + std::string(key);
  const toml::array* list = as_node(found).as_array();
  if (list == nullptr) bad(key, format("tables are wanted, each begun with [[{}]]", name));
  std::vector<ConfigTable> tables;
  for (const toml::node& each : *list) {
    if (!each.is_table()) bad(key, format("tables are wanted, each begun with [[{}]]", name));
    tables.push_back(ConfigTable(document_, &each, name));
  }
  return tables;
}

void ConfigTable::finish() const {
  for (const auto& [key, node] : *as_node(table_).as_table()) {
    const std::string name(key.str());
    if (std::ranges::find(asked_, name) != asked_.end()) continue;
    const std::string near = nearest_name(name, asked_);
    const std::string where = name_.empty() ? "at the top" : format("in [{}]", name_);
    fail(
        Code::kUsage,
        format("{} line {}: no such key {}: '{}'", document_->file, key.source().begin.line, where, printable(name)),
        near.empty() ? lifeboat::format("There are: {}", fmt::join(asked_, ", ")) : format("Did you mean '{}'?", near));
  }
}

void ConfigTable::bad(std::string_view key, std::string_view why, std::string hint) const {
  const toml::node* node = as_node(table_).as_table()->get(key);
  fail(Code::kUsage, format("{}: {}: {}", node == nullptr ? place() : place_of(node), key, why), std::move(hint));
}

std::string ConfigTable::place_of(const void* node) const {
  return format("{} line {}", document_->file, as_node(node).source().begin.line);
}

std::string ConfigTable::place() const {
  return place_of(table_);
}

std::string nearest_name(std::string_view name, const std::vector<std::string>& candidates) {
  std::string best;
  std::size_t best_distance = std::max<std::size_t>(2, name.size() / 3) + 1;
  for (const std::string& each : candidates) {
    if (const std::size_t distance = edit_distance(name, each); distance < best_distance) {
      best = each;
      best_distance = distance;
    }
  }
  return best;
}

}  // namespace lifeboat
