/// What `relay run` leaves in its directory each second, for whoever asks how it does: dead or alive.
/// Threads: functions without state. Errors: kCorruption if the file is no JSON object, or lacks a member.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/file.h"
#include "base/json.h"

namespace lifeboat::relay {

inline constexpr std::string_view kStatusFile = "status.json";

/// Empty if no relay has run there.
std::optional<json::object> find_status(const Path& relay_directory);
/// As `find_status`, or kNotFound.
json::object read_status(const Path& relay_directory);
/// Whether the process that wrote it lives.
bool is_running(const json::object& status);
/// Of one source in it: whether another server has taken its place, so that nothing depends on it any more.
bool is_retired(const json::object& source);
/// Of one source in it: the exposed span that is open now; none: no commit is exposed.
const json::object* open_exposure(const json::object& source);
/// Of one source in it: what it lacks until all that it commits is safe, in half sentences for people; empty: nothing.
std::vector<std::string> troubles_of(const json::object& source);

}  // namespace lifeboat::relay
