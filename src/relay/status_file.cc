#include "relay/status_file.h"

#include "base/error.h"
#include "base/json_file.h"
#include "base/process.h"

namespace lifeboat::relay {

std::optional<json::object> find_status(const Path& relay_directory) {
  return find_json_file(relay_directory / kStatusFile);
}

json::object read_status(const Path& relay_directory) {
  std::optional<json::object> status = find_status(relay_directory);
  if (!status) {
    fail(Code::kNotFound, format("{}: no relay has run there", relay_directory.string()),
         "Give the --dir of `relay run`.");
  }
  return std::move(*status);
}

bool is_running(const json::object& status) {
  return ProcessIdentity{.pid = static_cast<pid_t>(json_integer(status, "pid")),
                         .start_time = static_cast<std::uint64_t>(json_integer(status, "start_time"))}
      .alive();
}

bool is_retired(const json::object& source) {
  return source.contains("retired");
}

const json::object* open_exposure(const json::object& source) {
  const json::array& spans = json_array(source, "exposed");
  if (spans.empty()) return nullptr;
  const json::object& last = json_object(spans.back(), "an exposed span");
  return json_flag(last, "open") ? &last : nullptr;
}

std::vector<std::string> troubles_of(const json::object& source) {
  std::vector<std::string> troubles;
  const json::value* vault = source.if_contains("vault");
  if (vault != nullptr && vault->is_object() && !json_flag(vault->get_object(), "within_promise")) {
    troubles.emplace_back("its log is not in the vault in time");
  }
  if (const std::string state = json_string(source, "state"); state != "following") {
    const std::string problem = json_string(source, "problem");
    troubles.push_back(format("it is not followed ({}){}{}", state, problem.empty() ? "" : ": ", problem));
  }
  if (const json::object* span = open_exposure(source)) {
    troubles.push_back(format("its commits do not wait for the relay: {}", json_string(*span, "why")));
  }
  for (const json::value& alarm : source.at("alarms").as_array()) troubles.emplace_back(alarm.as_string());
  for (const json::value& warning : source.at("warnings").as_array()) troubles.emplace_back(warning.as_string());
  return troubles;
}

}  // namespace lifeboat::relay
