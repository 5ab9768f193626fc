/// Volumes as processes: each mounted volume is one background process that owns its local state, serves the mount and
/// a control socket, hydrates, and goes on after kill -9 by being mounted again.
/// Errors: Exception. Threads: any; one call per volume at a time (the engine's lease decides).
#pragma once

#include <chrono>
#include <functional>
#include <string>

#include "base/file.h"
#include "base/json.h"
#include "volume/state_dir.h"

namespace lifeboat::volume {

struct MountRequest {
  std::string image;  ///< "latest", a name or unique prefix; empty: an existing volume as it is
  Path mountpoint;    ///< made if absent; must be empty
  Path state_root;    ///< empty: default_state_root()
  std::string name;   ///< empty: volume_name_for(mountpoint)
  std::uint64_t space_max = 0;
  bool hydrate = true;
  std::string vault_url;  ///< empty: as when it was last mounted
  Path passphrase_file;
  Path recovery_key_file;
  std::string program;  ///< path of the lifeboat executable
  std::chrono::milliseconds patience = std::chrono::seconds(60);
};

struct MountedVolume {
  std::string name;
  Path mountpoint;
  Path state_dir;
  std::string image;  ///< what it holds: created from, or last committed as
  pid_t pid = 0;
};

/// Starts the volume process in the background, in a session of its own, and returns when the mount answers. A volume
/// whose process died is mounted again with everything it had fsynced. kBusy if it is mounted already, or being mounted
/// by another; if the process fails, its error is thrown. If waiting ends otherwise (kCancelled, kTimeout) the process
/// has undone what it did.
MountedVolume mount_volume(const MountRequest& request);

/// The volume process itself: calls `mounted` once the mount answers, then serves until unmounted or told by SIGTERM,
/// SIGINT or SIGHUP, with everything synced at the end; told before it is mounted it throws kCancelled. A mount that
/// fails leaves nothing new behind. Call it before any other thread is started: it handles those signals.
void serve_volume(const MountRequest& request, const std::function<void(const MountedVolume&)>& mounted);

/// Syncs, unmounts and ends the process. kBusy names the processes that have files open; nothing is changed then.
/// For a dead volume: removes the dead mount. A volume that is still being mounted is not any more.
void unmount_volume(const VolumeRecord& record, std::chrono::milliseconds patience = std::chrono::minutes(10));

/// Throws what remove_volume would: kBusy if it is mounted, kRefused if it holds changes that no image has, unless
/// `discard`.
void check_removable(const VolumeRecord& record, bool discard);
/// Deletes the local state of a volume that is not mounted. Needs no vault, but tells it that the image is not needed
/// any more; where that takes more than seconds, or fails, it is logged.
void remove_volume(const VolumeRecord& record, bool discard);

}  // namespace lifeboat::volume
