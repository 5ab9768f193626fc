/// Serves a Volume as a FUSE mount: a thin, multi-threaded translation of kernel requests into engine calls.
///
/// Caching rules (docs/internals/volume-process.md): files that InnoDB caches itself bypass the page cache;
/// all others are cached, written through, and kept cached, since nobody else writes them. Locks are the kernel's own,
/// local to the mount; the engine's lease keeps a second mount away.
///
/// Ownership: borrows the volume, which must outlive it. Threads: any. Errors: Exception; in a request they become
/// errno, and damage is logged with the file's path.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "base/file.h"
#include "volume/volume.h"

namespace lifeboat::volume {

struct FuseOptions {
  Path mountpoint;              ///< an existing, empty directory
  std::string name;             ///< the mount's source in /proc/mounts is `lifeboat:<name>`
  Path local_directory;         ///< whose disk bounds the free space shown
  std::uint64_t space_max = 0;  ///< as in VolumeOptions
  unsigned threads = 0;         ///< 0: chosen
};

/// A mount for as long as it lives.
class FuseMount {
 public:
  /// Mounted and answering when it returns.
  FuseMount(Volume& volume, FuseOptions options);
  /// Detaches the mount if it is still there (open files then fail) and ends the threads.
  ~FuseMount();
  FuseMount(const FuseMount&) = delete;
  FuseMount& operator=(const FuseMount&) = delete;

  /// Unmounts if nothing uses the mount; throws kBusy (changing nothing) if something does.
  void unmount();
  /// True once the mount is gone, by whoever's hand.
  bool ended() const;
  bool wait_until_ended(std::chrono::milliseconds timeout) const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

/// Whether a file of this name bypasses the page cache.
bool bypasses_page_cache(std::string_view file_name);

}  // namespace lifeboat::volume
