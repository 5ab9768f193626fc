#include "base/config_file.h"

#include <toml++/toml.h>

#include <algorithm>
#include <charconv>
#include <limits>
#include <numeric>

#include "base/error.h"
#include "base/printable.h"

namespace lifeboat {
namespace {

const toml::node& as_node(const void* node) {
  return *static_cast<const toml::node*>(node);
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

/// toml++ 3.3.0 asks here and there whether a character is a blank, and its answer is undefined for those from U+00A1
/// to U+0499. So it sees ASCII only: every other byte is hidden as a mark and two digits, and shown again in what was
/// read.
constexpr char kMark = '~';

std::string hide(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte < 0x80 && c != kMark) {
      out += c;
    } else {
      out += lifeboat::format("{}{:02x}", kMark, byte);
    }
  }
  return out;
}

std::string show(std::string_view hidden) {
  std::string out;
  out.reserve(hidden.size());
  for (std::size_t at = 0; at < hidden.size(); ++at) {
    unsigned char byte = 0;
    const std::string_view digits = hidden.substr(at + 1, 2);
    const bool is_hidden = hidden[at] == kMark && digits.size() == 2 &&
                           std::from_chars(digits.data(), digits.data() + 2, byte, 16).ptr == digits.data() + 2;
    out += is_hidden ? static_cast<char>(byte) : hidden[at];
    if (is_hidden) at += 2;
  }
  return out;
}

void check_utf8(std::string_view text, std::string_view file) {
  const std::string valid = valid_utf8(text);
  const auto [bad, unused] = std::ranges::mismatch(text, valid);
  if (bad == text.end()) return;
  fail(Code::kUsage, format("{} line {}: not UTF-8", file, std::ranges::count(text.begin(), bad, '\n') + 1));
}

[[noreturn]] void fail_parsing(const toml::parse_error& error, std::string_view hidden, std::string_view file) {
  const auto line = error.source().begin.line;
  std::size_t begin = 0;
  for (std::size_t i = 1; i < line; ++i) begin = hidden.find('\n', begin) + 1;
  const std::string_view there = hidden.substr(begin, hidden.find('\n', begin) - begin);
  fail(Code::kUsage, format("{} line {}: {}", file, line, printable(show(error.description()))),
       there.contains(kMark) ? "Outside of quotes and comments TOML takes ASCII only." : "");
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
  constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";
  if (text.starts_with(kByteOrderMark)) text.remove_prefix(kByteOrderMark.size());
  check_utf8(text, file);
  const std::string hidden = hide(text);
  try {
    document->root = toml::parse(hidden);
  } catch (const toml::parse_error& e) {
    fail_parsing(e, hidden, file);
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
  return show(as_node(found).as_string()->get());
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
  if (const auto* one = as_node(found).as_string()) return {show(one->get())};
  const toml::array* list = as_node(found).as_array();
  if (list == nullptr) bad(key, "a list of texts is wanted");
  std::vector<std::string> texts;
  for (const toml::node& each : *list) {
    if (!each.is_string()) bad(key, "a list of texts is wanted");
    texts.push_back(show(each.as_string()->get()));
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
        format("{} line {}: no such key {}: '{}'", document_->file, key.source().begin.line, where,
               printable(show(name))),
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
