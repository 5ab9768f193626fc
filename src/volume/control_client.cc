#include "volume/control_client.h"

#include <algorithm>
#include <thread>

#include "base/error.h"
#include "volume/line_socket.h"
#include "volume/state_dir.h"

namespace lifeboat::volume {
json::object control_call(const Path& state_dir, std::string_view what, json::object arguments,
                          std::chrono::milliseconds patience, const ProgressListener& on_progress) {
  UniqueFd fd = find_connection(control_socket(state_dir));
  if (!fd.valid()) {
    fail(Code::kUnavailable, format("volume {}: no process answers", state_dir.filename().string()),
         "See its state with: lifeboat volume ls");
  }
  LineSocket socket(std::move(fd));
  arguments["do"] = what;
  socket.send(arguments);
  for (;;) {
    std::optional<json::object> reply = socket.receive(patience);
    if (!reply) fail(Code::kUnavailable, format("volume {}: its process ended", state_dir.filename().string()));
    if (std::optional<Error> error = error_from_json(*reply)) throw Exception(std::move(*error));
    const json::value* progress = reply->if_contains("progress");
    if (progress == nullptr) return std::move(*reply);
    if (on_progress && progress->is_object()) on_progress(progress->get_object());
  }
}

void hydrate_whole(const Path& state_dir, Progress& progress) {
  constexpr std::chrono::milliseconds kLookEvery{100};
  control_call(state_dir, "hydrate", {{"pause", false}, {"hurry", true}});
  for (;;) {
    const json::object status = control_call(state_dir, "status");
    progress.set_total(static_cast<std::uint64_t>(json_integer(status, "bytes")));
    const auto done = static_cast<std::uint64_t>(json_integer(status, "hydrated_bytes"));
    progress.add(done - std::min(done, progress.done()));
    const json::object& hydration = status.at("hydration").as_object();
    if (status.at("hydrated").as_bool() || json_string(hydration, "state") == "complete") return;
    if (hydration.contains("error")) {
      fail(Code::kUnavailable, format("hydration: {}", json_string(hydration, "error")),
           "It is tried again by itself; see: lifeboat volume status");
    }
    std::this_thread::sleep_for(kLookEvery);
  }
}

}  // namespace lifeboat::volume
