/// Talks to a running volume process over the unix socket in its state directory: one JSON line asks, JSON lines answer
/// (docs/internals/volume-process.md, "Control").
#pragma once

#include <chrono>
#include <functional>

#include "base/file.h"
#include "base/json.h"
#include "base/progress.h"

namespace lifeboat::volume {

/// Called with the object of each progress line before the reply.
using ProgressListener = std::function<void(const json::object& progress)>;

/// Sends `{"do": what, …arguments}` and returns the reply. An error reply is thrown as the Exception it was.
/// kUnavailable: no process answers there. kTimeout: silent for longer than `patience` (progress lines count as talk).
json::object control_call(const Path& state_dir, std::string_view what, json::object arguments = {},
                          std::chrono::milliseconds patience = std::chrono::seconds(60),
                          const ProgressListener& on_progress = {});

/// Has everything fetched at full speed, and returns when it is local. kUnavailable if that stops; it is tried again
/// by itself.
void hydrate_whole(const Path& state_dir, Progress& progress);

}  // namespace lifeboat::volume
