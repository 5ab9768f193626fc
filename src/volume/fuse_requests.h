/// What the callbacks of fuse_names.cc, fuse_directories.cc and fuse_content.cc have in common.
///
/// Each callback turns one kernel request into engine calls and exactly one reply, which is always its last act: an
/// exception before it becomes an error reply, after it nothing can throw.
#pragma once

#include <sys/stat.h>

#include <string_view>
#include <utility>

#include "volume/fuse_errors.h"
#include "volume/fuse_operations.h"

namespace lifeboat::volume {

/// Nobody but this mount changes the files, so the kernel may keep what it knows.
inline constexpr std::uint64_t kValidSeconds = 86400;
inline constexpr std::uint32_t kMaxRequestBytes = 1U << 20U;

inline FuseContext& context_of(fuse_req_t request) {
  return *static_cast<FuseContext*>(::fuse_req_userdata(request));
}

/// Runs `work`, which replies; an exception becomes the error reply.
template <typename Work>
void answer(fuse_req_t request, std::string_view operation, InodeNumber inode, Work&& work) noexcept {
  FuseContext& context = context_of(request);
  try {
    std::forward<Work>(work)(context);
  } catch (...) {
    ::fuse_reply_err(request, handle_error(context, operation, inode));
  }
}

std::uint32_t type_bits(vault::FileType type);
struct stat to_stat(const Attributes& attributes);
fuse_entry_param to_entry(const Attributes& attributes);
std::int64_t to_ns(const timespec& time);
std::int64_t now_ns();
/// Makes what mknod, mkdir, symlink and create ask for, owned by who asks.
Attributes make(fuse_req_t request, FuseContext& context, InodeNumber parent, const char* name, vault::FileType type,
                mode_t mode, std::string_view target = {});
/// A buffer that each worker keeps, so that no request allocates.
ByteSpan thread_buffer(std::size_t size);

void on_lookup(fuse_req_t request, fuse_ino_t parent, const char* name);
void on_forget(fuse_req_t request, fuse_ino_t inode, std::uint64_t times);
void on_forget_multi(fuse_req_t request, std::size_t count, fuse_forget_data* forgets);
void on_getattr(fuse_req_t request, fuse_ino_t inode, fuse_file_info*);
void on_setattr(fuse_req_t request, fuse_ino_t inode, struct stat* wanted, int which, fuse_file_info*);
void on_readlink(fuse_req_t request, fuse_ino_t inode);
void on_mknod(fuse_req_t request, fuse_ino_t parent, const char* name, mode_t mode, dev_t);
void on_mkdir(fuse_req_t request, fuse_ino_t parent, const char* name, mode_t mode);
void on_symlink(fuse_req_t request, const char* target, fuse_ino_t parent, const char* name);
void on_unlink(fuse_req_t request, fuse_ino_t parent, const char* name);
void on_rmdir(fuse_req_t request, fuse_ino_t parent, const char* name);
void on_rename(fuse_req_t request, fuse_ino_t parent, const char* name, fuse_ino_t new_parent, const char* new_name,
               unsigned flags);
void on_opendir(fuse_req_t request, fuse_ino_t inode, fuse_file_info* file);
void on_releasedir(fuse_req_t request, fuse_ino_t, fuse_file_info* file);
void on_readdir(fuse_req_t request, fuse_ino_t inode, std::size_t size, off_t offset, fuse_file_info* file);
void on_readdirplus(fuse_req_t request, fuse_ino_t inode, std::size_t size, off_t offset, fuse_file_info* file);
void on_open(fuse_req_t request, fuse_ino_t inode, fuse_file_info* file);
void on_create(fuse_req_t request, fuse_ino_t parent, const char* name, mode_t mode, fuse_file_info*);
void on_release(fuse_req_t request, fuse_ino_t inode, fuse_file_info*);
void on_read(fuse_req_t request, fuse_ino_t inode, std::size_t size, off_t offset, fuse_file_info*);
void on_write(fuse_req_t request, fuse_ino_t inode, const char* data, std::size_t size, off_t offset, fuse_file_info*);
void on_fsync(fuse_req_t request, fuse_ino_t inode, int, fuse_file_info*);
void on_fallocate(fuse_req_t request, fuse_ino_t inode, int mode, off_t offset, off_t length, fuse_file_info*);

}  // namespace lifeboat::volume
