#include "server/option_file.h"

#include <algorithm>
#include <set>

#include "base/error.h"

namespace lifeboat::server {
namespace {

constexpr std::size_t kFileMax = std::size_t{1} << 20U;
constexpr std::size_t kLineMax = 4096;  // mariadbd's own bound
constexpr int kDepthMax = 10;           // likewise
constexpr std::size_t kFilesMax = 256;

[[noreturn]] void bad(std::string_view name, int line, std::string_view why) {
  fail(Code::kUsage, format("option file {}, line {}: {}", name, line, why),
       "Correct the file, or name a smaller one that holds only what the server needs.");
}

bool is_blank(char c) {
  return c == ' ' || c == '\t' || c == '\r' || c == '\f' || c == '\v';
}

std::string_view trim(std::string_view text) {
  while (!text.empty() && is_blank(text.front())) text.remove_prefix(1);
  while (!text.empty() && is_blank(text.back())) text.remove_suffix(1);
  return text;
}

/// Cuts at a `#` that is not inside quotes.
std::string_view without_comment(std::string_view text) {
  char quote = 0;
  bool escaped = false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if ((c == '\'' || c == '"') && !escaped) {
      if (quote == 0) {
        quote = c;
      } else if (quote == c) {
        quote = 0;
      }
    }
    if (quote == 0 && c == '#') return text.substr(0, i);
    escaped = quote != 0 && c == '\\' && !escaped;
  }
  return text;
}

std::string unescape(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '\\' || i + 1 == text.size()) {
      out += text[i];
      continue;
    }
    switch (text[++i]) {
      case 'n':
        out += '\n';
        break;
      case 't':
        out += '\t';
        break;
      case 'r':
        out += '\r';
        break;
      case 'b':
        out += '\b';
        break;
      case 's':
        out += ' ';
        break;
      case '"':
        out += '"';
        break;
      case '\'':
        out += '\'';
        break;
      case '\\':
        out += '\\';
        break;
      default:
        out += '\\';
        out += text[i];
    }
  }
  return out;
}

std::string parse_value(std::string_view text) {
  text = trim(text);
  const bool quoted = text.size() >= 2 && (text.front() == '\'' || text.front() == '"') && text.front() == text.back();
  if (quoted) text = text.substr(1, text.size() - 2);
  return unescape(text);
}

std::string canonical_name(std::string_view text) {
  std::string name(text);
  std::ranges::replace(name, '-', '_');
  constexpr std::string_view kLoose = "loose_";
  if (name.starts_with(kLoose)) name.erase(0, kLoose.size());
  return name;
}

OptionLine parse_directive(std::string_view text, std::string_view name, int line) {
  for (const auto& [word, kind] :
       {std::pair<std::string_view, OptionLine::Kind>{"!includedir", OptionLine::Kind::kIncludeDirectory},
        {"!include", OptionLine::Kind::kInclude}}) {
    if (!text.starts_with(word)) continue;
    const std::string_view rest = text.substr(word.size());
    if (rest.empty() || !is_blank(rest.front())) continue;
    return {kind, std::string(trim(rest)), std::nullopt, line};
  }
  bad(name, line, "a directive that is neither !include nor !includedir");
}

OptionLine parse_line(std::string_view text, std::string_view name, int line) {
  if (text.front() == '!') return parse_directive(text, name, line);
  if (text.front() == '[') {
    const std::size_t close = text.find(']');
    if (close == std::string_view::npos) bad(name, line, "a group without its closing bracket");
    return {OptionLine::Kind::kGroup, std::string(trim(text.substr(1, close - 1))), std::nullopt, line};
  }
  text = without_comment(text);
  const std::size_t equals = text.find('=');
  const std::string option = canonical_name(trim(text.substr(0, equals)));
  if (option.empty()) bad(name, line, "a value without a name");
  if (equals == std::string_view::npos) return {OptionLine::Kind::kOption, option, std::nullopt, line};
  return {OptionLine::Kind::kOption, option, parse_value(text.substr(equals + 1)), line};
}

/// Groups that mariadbd reads; "10.11" of "10.11.19" names the versioned ones.
std::set<std::string> server_groups(std::string_view version) {
  std::set<std::string> groups = {"mysqld", "server", "mariadb", "mariadbd"};
  const std::size_t second_dot = version.find('.', version.find('.') + 1);
  if (version.empty() || version.find('.') == std::string_view::npos) return groups;
  const std::string series(version.substr(0, second_dot));
  for (const char* group : {"mysqld-", "mariadb-", "mariadbd-"}) groups.insert(group + series);
  return groups;
}

class Reader {
 public:
  explicit Reader(std::set<std::string> groups) : groups_(std::move(groups)) {}

  void read(const Path& file, int depth) {
    if (depth > kDepthMax || ++files_ > kFilesMax) {
      fail(Code::kUsage, format("option file {}: included too deep or too often", file.string()),
           "Look for files that include each other.");
    }
    bool ours = false;
    for (OptionLine& line : parse_option_text(as_text(read_file(file, kFileMax)), file.string())) {
      switch (line.kind) {
        case OptionLine::Kind::kGroup:
          ours = groups_.contains(line.name);
          break;
        case OptionLine::Kind::kInclude:
          read(beside(file, line.name), depth + 1);
          break;
        case OptionLine::Kind::kIncludeDirectory:
          read_directory(beside(file, line.name), depth + 1);
          break;
        case OptionLine::Kind::kOption:
          if (ours) keep(std::move(line));
          break;
      }
    }
  }

  std::map<std::string, std::string> take() { return std::move(options_); }

 private:
  static Path beside(const Path& file, const std::string& named) {
    return Path(named).is_absolute() ? Path(named) : file.parent_path() / named;
  }

  void read_directory(const Path& directory, int depth) {
    for (const std::string& name : list_directory(directory)) {
      if (name.ends_with(".cnf") && !std::filesystem::is_directory(directory / name)) read(directory / name, depth);
    }
  }

  void keep(OptionLine line) {
    for (const std::string_view prefix : {"skip_", "disable_"}) {
      if (!line.value && line.name.starts_with(prefix)) {
        options_[line.name.substr(prefix.size())] = "0";
        return;
      }
    }
    constexpr std::string_view kEnable = "enable_";
    if (!line.value && line.name.starts_with(kEnable)) line.name.erase(0, kEnable.size());
    // The one option whose occurrences add up.
    std::string& value = options_[line.name];
    const bool adds = line.name == "plugin_load_add" && !value.empty();
    value = (adds ? value + ";" : "") + line.value.value_or("1");
  }

  std::set<std::string> groups_;
  std::map<std::string, std::string> options_;
  std::size_t files_ = 0;
};

}  // namespace

std::vector<OptionLine> parse_option_text(std::string_view text, std::string_view name) {
  if (text.size() > kFileMax) bad(name, 1, "larger than 1 MiB");
  std::vector<OptionLine> lines;
  int number = 0;
  bool in_group = false;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    const std::string_view line = trim(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
    ++number;
    if (line.empty() || line.front() == '#' || line.front() == ';') continue;
    if (line.size() > kLineMax) bad(name, number, "longer than 4096 characters");
    if (line.find('\0') != std::string_view::npos) bad(name, number, "holds a NUL byte");
    lines.push_back(parse_line(line, name, number));
    if (lines.back().kind == OptionLine::Kind::kGroup) in_group = true;
    if (lines.back().kind == OptionLine::Kind::kOption && !in_group) bad(name, number, "an option before any group");
  }
  return lines;
}

std::map<std::string, std::string> read_server_options(const Path& file, std::string_view version) {
  Reader reader(server_groups(version));
  reader.read(file, 0);
  return reader.take();
}

}  // namespace lifeboat::server
