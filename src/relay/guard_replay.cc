#include "relay/guard_replay.h"

#include <algorithm>

#include "base/error.h"
#include "base/json.h"
#include "base/printable.h"
#include "base/units.h"

namespace lifeboat::relay {
namespace {

using binlog::DangerClass;

constexpr std::size_t kObjectsRemembered = 50;
constexpr std::int64_t kDayMinutes = 1'440;

/// "shop.log_20261128" is like "shop.log_20261129": "shop.log_*".
std::string without_digits(const std::string& name) {
  std::string out;
  for (const char c : name) {
    const bool digit = c >= '0' && c <= '9';
    if (!digit) out += c;
    if (digit && !out.ends_with('*')) out += '*';
  }
  return out;
}

class Replayer {
 public:
  Replayer(const GuardConfig& config, std::int64_t since_s) : config_(config), since_s_(since_s) {}

  /// The judgement, if the group is in the time and would not simply have passed.
  std::optional<Judgement> take(const GroupFacts& facts) {
    if (facts.danger.time_s < since_s_) return std::nullopt;
    if (replay_.groups++ == 0 || facts.danger.time_s < replay_.first_s) replay_.first_s = facts.danger.time_s;
    Judgement judgement = judge(facts, config_, std::nullopt, nullptr);
    if (judgement.action == GuardAction::kAllow) return std::nullopt;
    ++(judgement.action == GuardAction::kHold ? replay_.held : replay_.warned);
    if (judgement.objects.empty()) note(facts, judgement, "");
    for (const binlog::TableName& object : judgement.objects) note(facts, judgement, object.text());
    return judgement;
  }

  GuardReplay finish() {
    for (auto& [key, kind] : kinds_) replay_.kinds.push_back(std::move(kind));
    std::ranges::sort(replay_.kinds, std::greater<>(),
                      [](const DangerKind& kind) { return std::pair(kind.held, kind.warned); });
    return std::move(replay_);
  }

 private:
  void note(const GroupFacts& facts, const Judgement& judgement, const std::string& object) {
    const std::string account = account_of(facts.danger);
    const std::string key = format("{} {}\n{}", danger_class_name(judgement.danger), without_digits(object), account);
    if (!kinds_.contains(key) && kinds_.size() == GuardReplay::kKindsMax) {
      ++replay_.left_out;
      return;
    }
    DangerKind& kind = kinds_[key];
    if (kind.held + kind.warned == 0) kind.first_s = facts.danger.time_s;
    ++(judgement.action == GuardAction::kHold ? kind.held : kind.warned);
    kind.danger = judgement.danger;
    kind.account = account;
    if (kind.objects.size() < kObjectsRemembered) kind.objects.insert(object);
    kind.object = kind.objects.size() == 1 ? object : without_digits(object);
    kind.rows_max = std::max(kind.rows_max, judgement.rows);
    kind.counted = kind.counted && judgement.rows > 0;
    kind.minutes.insert(facts.danger.time_s / 60 % kDayMinutes);
    kind.last_s = facts.danger.time_s;
    kind.gtid = facts.gtid;
    kind.statement = facts.danger.statement;
  }

  const GuardConfig& config_;
  const std::int64_t since_s_;
  std::map<std::string, DangerKind> kinds_;
  GuardReplay replay_;
};

/// Where to begin, so that what was before is known: one file before the first that reaches into the time.
std::size_t first_file(const std::vector<ServedLog::File>& files, std::int64_t since_s) {
  std::size_t at = 0;
  while (at + 1 < files.size()) {
    const auto head = read_log_head(files[at + 1].path);
    if (!head || head->identity.made_at > since_s) break;
    ++at;
  }
  return at == 0 ? 0 : at - 1;
}

/// The shortest span of the day that holds all the minutes: from its first to its last.
std::pair<std::int64_t, std::int64_t> shortest_span(const std::set<std::int64_t>& minutes) {
  std::int64_t gap_after = *minutes.rbegin();
  std::int64_t widest = *minutes.begin() + kDayMinutes - gap_after;
  std::int64_t before = *minutes.begin();
  for (const std::int64_t minute : minutes) {
    if (minute - before > widest) {
      widest = minute - before;
      gap_after = before;
    }
    before = minute;
  }
  const auto next = minutes.upper_bound(gap_after);
  return {next == minutes.end() ? *minutes.begin() : *next, gap_after};
}

std::string clock_text(std::int64_t minute) {
  const std::int64_t wrapped = (minute + kDayMinutes) % kDayMinutes;
  return format("{:02}:{:02}", wrapped / 60, wrapped % 60);
}

/// A string as TOML writes it: JSON's is one.
std::string quoted(const std::string& text) {
  return json::serialize(json::value(valid_utf8(text)));
}

std::string rule_text(const DangerKind& kind) {
  constexpr std::int64_t kMargin = 30;
  constexpr std::int64_t kLongestSpan = 6 * 60;
  std::string text =
      format("# {} times from {} to {}, last {}\n[[guard.rule]]\n", kind.held,
             format_time(from_unix_ms(kind.first_s * 1000)), format_time(from_unix_ms(kind.last_s * 1000)), kind.gtid);
  text += format("name = {}\nclass = \"{}\"\nobjects = [{}]\n",
                 quoted(format("{} {}", danger_class_name(kind.danger), kind.object)), danger_class_name(kind.danger),
                 quoted(kind.object));
  if (!kind.account.empty()) text += format("accounts = [{}]\n", quoted(kind.account));
  if (kind.counted) text += format("rows_up_to = {}\n", kind.rows_max + kind.rows_max / 2);
  const auto [first, last] = shortest_span(kind.minutes);
  if (const std::int64_t span = (last - first + kDayMinutes) % kDayMinutes; kind.held > 2 && span <= kLongestSpan) {
    text += format("between = \"{}-{}\"\n", clock_text(first - kMargin), clock_text(last + kMargin));
  }
  return text + "then = \"allow\"\n";
}

}  // namespace

GuardReplay replay_guard(const std::vector<Path>& incarnations, const GuardConfig& config, std::int64_t since_s,
                         const std::function<void()>& on_progress, const OnJudged& on_judged) {
  Replayer replayer(config, since_s);
  const auto go_on = [&] {
    on_progress();
    return true;
  };
  for (const Path& path : incarnations) {
    const LogDirectory log(path);
    const std::vector<ServedLog::File> files = log.files();
    GuardWalk walk(config);
    for (std::size_t at = first_file(files, since_s); at < files.size(); ++at) {
      const std::string& file = files[at].name;
      const auto take = [&](FoundGroup&& group) {
        const std::optional<Judgement> judgement = replayer.take(group.facts);
        if (judgement && on_judged) on_judged({path, file, group, *judgement});
      };
      walk.open(file, files[at].path);
      walk.step(log.end_of(file).readable, go_on, take);
      walk.end_file(take);
    }
  }
  return replayer.finish();
}

std::vector<SuggestedRule> suggest_rules(const GuardReplay& replay) {
  std::vector<SuggestedRule> rules;
  for (const DangerKind& kind : replay.kinds) {
    const bool too_wide = kind.danger == DangerClass::kDropDatabase || kind.danger == DangerClass::kReplaceDatabase ||
                          kind.danger == DangerClass::kUnknown || kind.object.empty() || kind.object.find('.') == 0;
    if (kind.held < 2 || too_wide) continue;
    rules.push_back({.kind = kind, .toml = rule_text(kind)});
  }
  return rules;
}

}  // namespace lifeboat::relay
