// Requests about names and attributes.
#include <fcntl.h>
#include <linux/fs.h>

#include <cerrno>
#include <span>

#include "base/error.h"
#include "volume/fuse_requests.h"

namespace lifeboat::volume {
namespace {

/// Counts the lookup that this reply is and sends it.
void reply_entry(fuse_req_t request, FuseContext& context, InodeNumber parent, std::string_view name,
                 const Attributes& attributes) {
  const fuse_entry_param entry = to_entry(attributes);
  context.inodes.remember(attributes.inode, parent, name);
  if (::fuse_reply_entry(request, &entry) != 0) context.inodes.forget(attributes.inode, 1);
}

/// Lets the kernel remember that there is no such name: it hears of every one that is made.
void reply_absent(fuse_req_t request) {
  fuse_entry_param absent{};
  absent.entry_timeout = static_cast<double>(kValidSeconds);
  ::fuse_reply_entry(request, &absent);
}

void reply_attributes(fuse_req_t request, const Attributes& attributes) {
  const struct stat out = to_stat(attributes);
  ::fuse_reply_attr(request, &out, static_cast<double>(kValidSeconds));
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

}  // namespace

void on_lookup(fuse_req_t request, fuse_ino_t parent, const char* name) {
  answer(request, "lookup", parent, [&](FuseContext& context) {
    try {
      reply_entry(request, context, parent, name, context.volume.lookup(parent, name));
    } catch (const Exception& e) {
      if (e.code() != Code::kNotFound) throw;
      reply_absent(request);
    }
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

}  // namespace lifeboat::volume
