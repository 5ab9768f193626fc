/// Mounts as the kernel has them: whose they are, who uses them, and taking them away.
/// Errors: Exception. Threads: functions without state.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/file.h"

namespace lifeboat::volume {

/// What /proc/mounts shows as the source of a volume's mount.
std::string mount_source(std::string_view volume_name);

/// A mountpoint as the kernel writes it: links before its last part resolved. Does not touch the mount itself, since a
/// dead one answers nothing.
Path mount_path(const Path& mountpoint);

/// Whether `mountpoint` is a mount of the volume `name` whose process is gone.
bool is_dead_mount(const Path& mountpoint, std::string_view name);

/// Whether anything is mounted exactly there.
bool is_mountpoint(const Path& path);
/// The source of what is mounted exactly there, on top.
std::optional<std::string> mounted_at(const Path& path);

/// The mount of a volume, of whatever state directory, that `path` lies in (not: is).
struct VolumeMount {
  std::string volume;
  Path mountpoint;
};
std::optional<VolumeMount> volume_around(const Path& path);

/// Takes a mount away though files may be open on it; those then fail.
void detach_mount(const Path& mountpoint);

/// Unmounts; throws kBusy naming the processes that use it, and then nothing has changed.
void unmount_if_unused(const Path& mountpoint);

/// Processes with open files, a working directory or mapped files below the mount: "mariadbd (pid 4711)".
/// Only those that we may look into.
std::vector<std::string> users_of_mount(const Path& mountpoint);

}  // namespace lifeboat::volume
