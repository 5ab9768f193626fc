#include "rescue/adopt_folder.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <charconv>

#include "base/error.h"
#include "base/printable.h"
#include "rescue/adopt_input.h"

namespace lifeboat::rescue {

namespace {

using Kind = FolderPart::Kind;

struct Ending {
  std::string_view text;
  Kind kind;
  bool of_table;
};
/// Longer ones first where one ends with another.
constexpr std::array<Ending, 6> kEndings = {{{"-schema-create", Kind::kDatabase, false},
                                             {"-schema-post", Kind::kRoutines, false},
                                             {"-schema-triggers", Kind::kTriggers, true},
                                             {"-schema-view", Kind::kView, true},
                                             {"-schema-sequence", Kind::kTable, true},
                                             {"-schema", Kind::kTable, true}}};

bool is_digits(std::string_view text) {
  return !text.empty() && std::ranges::all_of(text, [](char c) { return c >= '0' && c <= '9'; });
}

/// "orders" of "orders.00001": the parts of one table are numbered, once or twice.
std::string_view without_numbers(std::string_view table) {
  for (int i = 0; i < 2; ++i) {
    const std::size_t dot = table.rfind('.');
    if (dot == std::string_view::npos || dot == 0 || !is_digits(table.substr(dot + 1))) break;
    table = table.substr(0, dot);
  }
  return table;
}

/// The longest database that it begins with; else up to its first dot.
std::size_t database_size(std::string_view name, const std::vector<std::string>& databases) {
  std::size_t size = 0;
  for (const std::string& database : databases) {
    const bool fits = name.size() > database.size() && name.starts_with(database) && name[database.size()] == '.';
    if (fits) size = std::max(size, database.size());
  }
  return size != 0 ? size : name.find('.');
}

std::string_view without_quotes(std::string_view text) {
  const auto is_around = [](char c) { return c == ' ' || c == '\t' || c == '\r' || c == '"' || c == '\''; };
  while (!text.empty() && is_around(text.front())) text.remove_prefix(1);
  while (!text.empty() && is_around(text.back())) text.remove_suffix(1);
  return text;
}

void take_member(std::string_view line, BackupPosition& position) {
  const std::size_t at = line.find_first_of(":=");
  if (at == std::string_view::npos) return;
  std::string key(without_quotes(line.substr(0, at)));
  if (key.starts_with('#')) key.erase(0, key.find_first_not_of("# \t"));
  std::ranges::transform(key, key.begin(), [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  const std::string_view value = without_quotes(line.substr(at + 1));
  if (key == "log" || key == "file" || key.ends_with("_log_file")) {
    position.file = value;
  } else if (key == "pos" || key == "position" || key.ends_with("_log_pos")) {
    std::from_chars(value.data(), value.data() + value.size(), position.position);
  } else if (key == "gtid" || key == "executed_gtid_set") {
    position.gtid = value;
  }
}

bool tells(const BackupPosition& position) {
  return !position.file.empty() || !position.gtid.empty();
}

constexpr std::array<std::string_view, 4> kServerDatabases = {"mysql", "sys", "information_schema",
                                                              "performance_schema"};
constexpr std::array<std::string_view, 8> kAccountTables = {"columns_priv", "db",      "global_priv", "procs_priv",
                                                            "proxies_priv", "servers", "tables_priv", "roles_mapping"};

}  // namespace

bool is_of_server(const FolderPart& part) {
  return std::ranges::find(kServerDatabases, part.database) != kServerDatabases.end();
}

bool is_of_accounts(const FolderPart& part) {
  return part.database == "mysql" && part.kind == Kind::kData &&
         std::ranges::find(kAccountTables, part.table) != kAccountTables.end();
}

std::optional<FolderPart> part_of_name(const std::string& file, const std::vector<std::string>& databases) {
  std::string name = name_without_packing(file);
  if (!name.ends_with(".sql")) return std::nullopt;
  name.erase(name.size() - 4);
  FolderPart part{.file = file};
  const auto ending = std::ranges::find_if(kEndings, [&](const Ending& each) { return name.ends_with(each.text); });
  if (ending != kEndings.end()) {
    part.kind = ending->kind;
    name.erase(name.size() - ending->text.size());
  }
  const bool known = std::ranges::find(databases, name) != databases.end();
  if (ending != kEndings.end() && (!ending->of_table || known)) {
    part.database = name;
    return part;
  }
  const std::size_t dot = database_size(name, databases);
  if (dot == std::string::npos || dot == 0 || dot + 1 >= name.size()) return std::nullopt;
  part.database = name.substr(0, dot);
  const std::string_view rest = std::string_view(name).substr(dot + 1);
  part.table = part.kind == Kind::kData ? without_numbers(rest) : rest;
  return part;
}

std::vector<FolderPart> list_parts(const Path& folder) {
  const std::vector<std::string> names = list_directory(folder);
  std::vector<std::string> databases;
  for (const std::string& name : names) {
    const auto part = part_of_name(name, {});
    if (part && part->kind == Kind::kDatabase) databases.push_back(part->database);
  }
  std::vector<FolderPart> parts;
  for (const std::string& name : names) {
    const std::string bare = name_without_packing(name);
    if (bare.ends_with(".dat") || bare.ends_with(".csv")) {
      fail(Code::kUnsupported, format("{}: the dump was made to be loaded by LOAD DATA", printable(name)),
           "Dump as INSERT statements, which is mydumper's default; this one only myloader can load.");
    }
    auto part = part_of_name(name, databases);
    if (!part) continue;
    part->bytes = std::filesystem::file_size(folder / name);
    parts.push_back(*std::move(part));
  }
  std::ranges::sort(parts, [](const FolderPart& a, const FolderPart& b) {
    if (a.kind != b.kind) return a.kind < b.kind;
    if (a.kind == Kind::kData && a.bytes != b.bytes) return a.bytes > b.bytes;
    return a.file < b.file;
  });
  return parts;
}

std::optional<BackupPosition> parse_folder_metadata(std::string_view text) {
  BackupPosition own;
  BackupPosition of_its_source;
  BackupPosition* section = nullptr;
  while (!text.empty()) {
    const std::string_view line = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(line.size() + 1, text.size()));
    if (line.starts_with("SHOW MASTER STATUS") || line.starts_with("[master]") || line.starts_with("[source]")) {
      section = &own;
    } else if (line.starts_with("SHOW SLAVE STATUS") || line.starts_with("[repl")) {
      section = tells(of_its_source) ? nullptr : &of_its_source;  // of several, the first
    } else if (line.starts_with('[') || line.starts_with("Finished")) {
      section = nullptr;
    } else if (section != nullptr) {
      take_member(line, *section);
    }
  }
  if (tells(own)) return own;
  return tells(of_its_source) ? std::optional(of_its_source) : std::nullopt;
}

std::optional<BackupPosition> find_mydumper_position(const Path& folder) {
  return parse_folder_metadata(as_text(read_file(folder / "metadata")));
}

std::vector<std::string> split_statements(std::string_view text) {
  std::vector<std::string> statements;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find(";\n"), text.size());
    std::string_view statement = text.substr(0, end);
    text.remove_prefix(std::min(end + 2, text.size()));
    while (!statement.empty() && std::isspace(static_cast<unsigned char>(statement.front())) != 0) {
      statement.remove_prefix(1);
    }
    if (statement.ends_with(';')) statement.remove_suffix(1);
    if (!statement.empty()) statements.emplace_back(statement);
  }
  return statements;
}

std::string created_name(std::string_view text, std::string_view what) {
  const std::size_t at = text.find(what);
  if (at == std::string_view::npos) return {};
  const std::size_t quote = text.find('`', at);
  if (quote == std::string_view::npos) return {};
  std::string name;
  for (std::size_t i = quote + 1; i < text.size(); ++i) {
    if (text[i] != '`') {
      name += text[i];
    } else if (i + 1 < text.size() && text[i + 1] == '`') {
      name += text[i++];
    } else {
      return name;
    }
  }
  return {};
}

}  // namespace lifeboat::rescue
