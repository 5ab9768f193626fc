/// What becomes of `standby run` when a rescue has taken its standby, or has put another server in its source's place:
/// once production is on what was rescued, the next standby begins behind the relay that follows it, from an image of
/// it that is made for that. Nobody has to say so.
///
/// Threads: free functions. Errors: what goes wrong on the way is logged and tried again.
#pragma once

#include <atomic>
#include <optional>
#include <string>

#include "rescue/standby.h"

namespace lifeboat::rescue {

/// The rescue after which this standby is none any more; empty: it is one.
std::string rescue_instead_of(const StandbyOptions& standby);

/// Waits until that can be, or `stop`: then nothing. What is told has another name, which is kept beside the standby
/// that was before, so that the same command finds it again after a kill.
std::optional<StandbyOptions> await_next_standby(const StandbyOptions& before, const std::string& rescue,
                                                 const std::atomic<bool>& stop);

/// "standby", "standby-2", "standby-3": the first behind `name` that is free.
std::string next_standby_name(const Path& state_root, const std::string& name);

}  // namespace lifeboat::rescue
