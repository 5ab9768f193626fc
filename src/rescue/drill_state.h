/// Drills on this host: one at a time, each in `<state root>/drills/<id>/` while it runs, with a branch `drill-<id>`.
/// What one that was killed has left is removed by the next, or by whoever lists drills.
/// Threads: functions without state. Errors: Exception.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/file.h"

namespace lifeboat::rescue {

Path drill_directory(const Path& state_root, const std::string& id);
std::string drill_branch(const std::string& id);

/// kBusy while another drill runs on this host.
FileLock lock_drills(const Path& state_root);
/// The same, or nothing then.
std::optional<FileLock> try_lock_drills(const Path& state_root);

/// Ends the server of a drill's branch, unmounts its volume, and removes both and the drill's directory. Does what is
/// left of it if it was begun before.
void remove_drill(const Path& state_root, const std::string& id);

/// Of every drill that was begun; the ids of those that are gone. One that cannot be removed is warned of, and looked
/// at again by the next. Who calls holds the lock, so none of them runs.
std::vector<std::string> remove_dead_drills(const Path& state_root);

}  // namespace lifeboat::rescue
