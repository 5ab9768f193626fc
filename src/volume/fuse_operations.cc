#include "volume/fuse_operations.h"

#include <sys/statvfs.h>

#include <algorithm>
#include <cerrno>

#include "base/error.h"
#include "volume/fuse_requests.h"

namespace lifeboat::volume {
namespace {

constexpr std::uint32_t kBackgroundMax = 64;

void on_statfs(fuse_req_t request, fuse_ino_t inode) {
  answer(request, "statfs", inode, [&](FuseContext& context) {
    struct statvfs disk{};
    if (::statvfs(context.options.local_directory.c_str(), &disk) != 0) fail_errno("statvfs", errno);
    const VolumeStatus status = context.volume.status();
    std::uint64_t free_bytes = disk.f_bavail * disk.f_frsize;
    if (const std::uint64_t bound = context.options.space_max; bound != 0) {
      free_bytes = std::min(free_bytes, bound - std::min(bound, status.local_bytes));
    }
    struct statvfs out{};
    out.f_bsize = vault::kBlockBytes;
    out.f_frsize = vault::kBlockBytes;
    out.f_bfree = free_bytes / vault::kBlockBytes;
    out.f_bavail = out.f_bfree;
    out.f_blocks = (status.bytes / vault::kBlockBytes) + out.f_bfree;
    out.f_files = disk.f_files;
    out.f_ffree = disk.f_ffree;
    out.f_favail = disk.f_favail;
    out.f_namemax = 255;
    ::fuse_reply_statfs(request, &out);
  });
}

void on_init(void*, fuse_conn_info* connection) {
  connection->max_write = kMaxRequestBytes;
  connection->max_readahead = kMaxRequestBytes;
  connection->max_background = kBackgroundMax;
  connection->congestion_threshold = kBackgroundMax * 3 / 4;
  connection->time_gran = 1;
  const unsigned wanted = FUSE_CAP_ASYNC_READ | FUSE_CAP_ASYNC_DIO | FUSE_CAP_PARALLEL_DIROPS |
                          FUSE_CAP_ATOMIC_O_TRUNC | FUSE_CAP_READDIRPLUS | FUSE_CAP_READDIRPLUS_AUTO |
                          FUSE_CAP_CACHE_SYMLINKS;
  // Only what this kernel offers. Splicing and automatic invalidation stay off: data is copied once into memory
  // either way, and nobody changes files behind the mount.
  connection->want = connection->capable & wanted;
}

fuse_lowlevel_ops make_operations() {
  fuse_lowlevel_ops ops{};
  ops.init = on_init;
  ops.lookup = on_lookup;
  ops.forget = on_forget;
  ops.forget_multi = on_forget_multi;
  ops.getattr = on_getattr;
  ops.setattr = on_setattr;
  ops.readlink = on_readlink;
  ops.mknod = on_mknod;
  ops.mkdir = on_mkdir;
  ops.symlink = on_symlink;
  ops.unlink = on_unlink;
  ops.rmdir = on_rmdir;
  ops.rename = on_rename;
  ops.opendir = on_opendir;
  ops.readdir = on_readdir;
  ops.readdirplus = on_readdirplus;
  ops.releasedir = on_releasedir;
  ops.fsyncdir = on_fsync;
  ops.open = on_open;
  ops.create = on_create;
  ops.release = on_release;
  ops.read = on_read;
  ops.write = on_write;
  ops.fsync = on_fsync;
  ops.fallocate = on_fallocate;
  ops.statfs = on_statfs;
  return ops;
}

}  // namespace

const fuse_lowlevel_ops& fuse_operations() {
  static const fuse_lowlevel_ops ops = make_operations();
  return ops;
}

}  // namespace lifeboat::volume
