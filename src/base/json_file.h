/// A file that holds one JSON object.
#pragma once

#include <optional>

#include "base/file.h"
#include "base/json.h"

namespace lifeboat {

/// Empty if there is no such file; kCorruption naming it if it holds something else.
std::optional<json::object> find_json_file(const Path& path);
/// Durable when it returns, whole or not at all.
void save_json_file(const Path& path, const json::object& object);

}  // namespace lifeboat
