// Requests about what is in a directory.
#include <algorithm>
#include <memory>
#include <vector>

#include "base/error.h"
#include "volume/fuse_requests.h"

namespace lifeboat::volume {
namespace {

/// One reading of a directory: its names as they were when it was opened.
struct Listing {
  std::vector<DirectoryEntry> entries;
};

Listing* listing_of(const fuse_file_info* file) {
  // The handle that on_opendir gave out.
  return reinterpret_cast<Listing*>(file->fh);  // NOLINT(performance-no-int-to-ptr)
}

}  // namespace

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

}  // namespace lifeboat::volume
