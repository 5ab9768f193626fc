// Each callback turns one kernel request into engine calls and exactly one reply, which is always its last act: an
// exception before it becomes an error reply, after it nothing can throw.
#include "volume/fuse_operations.h"

#include <fcntl.h>
#include <linux/falloc.h>
#include <linux/fs.h>
#include <linux/fuse.h>
#include <sys/statvfs.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cmath>
#include <cstring>

#include "base/error.h"
#include "volume/fuse_errors.h"

namespace lifeboat::volume {
namespace {

/// Nobody but this mount changes the files, so the kernel may keep what it knows.
constexpr std::uint64_t kValidSeconds = 86400;
constexpr std::uint32_t kMaxRequestBytes = 1U << 20U;
constexpr std::uint32_t kBackgroundMax = 64;

FuseContext& context_of(fuse_req_t request) {
  return *static_cast<FuseContext*>(::fuse_req_userdata(request));
}

/// Runs `work`, which replies; an exception becomes the error reply.
template <typename Work>
void answer(fuse_req_t request, std::string_view operation, InodeNumber inode, Work&& work) noexcept {
  FuseContext& context = context_of(request);
  try {
    work(context);
  } catch (...) {
    ::fuse_reply_err(request, handle_error(context, operation, inode));
  }
}

std::uint32_t type_bits(vault::FileType type) {
  switch (type) {
    case vault::FileType::kDirectory:
      return S_IFDIR;
    case vault::FileType::kSymlink:
      return S_IFLNK;
    case vault::FileType::kFile:
      break;
  }
  return S_IFREG;
}

timespec to_timespec(std::int64_t ns) {
  constexpr std::int64_t kNsPerSecond = 1'000'000'000;
  std::int64_t seconds = ns / kNsPerSecond;
  std::int64_t rest = ns % kNsPerSecond;
  if (rest < 0) {
    rest += kNsPerSecond;
    --seconds;
  }
  return {.tv_sec = seconds, .tv_nsec = rest};
}

struct stat to_stat(const Attributes& attributes) {
  struct stat out{};
  out.st_ino = attributes.inode;
  out.st_mode = type_bits(attributes.type) | (attributes.mode & 07777U);
  out.st_nlink = attributes.links;
  out.st_uid = attributes.uid;
  out.st_gid = attributes.gid;
  out.st_size = static_cast<off_t>(attributes.size);
  out.st_blocks = static_cast<blkcnt_t>(attributes.blocks_512);
  out.st_blksize = vault::kBlockBytes;
  out.st_mtim = to_timespec(attributes.mtime_ns);
  out.st_ctim = out.st_mtim;
  out.st_atim = out.st_mtim;
  return out;
}

fuse_entry_param to_entry(const Attributes& attributes) {
  fuse_entry_param out{};
  out.ino = attributes.inode;
  out.attr = to_stat(attributes);
  out.attr_timeout = static_cast<double>(kValidSeconds);
  out.entry_timeout = static_cast<double>(kValidSeconds);
  return out;
}

/// Counts the lookup that this reply is and sends it.
void reply_entry(fuse_req_t request, FuseContext& context, InodeNumber parent, std::string_view name,
                 const Attributes& attributes) {
  const fuse_entry_param entry = to_entry(attributes);
  context.inodes.remember(attributes.inode, parent, name);
  if (::fuse_reply_entry(request, &entry) != 0) context.inodes.forget(attributes.inode, 1);
}

void reply_attributes(fuse_req_t request, const Attributes& attributes) {
  const struct stat out = to_stat(attributes);
  ::fuse_reply_attr(request, &out, static_cast<double>(kValidSeconds));
}

// Name space

void on_lookup(fuse_req_t request, fuse_ino_t parent, const char* name) {
  answer(request, "lookup", parent, [&](FuseContext& context) {
    reply_entry(request, context, parent, name, context.volume.lookup(parent, name));
  });
}

void on_forget(fuse_req_t request, fuse_ino_t inode, std::uint64_t times) {
  context_of(request).inodes.forget(inode, times);
  ::fuse_reply_none(request);
}

void on_forget_multi(fuse_req_t request, std::size_t count, fuse_forget_data* forgets) {
  InodeTable& inodes = context_of(request).inodes;
  for (const fuse_forget_data& each : std::span(forgets, count)) inodes.forget(each.ino, each.nlookup);
  ::fuse_reply_none(request);
}

void on_getattr(fuse_req_t request, fuse_ino_t inode, fuse_file_info*) {
  answer(request, "getattr", inode,
         [&](FuseContext& context) { reply_attributes(request, context.volume.attributes(inode)); });
}

std::int64_t to_ns(const timespec& time) {
  return static_cast<std::int64_t>(time.tv_sec) * 1'000'000'000 + time.tv_nsec;
}

std::int64_t now_ns() {
  timespec time{};
  ::clock_gettime(CLOCK_REALTIME, &time);
  return to_ns(time);
}

void on_setattr(fuse_req_t request, fuse_ino_t inode, struct stat* wanted, int which, fuse_file_info*) {
  answer(request, "setattr", inode, [&](FuseContext& context) {
    AttributeChange change;
    if ((which & FUSE_SET_ATTR_MODE) != 0) change.mode = wanted->st_mode & 07777U;
    if ((which & FUSE_SET_ATTR_UID) != 0) change.uid = wanted->st_uid;
    if ((which & FUSE_SET_ATTR_GID) != 0) change.gid = wanted->st_gid;
    if ((which & FUSE_SET_ATTR_SIZE) != 0) change.size = static_cast<std::uint64_t>(wanted->st_size);
    if ((which & FUSE_SET_ATTR_MTIME) != 0) change.mtime_ns = to_ns(wanted->st_mtim);
    if ((which & FUSE_SET_ATTR_MTIME_NOW) != 0) change.mtime_ns = now_ns();
    reply_attributes(request, context.volume.set_attributes(inode, change));
  });
}

void on_readlink(fuse_req_t request, fuse_ino_t inode) {
  answer(request, "readlink", inode, [&](FuseContext& context) {
    const std::string target = context.volume.read_link(inode);
    ::fuse_reply_readlink(request, target.c_str());
  });
}

Attributes make(fuse_req_t request, FuseContext& context, InodeNumber parent, const char* name, vault::FileType type,
                mode_t mode, std::string_view target = {}) {
  const fuse_ctx* caller = ::fuse_req_ctx(request);
  return context.volume.create(parent, name, type, mode & 07777U, caller->uid, caller->gid, target);
}

void on_mknod(fuse_req_t request, fuse_ino_t parent, const char* name, mode_t mode, dev_t) {
  if (!S_ISREG(mode)) {
    ::fuse_reply_err(request, EPERM);
    return;
  }
  answer(request, "mknod", parent, [&](FuseContext& context) {
    reply_entry(request, context, parent, name, make(request, context, parent, name, vault::FileType::kFile, mode));
  });
}

void on_mkdir(fuse_req_t request, fuse_ino_t parent, const char* name, mode_t mode) {
  answer(request, "mkdir", parent, [&](FuseContext& context) {
    reply_entry(request, context, parent, name,
                make(request, context, parent, name, vault::FileType::kDirectory, mode));
  });
}

void on_symlink(fuse_req_t request, const char* target, fuse_ino_t parent, const char* name) {
  answer(request, "symlink", parent, [&](FuseContext& context) {
    reply_entry(request, context, parent, name,
                make(request, context, parent, name, vault::FileType::kSymlink, 0777, target));
  });
}

void remove_name(fuse_req_t request, fuse_ino_t parent, const char* name, bool directory) {
  FuseContext& context = context_of(request);
  int error = 0;
  try {
    context.volume.remove(parent, name, directory);
  } catch (...) {
    error = handle_error(context, directory ? "rmdir" : "unlink", parent);
  }
  ::fuse_reply_err(request, error);
}

void on_unlink(fuse_req_t request, fuse_ino_t parent, const char* name) {
  remove_name(request, parent, name, false);
}

void on_rmdir(fuse_req_t request, fuse_ino_t parent, const char* name) {
  remove_name(request, parent, name, true);
}

void on_rename(fuse_req_t request, fuse_ino_t parent, const char* name, fuse_ino_t new_parent, const char* new_name,
               unsigned flags) {
  if ((flags & ~static_cast<unsigned>(RENAME_NOREPLACE)) != 0) {
    ::fuse_reply_err(request, EINVAL);
    return;
  }
  FuseContext& context = context_of(request);
  int error = 0;
  try {
    const InodeNumber inode = context.volume.lookup(parent, name).inode;
    context.volume.rename(parent, name, new_parent, new_name, (flags & RENAME_NOREPLACE) != 0);
    context.inodes.renamed(inode, new_parent, new_name);
  } catch (...) {
    error = handle_error(context, "rename", parent);
  }
  ::fuse_reply_err(request, error);
}

// Directories

/// One reading of a directory: its names as they were when it was opened.
struct Listing {
  std::vector<DirectoryEntry> entries;
};

Listing* listing_of(const fuse_file_info* file) {
  // The handle that on_opendir gave out.
  return reinterpret_cast<Listing*>(file->fh);  // NOLINT(performance-no-int-to-ptr)
}

void on_opendir(fuse_req_t request, fuse_ino_t inode, fuse_file_info* file) {
  answer(request, "opendir", inode, [&](FuseContext& context) {
    auto listing = std::make_unique<Listing>();
    listing->entries = context.volume.list(inode);
    file->fh = reinterpret_cast<std::uint64_t>(listing.get());
    if (::fuse_reply_open(request, file) == 0) static_cast<void>(listing.release());
  });
}

void on_releasedir(fuse_req_t request, fuse_ino_t, fuse_file_info* file) {
  const std::unique_ptr<Listing> owner(listing_of(file));
  ::fuse_reply_err(request, 0);
}

/// A buffer that each worker keeps, so that no request allocates.
ByteSpan thread_buffer(std::size_t size) {
  static thread_local Bytes buffer;
  if (buffer.size() < size) buffer.resize(size);
  return {buffer.data(), size};
}

void on_readdir(fuse_req_t request, fuse_ino_t inode, std::size_t size, off_t offset, fuse_file_info* file) {
  answer(request, "readdir", inode, [&](FuseContext&) {
    const Listing& listing = *listing_of(file);
    const ByteSpan out = thread_buffer(std::min<std::size_t>(size, kMaxRequestBytes));
    std::size_t used = 0;
    for (auto at = static_cast<std::size_t>(offset); at < listing.entries.size(); ++at) {
      const DirectoryEntry& each = listing.entries[at];
      struct stat attributes{};
      attributes.st_ino = each.inode;
      attributes.st_mode = type_bits(each.type);
      const std::size_t needed =
          ::fuse_add_direntry(request, reinterpret_cast<char*>(out.data()) + used, out.size() - used, each.name.c_str(),
                              &attributes, static_cast<off_t>(at + 1));
      if (needed > out.size() - used) break;
      used += needed;
    }
    ::fuse_reply_buf(request, reinterpret_cast<const char*>(out.data()), used);
  });
}

/// As readdir, with attributes; every entry told is a lookup that the kernel will forget.
void on_readdirplus(fuse_req_t request, fuse_ino_t inode, std::size_t size, off_t offset, fuse_file_info* file) {
  answer(request, "readdirplus", inode, [&](FuseContext& context) {
    const Listing& listing = *listing_of(file);
    const ByteSpan out = thread_buffer(std::min<std::size_t>(size, kMaxRequestBytes));
    std::size_t used = 0;
    std::vector<InodeNumber> told;
    for (auto at = static_cast<std::size_t>(offset); at < listing.entries.size(); ++at) {
      const DirectoryEntry& each = listing.entries[at];
      fuse_entry_param entry{};
      try {
        entry = to_entry(context.volume.attributes(each.inode));
        context.inodes.remember(each.inode, inode, each.name);
      } catch (const Exception&) {
        continue;  // removed since the directory was opened
      }
      const std::size_t needed =
          ::fuse_add_direntry_plus(request, reinterpret_cast<char*>(out.data()) + used, out.size() - used,
                                   each.name.c_str(), &entry, static_cast<off_t>(at + 1));
      if (needed > out.size() - used) {
        context.inodes.forget(each.inode, 1);
        break;
      }
      told.push_back(each.inode);
      used += needed;
    }
    if (::fuse_reply_buf(request, reinterpret_cast<const char*>(out.data()), used) == 0) return;
    for (InodeNumber each : told) context.inodes.forget(each, 1);
  });
}

// Content

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

void on_write(fuse_req_t request, fuse_ino_t inode, const char* data, std::size_t size, off_t offset, fuse_file_info*) {
  answer(request, "write", inode, [&](FuseContext& context) {
    context.volume.write(inode, static_cast<std::uint64_t>(offset), as_bytes({data, size}));
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
