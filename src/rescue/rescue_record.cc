#include "rescue/rescue_record.h"

#include <algorithm>

#include "base/json_file.h"
#include "volume/state_dir.h"

namespace lifeboat::rescue {
namespace {

constexpr std::string_view kRecordFile = "rescue.json";

json::array texts_to_json(const std::vector<std::string>& texts) {
  json::array out;
  for (const std::string& text : texts) out.emplace_back(text);
  return out;
}

json::array notes_to_json(const std::vector<RescueNote>& notes) {
  json::array out;
  for (const RescueNote& note : notes) out.push_back(json::object{{"subject", note.subject}, {"said", note.said}});
  return out;
}

json::array phases_to_json(const std::vector<RescuePhase>& phases) {
  json::array out;
  for (const RescuePhase& phase : phases) {
    json::object object{{"name", phase.name}, {"begun", unix_ms(phase.begun)}};
    object["seconds"] = phase.seconds ? json::value(*phase.seconds) : json::value(nullptr);
    out.push_back(std::move(object));
  }
  return out;
}

std::vector<std::string> texts_from(const json::object& object, std::string_view key) {
  std::vector<std::string> out;
  for (const json::value& value : json_array(object, key)) {
    if (!value.is_string()) fail(Code::kCorruption, format("member '{}' holds what is no text", key));
    out.emplace_back(value.get_string());
  }
  return out;
}

std::vector<RescueNote> notes_from(const json::object& object, std::string_view key) {
  std::vector<RescueNote> out;
  for (const json::value& value : json_array(object, key)) {
    const json::object& note = json_object(value, key);
    out.push_back({.subject = json_string(note, "subject"), .said = json_string(note, "said")});
  }
  return out;
}

std::vector<RescuePhase> phases_from(const json::object& object) {
  std::vector<RescuePhase> out;
  for (const json::value& value : json_array(object, "phases")) {
    const json::object& phase = json_object(value, "a phase");
    const json::value* seconds = phase.if_contains("seconds");
    RescuePhase read{.name = json_string(phase, "name"), .begun = from_unix_ms(json_integer(phase, "begun"))};
    if (seconds != nullptr && seconds->is_number()) read.seconds = seconds->to_number<double>();
    out.push_back(std::move(read));
  }
  return out;
}

json::object member_object(const json::object& object, std::string_view key) {
  const json::value* value = object.if_contains(key);
  if (value == nullptr) fail(Code::kCorruption, format("member '{}' is missing", key));
  return json_object(*value, key);
}

RescuePhase& phase_of(RescueRecord& record, const std::string& name) {
  const auto found = std::ranges::find(record.phases, name, &RescuePhase::name);
  if (found != record.phases.end()) return *found;
  return record.phases.emplace_back(RescuePhase{.name = name, .begun = now()});
}

}  // namespace

bool RescueRecord::follows_log() const {
  const json::value* to = request.if_contains("to");
  return loss.empty() && (to == nullptr || !to->is_string() || to->get_string().empty());
}

Path rescues_directory(const Path& state_root) {
  return state_root / "rescues";
}

std::string rescue_name_for(const std::string& target) {
  constexpr std::size_t kNameMax = 64;
  std::string name = "rescue-" + target;
  for (char& c : name) {
    const bool fits =
        (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || c == '-' || c == '.';
    if (!fits) c = '_';
  }
  return name.substr(0, kNameMax);
}

json::object to_json(const RescueRecord& record) {
  json::object out{{"rescue", record.name},
                   {"request", record.request},
                   {"instead", record.instead},
                   {"standby", record.standby},
                   {"images", texts_to_json(record.images)},
                   {"start", record.start},
                   {"log", record.log.string()},
                   {"relay", record.relay.string()},
                   {"until", record.until},
                   {"skip", texts_to_json(record.skip)},
                   {"skipped_before", texts_to_json(record.skipped_before)},
                   {"guard", record.guard.string()},
                   {"holes", texts_to_json(record.holes)},
                   {"objects", texts_to_json(record.objects)},
                   {"loss", record.loss},
                   {"rest", record.rest},
                   {"phases", phases_to_json(record.phases)},
                   {"passed_over", notes_to_json(record.passed_over)},
                   {"conflicts", notes_to_json(record.conflicts)},
                   {"doubtful", notes_to_json(record.doubtful)},
                   {"checks", notes_to_json(record.checks)},
                   {"cut_over", record.cut_over},
                   {"finish", record.finish}};
  out["placed"] = record.placed;
  out["ready"] = record.ready;
  return out;
}

RescueRecord rescue_from_json(const json::object& object) {
  RescueRecord record;
  record.name = json_string(object, "rescue");
  record.request = member_object(object, "request");
  record.instead = member_object(object, "instead");
  record.standby = json_string(object, "standby");
  record.images = texts_from(object, "images");
  record.start = json_string(object, "start");
  record.log = json_string(object, "log");
  record.relay = json_string(object, "relay");
  record.until = json_string(object, "until");
  record.skip = texts_from(object, "skip");
  record.skipped_before = texts_from(object, "skipped_before");
  record.guard = json_string(object, "guard");
  record.holes = texts_from(object, "holes");
  record.objects = texts_from(object, "objects");
  record.loss = json_string(object, "loss");
  record.rest = json_string(object, "rest");
  record.phases = phases_from(object);
  record.passed_over = notes_from(object, "passed_over");
  record.conflicts = notes_from(object, "conflicts");
  record.doubtful = notes_from(object, "doubtful");
  record.checks = notes_from(object, "checks");
  record.placed = json_flag(object, "placed");
  record.ready = json_flag(object, "ready");
  record.cut_over = member_object(object, "cut_over");
  record.finish = member_object(object, "finish");
  return record;
}

std::optional<RescueRecord> find_rescue(const Path& state_root, const std::string& name) {
  return find_record(rescues_directory(state_root) / name);
}

std::optional<RescueRecord> find_record(const Path& directory) {
  const auto content = find_and_read_file(directory / kRecordFile);
  if (!content) return std::nullopt;
  const std::string what = (directory / kRecordFile).string();
  try {
    RescueRecord record = rescue_from_json(parse_json_object(as_text(*content), what));
    record.directory = directory;
    return record;
  } catch (const Exception& e) {
    fail(e.code(), format("{}: {}", what, e.error().message),
         format("It is damaged, or of another version of Lifeboat. Bring up a fresh one: lifeboat rescue --name "
                "ANOTHER; `lifeboat rescue ls` lists the others once {} is moved away.",
                directory.string()));
  }
}

std::vector<RescueRecord> find_rescues(const Path& state_root) {
  std::vector<RescueRecord> found;
  if (!std::filesystem::is_directory(rescues_directory(state_root))) return found;
  for (const std::string& name : list_directory(rescues_directory(state_root))) {
    if (auto record = find_rescue(state_root, name)) found.push_back(std::move(*record));
  }
  return found;
}

RescueRecord open_rescue(const Path& state_root, const std::string& name) {
  if (auto record = find_rescue(state_root, name)) return std::move(*record);
  std::vector<std::string> names;
  for (const RescueRecord& each : find_rescues(state_root)) names.push_back(each.name);
  fail(Code::kNotFound, format("no rescue {}", name),
       names.empty() ? "There is none on this host yet; begin one: lifeboat rescue"
                     : lifeboat::format("There are: {}", fmt::join(names, ", ")));
}

void save_rescue(const RescueRecord& record) {
  make_directories(record.directory);
  sync_directory(record.directory.parent_path());
  save_json_file(record.directory / kRecordFile, to_json(record));
}

FileLock lock_rescue(const RescueRecord& record) {
  make_directories(record.directory);
  return {record.directory / "lock", format("rescue {}", record.name)};
}

void run_phase(RescueRecord& record, const std::string& name, const std::function<void()>& work) {
  {
    RescuePhase& phase = phase_of(record, name);
    phase.begun = now();
    phase.seconds.reset();
  }
  save_rescue(record);
  const Stopwatch watch;
  work();
  phase_of(record, name).seconds = watch.seconds();
  save_rescue(record);
}

void note_phase(RescueRecord& record, const std::string& name, SystemTime begun, std::optional<double> seconds) {
  RescuePhase& phase = phase_of(record, name);
  phase.begun = begun;
  phase.seconds = seconds;
}

bool phase_is_through(const RescueRecord& record, const std::string& name) {
  const auto found = std::ranges::find(record.phases, name, &RescuePhase::name);
  return found != record.phases.end() && found->seconds.has_value();
}

}  // namespace lifeboat::rescue
