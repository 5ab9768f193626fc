// `lifeboat guard rules test` and `lifeboat guard suggest`: what rules would have done with the log that is kept.

#include "base/cancel.h"
#include "base/printable.h"
#include "cli/guard_commands.h"
#include "cli/relay_directory.h"
#include "relay/guard_replay.h"
#include "relay/relay.h"
#include "relay/source_log.h"

namespace lifeboat::cli {
namespace {

struct RulesOptions {
  std::string directory;
  std::string file;
  std::string since;
  bool each = false;
};

constexpr std::size_t kStatementShown = 50;
constexpr std::size_t kListedMax = 100'000;

/// A time, or how long ago.
std::int64_t since_s(const std::string& text) {
  const bool is_time = text.find('T') != std::string::npos;
  const SystemTime since = is_time ? parse_time(text) : now() - parse_duration(text);
  return unix_ms(since) / 1000;
}

std::vector<Path> incarnations_of(const std::string& directory) {
  std::vector<Path> found;
  for (const Path& source : relay::list_source_directories(relay_directory(directory))) {
    for (const Path& each : relay::list_incarnations(source)) found.push_back(each);
  }
  if (found.empty()) fail(Code::kNotFound, "no log is kept there", "Give the --dir of `relay run`.");
  return found;
}

json::object kind_to_json(const relay::DangerKind& kind) {
  return {{"class", danger_class_name(kind.danger)},
          {"object", valid_utf8(kind.object)},
          {"account", valid_utf8(kind.account)},
          {"held", kind.held},
          {"warned", kind.warned},
          {"rows_max", kind.rows_max},
          {"last", format_time(from_unix_ms(kind.last_s * 1000))},
          {"gtid", kind.gtid},
          {"statement", valid_utf8(kind.statement)}};
}

json::array kinds_to_json(const relay::GuardReplay& replay) {
  json::array kinds;
  for (const relay::DangerKind& each : replay.kinds) kinds.push_back(kind_to_json(each));
  return kinds;
}

/// "4711 transactions since 2026-11-22T19:04:10Z".
std::string groups_text(const relay::GuardReplay& replay) {
  if (replay.groups == 0) return "0 transactions";
  return format("{} transactions since {}", replay.groups, format_time(from_unix_ms(replay.first_s * 1000)));
}

json::value first_to_json(const relay::GuardReplay& replay) {
  return replay.groups == 0 ? json::value() : json::value(format_time(from_unix_ms(replay.first_s * 1000)));
}

std::string replay_text(const relay::GuardReplay& replay) {
  std::vector<std::vector<std::string>> table{
      {"HELD", "WARNED", "CLASS", "OBJECT", "ACCOUNT", "ROWS", "LAST", "STATEMENT"}};
  for (const relay::DangerKind& each : replay.kinds) {
    table.push_back({std::to_string(each.held), std::to_string(each.warned),
                     std::string(danger_class_name(each.danger)), printable(each.object), printable(each.account),
                     std::to_string(each.rows_max), each.gtid, printable(each.statement.substr(0, kStatementShown))});
  }
  return format("{}{}: {} would be held, {} warned of\n", replay.kinds.empty() ? "" : format_table(table),
                groups_text(replay), replay.held, replay.warned);
}

relay::GuardReplay replay(const std::string& directory, const relay::GuardConfig& config, const std::string& since,
                          const relay::OnJudged& on_judged = {}) {
  return relay::replay_guard(
      incarnations_of(directory), config, since_s(since), [] { throw_if_cancelled(); }, on_judged);
}

json::object judged_to_json(const relay::JudgedGroup& judged) {
  const binlog::GroupDanger& danger = judged.group.facts.danger;
  json::array objects;
  for (const binlog::TableName& each : judged.judgement.objects) objects.emplace_back(valid_utf8(each.text()));
  return {{"action", guard_action_name(judged.judgement.action)},
          {"class", danger_class_name(judged.judgement.danger)},
          {"objects", std::move(objects)},
          {"rows", judged.judgement.rows},
          {"account", valid_utf8(relay::account_of(danger))},
          {"statement", valid_utf8(danger.statement)},
          {"rule", judged.judgement.rule},
          {"time", format_time(from_unix_ms(danger.time_s * 1000))},
          {"gtid", judged.group.facts.gtid},
          {"source", judged.incarnation.parent_path().filename().string()},
          {"incarnation", judged.incarnation.filename().string()},
          {"file", valid_utf8(judged.file)},
          {"position", judged.group.begin}};
}

std::vector<std::string> judged_text(const relay::JudgedGroup& judged) {
  const binlog::GroupDanger& danger = judged.group.facts.danger;
  return {std::string(guard_action_name(judged.judgement.action)), format_time(from_unix_ms(danger.time_s * 1000)),
          judged.group.facts.gtid, printable(judged.judgement.text()),
          printable(danger.statement.substr(0, kStatementShown))};
}

/// What `--each` lists, one line a transaction.
class EachJudged {
 public:
  void add(const relay::JudgedGroup& judged) {
    if (list_.size() == kListedMax) {
      fail(Code::kUsage, format("more than {} transactions would be held or warned of", kListedMax),
           "Leave out --each, or look at a shorter time.");
    }
    list_.push_back(judged_to_json(judged));
    table_.push_back(judged_text(judged));
  }
  json::array take_list() { return std::move(list_); }
  std::string text() const { return list_.empty() ? std::string() : format_table(table_) + "\n"; }

 private:
  json::array list_;
  std::vector<std::vector<std::string>> table_{{"ACTION", "TIME", "GTID", "WHAT", "STATEMENT"}};
};

relay::GuardConfig config_of(const std::string& file) {
  return file.empty() ? relay::parse_guard_config("", "") : relay::read_guard_config(file);
}

void test(Context& context, const RulesOptions& options) {
  if (options.file.empty() && options.since.empty()) {
    fail(Code::kUsage, "give a file of rules, or --log SINCE to try them on, or both");
  }
  stop_on_signals();
  const relay::GuardConfig config = config_of(options.file);
  if (options.since.empty()) {
    if (options.each) fail(Code::kUsage, "--each lists what is in the log: give --log SINCE as well");
    context.print(json::object{{"rules", config.rules.size()}},
                  format("{} rules, all understood\n", config.rules.size()));
    return;
  }
  EachJudged each;
  relay::OnJudged on_judged;
  if (options.each) on_judged = [&](const relay::JudgedGroup& judged) { each.add(judged); };
  const relay::GuardReplay result = replay(options.directory, config, options.since, on_judged);
  const std::string text = each.text() + replay_text(result);
  json::object report{{"rules", config.rules.size()},   {"transactions", result.groups},
                      {"first", first_to_json(result)}, {"held", result.held},
                      {"warned", result.warned},        {"left_out", result.left_out},
                      {"kinds", kinds_to_json(result)}};
  if (options.each) report["each"] = each.take_list();
  context.print(report, text);
}

void suggest(Context& context, const RulesOptions& options) {
  stop_on_signals();
  const relay::GuardReplay before = replay(options.directory, config_of(options.file), options.since);
  std::string toml;
  json::array rules;
  for (const relay::SuggestedRule& each : relay::suggest_rules(before)) {
    json::object rule = kind_to_json(each.kind);
    rule["toml"] = each.toml;
    rules.push_back(std::move(rule));
    toml += each.toml + "\n";
  }
  // What they are worth: the same log once more, with them in front.
  const std::string more = options.file.empty() ? std::string() : std::string(as_text(read_file(options.file)));
  relay::GuardConfig with = relay::parse_guard_config(toml, "suggestions");
  const relay::GuardConfig without = relay::parse_guard_config(more, options.file);
  with.mass = without.mass;
  with.rules.insert(with.rules.end(), without.rules.begin(), without.rules.end());
  const relay::GuardReplay after = replay(options.directory, with, options.since);
  context.print(json::object{{"transactions", before.groups},
                             {"first", first_to_json(before)},
                             {"held_before", before.held},
                             {"held_after", after.held},
                             {"rules", std::move(rules)}},
                format("{}# of {} {} were held without these rules, {} with them\n", toml, groups_text(before),
                       before.held, after.held));
}

void add_directory(Command& command, RulesOptions& options) {
  command.add_option("--dir", options.directory, "the relay's directory (default: of the one that runs)");
}

}  // namespace

void add_guard_rules(CLI::App& noun, Context& context) {
  CLI::App& rules = add_noun(noun, "rules", "What the guard holds, warns of or allows");
  add_command<RulesOptions>(
      rules, context, "test", "Check a file of rules; show what it would have held of the log that is kept",
      "lifeboat guard rules test guard.toml --log 7d",
      [](Command& command, RulesOptions& options) {
        add_directory(command, options);
        command.add_option("file", options.file, "the rules (default: those that need no file)");
        command.add_option("--log", options.since, "try them on the log since then: 7d, or 2026-11-22T19:04:10Z");
        command.add_flag("--each", options.each, "with --log: list each transaction, too, not only kinds of them");
      },
      test);
  add_command<RulesOptions>(
      noun, context, "suggest", "Propose narrow rules for what was held again and again",
      "lifeboat guard suggest --log 30d --config guard.toml",
      [](Command& command, RulesOptions& options) {
        add_directory(command, options);
        options.since = "30d";
        command.add_option("--log", options.since, "since when: 30d, or 2026-11-22T19:04:10Z").show_default();
        command.add_option("--config", options.file, "the rules there are");
      },
      suggest);
}

}  // namespace lifeboat::cli
