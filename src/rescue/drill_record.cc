#include "rescue/drill_record.h"

#include <algorithm>

namespace lifeboat::rescue {
namespace {

json::array notes_to_json(const std::vector<RescueNote>& notes, std::string_view subject) {
  json::array out;
  for (const RescueNote& note : notes) out.push_back(json::object{{subject, note.subject}, {"said", note.said}});
  return out;
}

json::array phases_to_json(const std::vector<DrillPhase>& phases) {
  json::array out;
  for (const DrillPhase& phase : phases) {
    json::object object{{"phase", phase.name},
                        {"begun", unix_ms(phase.begun)},
                        {"seconds", phase.seconds ? json::value(*phase.seconds) : json::value(nullptr)},
                        {"work", phase.work ? json::value(*phase.work) : json::value(nullptr)},
                        {"unit", phase.unit}};
    object["recovers"] = phase.recovers;
    out.push_back(std::move(object));
  }
  return out;
}

json::array failures_to_json(const std::vector<DrillFailure>& failures) {
  json::array out;
  for (const DrillFailure& each : failures) {
    out.push_back(
        json::object{{"check", each.check}, {"code", code_name(each.code)}, {"what", each.what}, {"hint", each.hint}});
  }
  return out;
}

json::value to_json(const std::optional<DrillCoverage>& coverage) {
  if (!coverage) return nullptr;
  json::array compared;
  for (const DrillCoverage::Table& table : coverage->compared) {
    compared.push_back(json::object{{"table", table.name}, {"chunks", table.chunks}, {"rows", table.rows}});
  }
  return json::object{{"tables", std::move(compared)},
                      {"not_compared", notes_to_json(coverage->not_compared, "table")},
                      {"snapshots", coverage->snapshots},
                      {"longest_snapshot_seconds", coverage->longest_snapshot_seconds},
                      {"rows", coverage->rows}};
}

json::value milliseconds_or_null(const std::optional<std::chrono::milliseconds>& duration) {
  return duration ? json::value(duration->count()) : json::value(nullptr);
}

json::value or_null(const std::optional<double>& number) {
  return number ? json::value(*number) : json::value(nullptr);
}

/// A member of a proof that is an array; an older version may not have it.
json::array array_in(const json::object& proof, std::string_view key) {
  const json::value* found = proof.if_contains(key);
  return found != nullptr && found->is_array() ? found->get_array() : json::array();
}

std::string describe_phases(const json::object& proof) {
  std::string text;
  for (const json::value& each : array_in(proof, "phases")) {
    if (!each.is_object()) continue;
    const json::object& phase = each.get_object();
    const json::value* seconds = phase.if_contains("seconds");
    const bool ended = seconds != nullptr && seconds->is_number();
    text += format("{}{} {}", text.empty() ? "" : ", ", text_in(phase, "phase"),
                   ended ? format("{:.1f} s", seconds->to_number<double>()) : "did not end");
  }
  return text;
}

std::optional<double> number_in(const json::object& object, std::string_view key) {
  const json::value* found = object.if_contains(key);
  return found != nullptr && found->is_number() ? std::optional(found->to_number<double>()) : std::nullopt;
}

std::string describe_left_out(const json::object& proof) {
  std::string gtids;
  for (const json::value& each : array_in(proof, "left_out")) {
    if (each.is_string()) gtids += format("{}{}", gtids.empty() ? "" : ", ", std::string_view(each.get_string()));
  }
  return gtids.empty() ? gtids : format("left out  {}\n", gtids);
}

std::string describe_objective(const json::object& proof) {
  const json::value* found = proof.if_contains("objective");
  if (found == nullptr || !found->is_object()) return {};
  const auto wanted = [&](std::string_view key, std::string_view words) {
    const auto milliseconds = number_in(found->get_object(), key);
    const std::chrono::milliseconds duration(static_cast<std::int64_t>(milliseconds.value_or(0)));
    return milliseconds ? format("objective {} {}\n", words, format_duration(duration)) : std::string();
  };
  return wanted("back_within_ms", "back within") + wanted("lose_at_most_ms", "lose at most");
}

std::string describe_notes(const json::object& proof, std::string_view key, std::string_view subject,
                           std::string_view word) {
  std::string text;
  for (const json::value& each : array_in(proof, key)) {
    if (!each.is_object()) continue;
    text += format("{:<9} {}: {}\n", word, text_in(each.get_object(), subject), text_in(each.get_object(), "said"));
  }
  return text;
}

}  // namespace

std::string drill_hint(std::string hint) {
  constexpr std::string_view kRescue = "lifeboat rescue";
  constexpr std::string_view kSameOptions[] = {" --user ", " --image ", " --standalone"};
  const std::size_t at = hint.find(kRescue);
  if (at == std::string::npos) return hint;
  const std::string_view options = std::string_view(hint).substr(at + kRescue.size());
  if (options.starts_with(" --source ")) {
    return "A drill goes by the log of the living server that it is compared with: --source mysql://user@host:port";
  }
  const bool same = options.find(" --dir ") == std::string_view::npos &&
                    std::ranges::any_of(kSameOptions, [&](std::string_view each) { return options.starts_with(each); });
  if (same) return hint.replace(at, kRescue.size(), "lifeboat drill run");
  return "A rescue would meet the same. See which ways it has: lifeboat rescue --dry-run";
}

std::string text_in(const json::object& object, std::string_view key) {
  const json::value* found = object.if_contains(key);
  return found != nullptr && found->is_string() ? std::string(found->get_string()) : std::string();
}

const std::vector<std::string>& drill_level_names() {
  static const std::vector<std::string> names{"scrub", "boot", "sql", "replay", "equal", "hydrate"};
  return names;
}

std::string_view drill_level_name(DrillLevel level) {
  return drill_level_names().at(static_cast<std::size_t>(level));
}

DrillLevel drill_level_of(std::string_view name) {
  const auto& names = drill_level_names();
  const auto found = std::ranges::find(names, name);
  if (found == names.end()) {
    fail(Code::kUsage, format("there is no level '{}'", name), lifeboat::format("Levels: {}", fmt::join(names, ", ")));
  }
  return static_cast<DrillLevel>(found - names.begin());
}

json::object to_json(const DrillRecord& record) {
  json::object out{
      {"level", drill_level_name(record.level)},
      {"bytes", record.image_bytes},
      {"key", record.key},
      {"server", record.server},
      {"start", record.start},
      {"gtid", record.gtid},
      {"log", record.log},
      {"source", record.source},
      {"left_out", json::array(record.left_out.begin(), record.left_out.end())},
      {"begun", unix_ms(record.begun)},
      {"phases", phases_to_json(record.phases)},
      {"back_seconds", or_null(record.back_seconds)},
      {"lost_seconds", or_null(record.lost_seconds)},
      {"objective", json::object{{"back_within_ms", milliseconds_or_null(record.objective.back_within)},
                                 {"lose_at_most_ms", milliseconds_or_null(record.objective.lose_at_most)}}},
      {"checks", notes_to_json(record.checks, "check")},
      {"not_known", notes_to_json(record.not_known, "subject")},
      {"failures", failures_to_json(record.failures)},
      {"coverage", to_json(record.coverage)},
      {"conditions", record.conditions},
      {"inventory", record.inventory},
      {"inventory_gtid", record.inventory_gtid}};
  return out;
}

std::string describe_drill(const json::object& proof) {
  const bool passed = json_flag(proof, "passed");
  std::string text = format("drill     {} of image {}: {}\n", json_string(proof, "id"), json_string(proof, "image"),
                            passed ? "passed" : "FAILED");
  text += format("level     {}, vault opened by the {} key\n", text_in(proof, "level"), text_in(proof, "key"));
  if (const std::string gtid = text_in(proof, "gtid"); !gtid.empty()) text += format("gtid      {}\n", gtid);
  text += describe_left_out(proof);
  for (const json::value& each : array_in(proof, "failures")) {
    if (!each.is_object()) continue;
    text += format("FAILED    {}: {}\n", text_in(each.get_object(), "check"), text_in(each.get_object(), "what"));
    const std::string hint = text_in(each.get_object(), "hint");
    if (!hint.empty()) text += format("          {}\n", hint);
  }
  text += describe_notes(proof, "checks", "check", "checked");
  text += describe_notes(proof, "not_known", "subject", "not known");
  text += format("took      {}\n", describe_phases(proof));
  if (const auto back = number_in(proof, "back_seconds")) text += format("back in   {:.1f} s\n", *back);
  if (const auto lost = number_in(proof, "lost_seconds"))
    text += format("lost      {:.1f} s behind the source\n", *lost);
  return text + describe_objective(proof);
}

}  // namespace lifeboat::rescue
