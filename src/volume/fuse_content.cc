// Requests about open files and their content.
#include <fcntl.h>
#include <linux/falloc.h>
#include <linux/fuse.h>

#include <algorithm>
#include <array>

#include "base/error.h"
#include "volume/fuse_requests.h"

namespace lifeboat::volume {
namespace {

/// The reply to open as the kernel knows it: libfuse 3.14 has no name for parallel direct writes.
fuse_open_out open_reply(FuseContext& context, InodeNumber inode) {
  const std::uint32_t caching = context.inodes.bypasses_cache(inode) ? FOPEN_DIRECT_IO | FOPEN_PARALLEL_DIRECT_WRITES
                                                                     : static_cast<std::uint32_t>(FOPEN_KEEP_CACHE);
  return {.fh = 0, .open_flags = caching | FOPEN_NOFLUSH, .padding = 0};
}

void close_file(FuseContext& context, InodeNumber inode) noexcept {
  try {
    context.volume.closed(inode);
  } catch (...) {
    handle_error(context, "release", inode);
  }
}

fuse_entry_out entry_reply(const Attributes& attributes) {
  const struct stat from = to_stat(attributes);
  fuse_entry_out out{};
  out.nodeid = attributes.inode;
  out.entry_valid = kValidSeconds;
  out.attr_valid = kValidSeconds;
  out.attr.ino = from.st_ino;
  out.attr.size = attributes.size;
  out.attr.blocks = attributes.blocks_512;
  out.attr.atime = static_cast<std::uint64_t>(from.st_atim.tv_sec);
  out.attr.mtime = static_cast<std::uint64_t>(from.st_mtim.tv_sec);
  out.attr.ctime = static_cast<std::uint64_t>(from.st_ctim.tv_sec);
  out.attr.atimensec = static_cast<std::uint32_t>(from.st_atim.tv_nsec);
  out.attr.mtimensec = static_cast<std::uint32_t>(from.st_mtim.tv_nsec);
  out.attr.ctimensec = static_cast<std::uint32_t>(from.st_ctim.tv_nsec);
  out.attr.mode = from.st_mode;
  out.attr.nlink = attributes.links;
  out.attr.uid = from.st_uid;
  out.attr.gid = from.st_gid;
  out.attr.blksize = vault::kBlockBytes;
  return out;
}

}  // namespace

void on_open(fuse_req_t request, fuse_ino_t inode, fuse_file_info* file) {
  answer(request, "open", inode, [&](FuseContext& context) {
    if ((file->flags & O_TRUNC) != 0) {
      AttributeChange change;
      change.size = 0;
      change.mtime_ns = now_ns();
      context.volume.set_attributes(inode, change);
    }
    const fuse_open_out reply = open_reply(context, inode);
    context.volume.opened(inode);
    if (::fuse_reply_buf(request, reinterpret_cast<const char*>(&reply), sizeof reply) != 0) close_file(context, inode);
  });
}

void on_create(fuse_req_t request, fuse_ino_t parent, const char* name, mode_t mode, fuse_file_info*) {
  answer(request, "create", parent, [&](FuseContext& context) {
    const Attributes made = make(request, context, parent, name, vault::FileType::kFile, mode);
    context.volume.opened(made.inode);
    context.inodes.remember(made.inode, parent, name);
    fuse_entry_out entry = entry_reply(made);
    fuse_open_out open = open_reply(context, made.inode);
    const std::array<iovec, 2> parts{{{&entry, sizeof entry}, {&open, sizeof open}}};
    if (::fuse_reply_iov(request, parts.data(), parts.size()) != 0) {
      close_file(context, made.inode);
      context.inodes.forget(made.inode, 1);
    }
  });
}

void on_release(fuse_req_t request, fuse_ino_t inode, fuse_file_info*) {
  close_file(context_of(request), inode);
  ::fuse_reply_err(request, 0);
}

void on_read(fuse_req_t request, fuse_ino_t inode, std::size_t size, off_t offset, fuse_file_info*) {
  answer(request, "read", inode, [&](FuseContext& context) {
    const ByteSpan out = thread_buffer(std::min<std::size_t>(size, kMaxRequestBytes));
    const std::size_t n = context.volume.read(inode, static_cast<std::uint64_t>(offset), out);
    ::fuse_reply_buf(request, reinterpret_cast<const char*>(out.data()), n);
  });
}

void on_write(fuse_req_t request, fuse_ino_t inode, const char* data, std::size_t size, off_t offset,
              fuse_file_info* file) {
  answer(request, "write", inode, [&](FuseContext& context) {
    context.volume.write(inode, static_cast<std::uint64_t>(offset), as_bytes({data, size}));
    // The kernel leaves O_DSYNC and O_SYNC to us where it does not cache.
    if ((file->flags & (O_DSYNC | O_SYNC)) != 0) context.volume.fsync(inode);
    ::fuse_reply_write(request, size);
  });
}

void on_fsync(fuse_req_t request, fuse_ino_t inode, int, fuse_file_info*) {
  answer(request, "fsync", inode, [&](FuseContext& context) {
    context.volume.fsync(inode);
    ::fuse_reply_err(request, 0);
  });
}

void on_fallocate(fuse_req_t request, fuse_ino_t inode, int mode, off_t offset, off_t length, fuse_file_info*) {
  answer(request, "fallocate", inode, [&](FuseContext& context) {
    const auto from = static_cast<std::uint64_t>(offset);
    auto count = static_cast<std::uint64_t>(length);
    Volume::Allocate how = Volume::Allocate::kReserve;
    if (mode == FALLOC_FL_KEEP_SIZE) {
      how = Volume::Allocate::kReserveKeepSize;
    } else if (mode == (FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE)) {
      how = Volume::Allocate::kPunchHole;
    } else if ((mode & ~FALLOC_FL_KEEP_SIZE) == FALLOC_FL_ZERO_RANGE) {
      how = Volume::Allocate::kZeroRange;
      if ((mode & FALLOC_FL_KEEP_SIZE) != 0) {
        const std::uint64_t size = context.volume.attributes(inode).size;
        count = from < size ? std::min(count, size - from) : 0;
      }
    } else if (mode != 0) {
      fail(Code::kUnsupported, format("fallocate mode {}", mode));
    }
    if (count > 0) context.volume.allocate(inode, from, count, how);
    ::fuse_reply_err(request, 0);
  });
}

}  // namespace lifeboat::volume
