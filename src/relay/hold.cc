#include "relay/hold.h"

#include <algorithm>
#include <set>

#include "base/error.h"
#include "base/printable.h"
#include "codec/hash.h"

namespace lifeboat::relay {
namespace {

constexpr std::size_t kIdDigits = 10;
constexpr std::size_t kObjectsShown = 100;
/// What the log names may be of any size, and an entry of the audit log may not: 100 objects, each byte written as six
/// ("\u0001"), are less than half of it.
constexpr std::size_t kNameShown = 600;
constexpr std::size_t kTextShown = 4'096;

/// As UTF-8, cut where it is too long.
std::string shortened(std::string_view text, std::size_t size) {
  return text.size() <= size ? valid_utf8(text) : valid_utf8(text.substr(0, size)) + "…";
}

/// What the chunks of a run have in common, as the audit log would have it.
std::string run_key(const HoldSubject& subject) {
  const json::object told = subject_to_json(subject);
  json::array key;
  for (const std::string_view member : {"source", "class", "objects", "account", "database", "shape"}) {
    key.push_back(told.at(member));
  }
  return json::serialize(key);
}

std::string_view severity_name(binlog::Severity severity) {
  switch (severity) {
    case binlog::Severity::kOrdinary:
      return "ordinary";
    case binlog::Severity::kWarns:
      return "warns";
    case binlog::Severity::kDestroys:
      return "destroys";
    case binlog::Severity::kUnknown:
      break;
  }
  return "unknown";
}

binlog::Severity severity_of_name(std::string_view name) {
  for (const auto each : {binlog::Severity::kOrdinary, binlog::Severity::kWarns, binlog::Severity::kUnknown}) {
    if (severity_name(each) == name) return each;
  }
  return binlog::Severity::kDestroys;  // what asks most of those who let it pass
}

}  // namespace

std::string_view hold_state_name(HoldState state) {
  switch (state) {
    case HoldState::kHeld:
      return "held";
    case HoldState::kReleased:
      return "released";
    case HoldState::kSkipped:
      break;
  }
  return "skipped";
}

std::string hold_id(const HoldSubject& subject) {
  const std::string which = format("{}\n{}\n{}\n{}\n{}\n{}", subject.source, subject.incarnation, subject.file,
                                   subject.position, subject.gtid, unix_ms(subject.event_time));
  return "h" + to_hex(codec::sha256(as_bytes(which))).substr(0, kIdDigits);
}

HoldState Hold::state_of(std::string_view stream) const {
  const auto found = streams.find(std::string(stream));
  return found == streams.end() ? state : found->second.decision.value_or(state);
}

HoldState Hold::run_state_of(std::string_view stream) const {
  const auto found = streams.find(std::string(stream));
  const bool own = found != streams.end() && found->second.decision;
  return (own ? found->second.run : run) ? state_of(stream) : HoldState::kHeld;
}

bool Hold::open() const {
  return state == HoldState::kHeld;
}

std::size_t Hold::approvals_needed() const {
  return subject.severity == binlog::Severity::kDestroys ? 2 : 1;
}

std::vector<std::string> Hold::approved_by(std::string_view stream, Of of) const {
  std::set<codec::PublicKey> keys;
  std::vector<std::string> names;
  for (const Approval& each : approvals) {
    if (each.stream != kEveryStream && each.stream != stream) continue;
    if (of == Of::kRun && !each.run) continue;
    if (keys.insert(each.key).second) names.push_back(each.by);
  }
  return names;
}

json::object subject_to_json(const HoldSubject& subject) {
  json::array objects;
  for (const std::string& each : subject.objects) {
    if (objects.size() == kObjectsShown) {
      objects.emplace_back(format("… and {} more", subject.objects.size() - kObjectsShown));
      break;
    }
    objects.emplace_back(shortened(each, kNameShown));
  }
  return {{"id", subject.id},
          {"gtid", subject.gtid},
          {"class", subject.danger_class},
          {"severity", severity_name(subject.severity)},
          {"statement", shortened(subject.statement, kTextShown)},
          {"objects", std::move(objects)},
          {"rows", subject.rows},
          {"account", shortened(subject.account, kNameShown)},
          {"database", shortened(subject.database, kNameShown)},
          {"thread", subject.thread_id},
          {"event_time", format_time(subject.event_time)},
          {"source", subject.source},
          {"incarnation", subject.incarnation},
          {"file", shortened(subject.file, kNameShown)},
          {"position", subject.position},
          {"rule", shortened(subject.rule, kNameShown)},
          {"why", shortened(subject.why, kTextShown)},
          {"shape", shortened(subject.shape, kTextShown)},
          {"run_until", subject.run_until ? json::value(format_time(*subject.run_until)) : json::value()},
          {"every_replica", subject.every_replica}};
}

bool continues_run(const HoldSubject& first, const HoldSubject& next) {
  // What the audit log had to cut cannot be compared.
  if (next.shape.size() > kTextShown || next.objects.size() > kObjectsShown) return false;
  return first.run_until && next.run_until && next.event_time >= first.event_time &&
         next.event_time <= *first.run_until && run_key(first) == run_key(next);
}

HoldSubject subject_from_json(const json::object& object) {
  HoldSubject subject{.id = json_string(object, "id"),
                      .source = json_string(object, "source"),
                      .incarnation = json_string(object, "incarnation"),
                      .file = json_string(object, "file"),
                      .position = static_cast<std::uint64_t>(json_integer(object, "position")),
                      .gtid = json_string(object, "gtid"),
                      .danger_class = json_string(object, "class"),
                      .severity = severity_of_name(json_string(object, "severity")),
                      .statement = json_string(object, "statement"),
                      .objects = {},
                      .rows = static_cast<std::uint64_t>(json_integer(object, "rows")),
                      .account = json_string(object, "account"),
                      .database = json_string(object, "database"),
                      .thread_id = static_cast<std::uint32_t>(json_integer(object, "thread")),
                      .event_time = parse_time(json_string(object, "event_time")),
                      .rule = json_string(object, "rule"),
                      .why = json_string(object, "why"),
                      .shape = {},
                      .run_until = {},
                      .every_replica = object.at("every_replica").as_bool()};
  for (const json::value& each : object.at("objects").as_array()) subject.objects.emplace_back(each.as_string());
  if (const json::value* until = object.if_contains("run_until"); until != nullptr && !until->is_null()) {
    subject.run_until = parse_time(json_string(object, "run_until"));
    subject.shape = json_string(object, "shape");
  }
  return subject;
}

json::object hold_to_json(const Hold& hold, SystemTime time) {
  json::object out = subject_to_json(hold.subject);
  const auto seconds = [&](SystemTime then) {
    return std::chrono::duration_cast<std::chrono::seconds>(std::max(time - then, std::chrono::milliseconds(0)))
        .count();
  };
  out["state"] = hold_state_name(hold.state);
  out["since"] = format_time(hold.since);
  out["age_s"] = seconds(hold.since);
  out["break_glass_from"] = format_time(hold.since + kBreakGlassAfter);
  out["decided"] = hold.decided ? json::value(format_time(*hold.decided)) : json::value();
  out["decided_by"] = hold.decided_by;
  out["break_glass"] = hold.break_glass;
  out["run"] = hold.run;
  out["covered"] = hold.covered;
  out["covered_rows"] = hold.covered_rows;
  out["approvals_needed"] = hold.approvals_needed();
  json::array approvals;
  for (const Approval& each : hold.approvals) {
    approvals.push_back(
        json::object{{"by", each.by}, {"stream", each.stream}, {"run", each.run}, {"time", format_time(each.time)}});
  }
  out["approvals"] = std::move(approvals);
  json::array streams;
  for (const auto& [name, stream] : hold.streams) {
    streams.push_back(
        json::object{{"stream", name},
                     {"state", hold_state_name(hold.state_of(name))},
                     {"arrived", stream.arrived ? json::value(format_time(*stream.arrived)) : json::value()}});
  }
  out["streams"] = std::move(streams);
  return out;
}

std::string approval_text(const Hold& hold, std::string_view stream, bool run) {
  return format("lifeboat guard: release\nhold {}\nrecorded as {}\nstream {}\n{}", hold.subject.id, hold.entry_hash,
                stream, run ? "with the rest of its run\n" : "");
}

}  // namespace lifeboat::relay
