#include "relay/replica_dialogue.h"

#include <algorithm>
#include <charconv>
#include <chrono>

#include "base/format.h"
#include "relay/sql_error.h"

namespace lifeboat::relay {
namespace {

using binlog::Token;
using binlog::TokenKind;
using binlog::Tokens;

constexpr std::size_t kStatementSizeMax = std::size_t{1} << 20U;
constexpr std::size_t kUserVariablesMax = 64;
constexpr std::size_t kUserVariableSizeMax = std::size_t{64} << 10U;

// Thrown inside this file only, and turned into the answer by `answer`.
struct NotUnderstood {};

ServerError not_served(std::string_view statement) {
  constexpr std::size_t kShown = 120;
  return {.number = kNotSupported,
          .state = "42000",
          .message = format("a relay serves the binary log only and cannot run: {}", statement.substr(0, kShown))};
}

// SQL's LIKE without escapes. Only the last % is ever taken back, so it is linear in either string.
bool like(std::string_view text, std::string_view pattern) {
  std::size_t t = 0;
  std::size_t p = 0;
  std::size_t star = std::string_view::npos;
  std::size_t star_text = 0;
  while (t < text.size()) {
    if (p < pattern.size() && pattern[p] == '%') {
      star = p++;
      star_text = t;
    } else if (p < pattern.size() && (pattern[p] == '_' || pattern[p] == text[t])) {
      ++p;
      ++t;
    } else if (star != std::string_view::npos) {
      p = star + 1;
      t = ++star_text;
    } else {
      return false;
    }
  }
  while (p < pattern.size() && pattern[p] == '%') ++p;
  return p == pattern.size();
}

std::string lower(std::string text) {
  for (char& c : text) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c;
  return text;
}

std::uint64_t to_number(std::string_view text) {
  std::uint64_t out = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), out);
  if (error != std::errc{} || end != text.data() + text.size()) throw NotUnderstood{};
  return out;
}

void need(bool found) {
  if (!found) throw NotUnderstood{};
}

bool ended(Tokens& in) {
  in.accept_symbol(";");
  return in.peek().kind == TokenKind::kEnd;
}

bool is_user_variable(const Token& token) {
  return token.kind == TokenKind::kVariable && !token.text.starts_with("@@");
}

// "@@global.Server_id" is "server_id" here.
std::string variable_name(const Token& token) {
  std::string name =
      lower(std::string(token.text.substr(std::min(token.text.find_first_not_of('@'), token.text.size()))));
  for (const std::string_view scope : {"global.", "session.", "local."}) {
    if (name.starts_with(scope)) return name.substr(scope.size());
  }
  return name;
}

}  // namespace

Answer ReplicaDialogue::answer(std::string_view statement) {
  if (statement.size() > kStatementSizeMax) return not_served("a statement of more than 1 MiB");
  try {
    Tokens in(statement, {});
    if (in.accept("SELECT")) return select(in);
    if (in.accept("SET")) return set(in);
    if (in.accept("SHOW")) return show(in);
    if (in.accept("KILL")) {
      if (!in.accept("CONNECTION")) in.accept("QUERY");
      need(in.peek().kind == TokenKind::kNumber);
      const std::uint64_t id = to_number(in.take().text);
      need(ended(in));
      return KillRequest{id};
    }
  } catch (const NotUnderstood&) {
    return not_served(statement);
  }
  return not_served(statement);
}

// Session settings of a connection that runs nothing have no effect, so they are accepted unread.
Answer ReplicaDialogue::set(Tokens& in) {
  if (in.accept("NAMES") || in.accept("CHARACTER") || in.accept("TRANSACTION")) return Accepted{};
  do {
    if (!in.accept("SESSION")) in.accept("LOCAL");
    const Token name = in.take();
    need(in.accept_symbol("=") || in.accept_symbol(":="));
    if (is_user_variable(name)) {
      const std::string key = variable_name(name);
      need(user_variables_.size() < kUserVariablesMax || user_variables_.contains(key));
      need(key.size() <= kUserVariableSizeMax);
      const std::optional<std::string> set_to = value(in);
      need(!set_to || set_to->size() <= kUserVariableSizeMax);
      user_variables_[key] = set_to;
      continue;
    }
    const std::string text = lower(std::string(name.text));
    need((name.kind == TokenKind::kWord || name.kind == TokenKind::kVariable) && !text.starts_with("@@global."));
    const std::optional<std::string> set_to = value(in);
    if (variable_name(name) == "skip_replication") skip_replication_ = set_to && *set_to != "0";
  } while (in.accept_symbol(","));
  need(ended(in));
  return Accepted{};
}

Answer ReplicaDialogue::select(Tokens& in) {
  TextResult out;
  out.rows.emplace_back();
  do {
    const char* const begin = in.peek().text.data();
    out.rows[0].push_back(value(in));
    const std::string_view last = last_;
    out.columns.emplace_back(begin, static_cast<std::size_t>(last.data() + last.size() - begin));
    if (in.accept("AS")) out.columns.back() = name_of(in.take());
  } while (in.accept_symbol(","));
  if (in.accept("LIMIT")) need(in.take().kind == TokenKind::kNumber);
  need(ended(in));
  return out;
}

std::optional<std::string> ReplicaDialogue::value(Tokens& in) {
  const Token token = in.take();
  last_ = token.text;
  if (token.kind == TokenKind::kWord && in.accept_symbol("("))
    return function_value(in, lower(std::string(token.text)));
  return simple_value(token);
}

std::optional<std::string> ReplicaDialogue::simple_value(const Token& token) {
  if (token.kind == TokenKind::kString) return string_of(token, {});
  if (token.kind == TokenKind::kNumber) return std::string(token.text);
  if (is_user_variable(token)) return user_variable(variable_name(token));
  if (token.kind == TokenKind::kVariable) {
    std::optional<std::string> found = system_variable(variable_name(token));
    need(found.has_value());
    return found;
  }
  need(token.kind == TokenKind::kWord);
  if (token.is("NULL")) return std::nullopt;
  return std::string(token.text);  // a bare word as SET takes it: ON, utf8mb4
}

std::optional<std::string> ReplicaDialogue::function_value(Tokens& in, const std::string& name) {
  std::vector<std::optional<std::string>> arguments;
  for (;;) {
    last_ = in.peek().text;
    if (in.accept_symbol(")")) break;
    if (!arguments.empty()) need(in.accept_symbol(","));
    need(arguments.size() < 2);
    arguments.push_back(simple_value(in.take()));
  }
  if (name == "binlog_gtid_pos") {
    need(arguments.size() == 2);
    if (!arguments[0] || !arguments[1]) return std::nullopt;
    return facts_.gtid_position_at(*arguments[0], to_number(*arguments[1]));
  }
  need(arguments.empty());
  if (name == "unix_timestamp") {
    const auto since = std::chrono::system_clock::now().time_since_epoch();
    return format("{}", std::chrono::duration_cast<std::chrono::seconds>(since).count());
  }
  if (name == "version") return system_variable("version");
  if (name == "connection_id") return format("{}", facts_.connection_id);
  if (name == "user" || name == "current_user") return facts_.user;
  need(name == "database");
  return std::nullopt;
}

Answer ReplicaDialogue::show(Tokens& in) {
  if (!in.accept("GLOBAL")) in.accept("SESSION");
  if (in.accept("VARIABLES")) return show_variables(in);
  if (in.accept("WARNINGS")) return TextResult{.columns = {"Level", "Code", "Message"}, .rows = {}};
  if (in.accept("STATUS")) return TextResult{.columns = {"Variable_name", "Value"}, .rows = {}};
  const bool binary = in.accept("BINARY");
  if (!binary) need(in.accept("MASTER") || in.accept("BINLOG"));
  if (in.accept("LOGS")) {
    need(ended(in));
    TextResult out{.columns = {"Log_name", "File_size"}, .rows = {}};
    for (const auto& [name, size] : facts_.log_files()) out.rows.push_back({name, format("{}", size)});
    return out;
  }
  need(!binary && in.accept("STATUS") && ended(in));
  TextResult out{.columns = {"File", "Position", "Binlog_Do_DB", "Binlog_Ignore_DB"}, .rows = {}};
  const auto files = facts_.log_files();
  if (!files.empty()) out.rows.push_back({files.back().first, format("{}", files.back().second), "", ""});
  return out;
}

Answer ReplicaDialogue::show_variables(Tokens& in) {
  need(in.accept("LIKE") && in.peek().kind == TokenKind::kString);
  const std::string pattern = lower(string_of(in.take(), {}));
  need(ended(in));
  TextResult out{.columns = {"Variable_name", "Value"}, .rows = {}};
  for (const auto& [name, each] : facts_.variables) {
    if (like(name, pattern)) out.rows.push_back({name, each});
  }
  return out;
}

std::optional<std::string> ReplicaDialogue::system_variable(std::string_view name) const {
  if (name == "gtid_binlog_pos" || name == "gtid_current_pos") return facts_.gtid_binlog_position();
  const auto found = facts_.variables.find(name);
  if (found == facts_.variables.end()) return std::nullopt;
  return found->second;
}

std::optional<std::string> ReplicaDialogue::user_variable(std::string_view name) const {
  const auto found = user_variables_.find(name);
  return found == user_variables_.end() ? std::nullopt : found->second;
}

std::uint64_t ReplicaDialogue::number(std::string_view name) const {
  const std::optional<std::string> text = user_variable(name);
  std::uint64_t out = 0;
  if (text) std::from_chars(text->data(), text->data() + text->size(), out);
  return out;
}

ReplicaWishes ReplicaDialogue::wishes() const {
  constexpr std::uint64_t kCapabilityMax = 4;
  return {
      .heartbeat_ns = number("master_heartbeat_period"),
      .checksum = user_variable("master_binlog_checksum"),
      .capability = static_cast<int>(std::min(number("mariadb_slave_capability"), kCapabilityMax)),
      .connect_state = user_variable("slave_connect_state"),
      .until_gtid = user_variable("slave_until_gtid"),
      .gtid_strict_mode = number("slave_gtid_strict_mode") != 0,
      .ignore_duplicates = number("slave_gtid_ignore_duplicates") != 0,
      .skip_replication = skip_replication_,
      .semi_sync = number("rpl_semi_sync_slave") != 0,
  };
}

}  // namespace lifeboat::relay
