/// The kernel's requests, one callback each, for fuse_adapter.cc alone.
#pragma once

#define FUSE_USE_VERSION 312
#include <fuse3/fuse_lowlevel.h>

#include <atomic>

#include "volume/fuse_adapter.h"
#include "volume/inode_table.h"

namespace lifeboat::volume {

/// What the callbacks work on: the session's user data.
struct FuseContext {
  FuseContext(Volume& the_volume, FuseOptions the_options) : volume(the_volume), options(std::move(the_options)) {}
  Volume& volume;
  FuseOptions options;
  InodeTable inodes;
  std::atomic<std::int64_t> last_out_of_space_log{0};  ///< seconds of the steady clock
};

const fuse_lowlevel_ops& fuse_operations();

}  // namespace lifeboat::volume
