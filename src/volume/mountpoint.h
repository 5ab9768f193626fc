/// The directory that a volume is mounted at: where it may be, what it must be like, and that one process has it.
/// Errors: Exception. Threads: one Mountpoint, one thread at a time.
#pragma once

#include <string_view>

#include "base/file.h"

namespace lifeboat::volume {

/// Absolute, without dots or a slash at its end; links are not resolved.
Path whole_path(const Path& path);

/// kRefused if `mountpoint` is the state directory, lies in it, or is around it: the mount would hide what volumes
/// need.
void check_outside_state(const Path& mountpoint, const Path& state_root);

/// Held from before the mount until the process ends.
class Mountpoint {
 public:
  /// Takes a dead mount of the volume `name` away from there, and makes the directory if there is none. kBusy if
  /// something is mounted there or is about to be, by whatever process; kUsage if it is no empty directory; kRefused if
  /// it lies in a volume.
  Mountpoint(const Path& path, std::string_view name);
  /// For a mount that came to nothing: the directory goes if it was made for it.
  void give_up() noexcept;

 private:
  void take();

  Path path_;
  bool made_ = false;
  UniqueFd held_;  ///< the directory below the mount, locked
};

}  // namespace lifeboat::volume
