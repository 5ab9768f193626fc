#include "relay/status_file.h"

#include "base/error.h"
#include "base/process.h"

namespace lifeboat::relay {

std::optional<json::object> find_status(const Path& relay_directory) {
  const Path file = relay_directory / kStatusFile;
  const auto content = find_and_read_file(file);
  if (!content) return std::nullopt;
  json::value value = parse_json(as_text(*content), file.string());
  if (!value.is_object()) fail(Code::kCorruption, format("{}: not an object", file.string()));
  return std::move(value.get_object());
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

}  // namespace lifeboat::relay
