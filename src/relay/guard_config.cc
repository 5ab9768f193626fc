#include "relay/guard_config.h"

#include <algorithm>
#include <array>
#include <charconv>

#include "base/error.h"
#include "base/printable.h"
#include "base/units.h"

namespace lifeboat::relay {
namespace {

constexpr std::chrono::hours kWindowMax{24 * 7};
constexpr std::size_t kRulesMax = 1'000;
constexpr std::array kActions = {GuardAction::kAllow, GuardAction::kWarn, GuardAction::kHold};

/// Runs `read`; what it refuses is told with file, line and key.
template <typename Read>
auto of_key(const ConfigTable& table, std::string_view key, Read read) {
  try {
    return read();
  } catch (const Exception& e) {
    table.bad(key, e.error().message, e.error().hint);
  }
}

std::optional<std::uint64_t> read_count(ConfigTable& table, std::string_view key) {
  const std::optional<std::int64_t> number = table.integer(key);
  if (number && *number < 0) table.bad(key, "it cannot be less than 0");
  return number ? std::optional(static_cast<std::uint64_t>(*number)) : std::nullopt;
}

std::optional<std::chrono::milliseconds> read_duration(ConfigTable& table, std::string_view key) {
  const std::optional<std::string> text = table.text(key);
  if (!text) return std::nullopt;
  return of_key(table, key, [&] { return parse_duration(*text); });
}

std::optional<std::chrono::seconds> read_window(ConfigTable& table) {
  const auto duration = read_duration(table, "window");
  if (!duration) return std::nullopt;
  const auto window = std::chrono::duration_cast<std::chrono::seconds>(*duration);
  if (window.count() < 1 || window > kWindowMax) table.bad("window", "it is from 1s to 7d");
  return window;
}

/// "12.5%".
std::optional<double> read_percent(ConfigTable& table, std::string_view key) {
  const std::optional<std::string> text = table.text(key);
  if (!text) return std::nullopt;
  double percent = -1;
  const char* const end = text->data() + text->size();
  const auto read = std::from_chars(text->data(), end, percent);
  const bool whole = read.ec == std::errc() && std::string_view(read.ptr, end) == "%";
  if (!whole || !(percent >= 0 && percent <= 100)) {
    table.bad(key, format("'{}' is no share of a table", printable(*text)), "Write it like \"20%\".");
  }
  return percent;
}

std::chrono::minutes parse_minutes(std::string_view text) {
  unsigned hours = 24;
  unsigned minutes = 60;
  const std::size_t colon = std::min(text.find(':'), text.size());
  const std::string_view rest = text.substr(std::min(colon + 1, text.size()));
  const auto h = std::from_chars(text.data(), text.data() + colon, hours);
  const auto m = std::from_chars(rest.data(), rest.data() + rest.size(), minutes);
  const bool whole = h.ptr == text.data() + colon && m.ptr == rest.data() + rest.size();
  if (!whole || hours > 23 || minutes > 59 || rest.size() != 2) {
    fail(Code::kUsage, format("'{}' is no time of day", printable(text)), "Write between = \"01:00-04:30\" (UTC).");
  }
  return std::chrono::minutes(hours * 60 + minutes);
}

DaySpan parse_span(std::string_view text) {
  const std::size_t dash = std::min(text.find('-'), text.size());
  return {.from = parse_minutes(text.substr(0, dash)),
          .to = parse_minutes(text.substr(std::min(dash + 1, text.size())))};
}

std::set<binlog::DangerClass> read_classes(ConfigTable& table) {
  std::set<binlog::DangerClass> classes;
  for (const std::string& name : table.texts("class")) {
    const binlog::DangerClass danger = binlog::danger_class_of(name);
    if (danger == binlog::DangerClass::kUnknown && name != "unknown") {
      const auto& names = binlog::danger_class_names();
      const std::string near = nearest_name(name, {names.begin(), names.end()});
      table.bad("class", format("there is no class '{}'", printable(name)),
                near.empty() ? lifeboat::format("There are: {}", fmt::join(names, ", "))
                             : format("Did you mean '{}'?", near));
    }
    classes.insert(danger);
  }
  return classes;
}

GuardAction read_action(ConfigTable& table) {
  const std::optional<std::string> name = table.text("then");
  if (!name) table.bad("then", "each rule needs one: hold, warn or allow");
  for (const GuardAction each : kActions) {
    if (guard_action_name(each) == *name) return each;
  }
  table.bad("then", format("'{}' is neither hold, warn nor allow", printable(*name)));
}

GuardRule read_rule(ConfigTable& table) {
  GuardRule rule;
  rule.name = table.text("name").value_or("");
  rule.then = read_action(table);
  rule.classes = read_classes(table);
  for (const std::string& text : table.texts("objects")) {
    rule.objects.push_back(of_key(table, "objects", [&] { return ObjectPattern::parse(text); }));
  }
  rule.accounts = table.texts("accounts");
  rule.replicas = table.texts("replicas");
  for (const std::string& each : rule.replicas) {
    if (!each.starts_with("user:") && !each.starts_with("id:")) {
      table.bad("replicas", format("'{}' names no replica", printable(each)), "Write user:ACCOUNT or id:SERVER_ID.");
    }
  }
  rule.rows_above = read_count(table, "rows_above");
  rule.rows_up_to = read_count(table, "rows_up_to");
  rule.share_above = read_percent(table, "share_above");
  rule.share_up_to = read_percent(table, "share_up_to");
  rule.window = read_window(table);
  if (rule.window && !rule.rows_above && !rule.rows_up_to && !rule.share_above && !rule.share_up_to) {
    table.bad("window", "it belongs to rows_above, rows_up_to or a share, and there is none");
  }
  if (const auto text = table.text("between")) {
    rule.between = of_key(table, "between", [&] { return parse_span(*text); });
  }
  table.finish();
  if (rule.name.empty()) rule.name = table.place();
  return rule;
}

MassRule read_mass(ConfigTable& table) {
  MassRule mass;
  mass.deleted = read_count(table, "deleted").value_or(mass.deleted);
  mass.updated = read_count(table, "updated").value_or(mass.updated);
  mass.window_rows = read_count(table, "window_rows").value_or(mass.window_rows);
  mass.window_from = read_count(table, "window_from").value_or(mass.window_from);
  mass.window = read_window(table).value_or(mass.window);
  table.finish();
  return mass;
}

GuardNotify read_notify(ConfigTable& table) {
  GuardNotify notify;
  notify.hook = table.texts("hook");
  if (table.has("hook") && (notify.hook.empty() || notify.hook.front().empty())) {
    table.bad("hook", "it is a program and its arguments", "hook = [\"/usr/local/bin/page\", \"--urgent\"]");
  }
  notify.hook_timeout = read_duration(table, "hook_timeout").value_or(notify.hook_timeout);
  notify.webhook = table.text("webhook").value_or("");
  if (!notify.webhook.empty() && !notify.webhook.starts_with("http://") && !notify.webhook.starts_with("https://")) {
    table.bad("webhook", "it is no http or https URL");
  }
  notify.webhook_ca = table.text("webhook_ca").value_or("");
  return notify;
}

StatisticsServer read_statistics(ConfigTable& table) {
  constexpr std::chrono::seconds kOftenest{1};
  StatisticsServer server;
  const std::optional<std::string> url = table.text("server");
  if (!url) table.bad("server", "statistics need one", "server = \"mysql://lifeboat@standby.example:3306\"");
  server.address = of_key(table, "server", [&] { return SourceAddress::parse(*url); });
  const std::optional<std::string> password_file = table.text("password_file");
  if (!password_file) table.bad("password_file", "the server's account has a password: name the file that holds it");
  server.password_file = *password_file;
  server.tls_ca = table.text("tls_ca").value_or("");
  server.every = read_duration(table, "every").value_or(server.every);
  if (server.every < kOftenest) table.bad("every", "it is at least 1s");
  table.finish();
  return server;
}

}  // namespace

std::string_view guard_action_name(GuardAction action) {
  switch (action) {
    case GuardAction::kAllow:
      return "allow";
    case GuardAction::kWarn:
      return "warn";
    case GuardAction::kHold:
      break;
  }
  return "hold";
}

bool DaySpan::contains(std::int64_t unix_s) const {
  constexpr std::int64_t kDayMinutes = 1'440;
  const std::chrono::minutes time(unix_s / 60 % kDayMinutes);
  if (from <= to) return from <= time && time < to;
  return from <= time || time < to;
}

std::chrono::seconds GuardConfig::longest_window() const {
  std::chrono::seconds longest = mass.window;
  for (const GuardRule& rule : rules) longest = std::max(longest, rule.window.value_or(std::chrono::seconds(0)));
  return longest;
}

GuardConfig parse_guard_config(std::string_view text, std::string_view file) {
  ConfigTable root = ConfigTable::parse(text, file);
  GuardConfig config;
  if (auto guard = root.table("guard")) {
    config.notify = read_notify(*guard);
    if (auto mass = guard->table("mass")) config.mass = read_mass(*mass);
    if (auto statistics = guard->table("statistics")) config.statistics = read_statistics(*statistics);
    std::vector<ConfigTable> rules = guard->tables("rule");
    if (rules.size() > kRulesMax) guard->bad("rule", format("there are more than {}", kRulesMax));
    for (ConfigTable& each : rules) config.rules.push_back(read_rule(each));
    guard->finish();
  }
  static_cast<void>(root.table("objective"));  // of drills (rescue/objective.h), which read the same file
  root.finish();
  return config;
}

GuardConfig read_guard_config(const Path& file) {
  return parse_guard_config(as_text(read_file(file, kGuardConfigMax)), file.string());
}

}  // namespace lifeboat::relay
