/// What the commands that name a volume have in common.
#pragma once

#include "base/log.h"
#include "base/units.h"
#include "cli/command.h"
#include "volume/state_dir.h"

namespace lifeboat::cli {

struct VolumeOptions {
  std::string volume;
  std::string state;
};

inline void add_volume_options(Command& command, VolumeOptions& options) {
  command.add_option("VOLUME", options.volume, "name or mountpoint; may be left out if there is only one");
  command.add_option("--state", options.state, "directory of local state (default: LIFEBOAT_STATE, else the system's)");
}

// Of whatever mounts a volume.
inline void add_space_option(Command& command, std::string& space) {
  command.add_option("--space", space, "bound on local space, such as 20GiB (default: what the disk has)");
}
inline void add_no_hydrate_option(Command& command, bool& no_hydrate) {
  command.add_flag("--no-hydrate", no_hydrate, "fetch only what is read");
}

inline Path state_root(const std::string& option) {
  return option.empty() ? volume::default_state_root() : Path(option);
}

/// A list that is empty because of a mistyped path says so.
inline void say_if_absent(const Path& state_root) {
  std::error_code absent;
  if (!std::filesystem::exists(state_root, absent)) {
    log::info("there is no state directory {} (--state, LIFEBOAT_STATE)", state_root.string());
  }
}

inline volume::VolumeRecord open_volume_record(const VolumeOptions& options) {
  return volume::open_volume_record(state_root(options.state), options.volume);
}

/// Throws kUnavailable with the way to mount it again, which is another for a branch's volume.
void require_mounted(const volume::VolumeRecord& record);

/// As `volume ls` and `volume status` print it: from its process, or as it was left, or only what its files tell.
json::object volume_to_json(const volume::VolumeRecord& record);
/// "87 %" or "not known".
std::string hydrated_text(const json::object& status);
/// A size in the status, or "not known".
std::string size_text(const json::object& status, std::string_view key);

}  // namespace lifeboat::cli
