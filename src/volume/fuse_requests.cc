#include "volume/fuse_requests.h"

#include <unistd.h>

#include <ctime>

namespace lifeboat::volume {
namespace {

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

}  // namespace

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

struct stat to_stat(const Attributes& attributes) {
  struct stat out{};
  out.st_ino = attributes.inode;
  out.st_mode = type_bits(attributes.type) | (attributes.mode & 07777U);
  out.st_nlink = attributes.links;
  // Nobody but a plain user himself may enter his mount: what he sees there is his, or his server could not use it.
  static const bool is_root = ::geteuid() == 0;
  out.st_uid = is_root ? attributes.uid : ::geteuid();
  out.st_gid = is_root ? attributes.gid : ::getegid();
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

std::int64_t to_ns(const timespec& time) {
  return static_cast<std::int64_t>(time.tv_sec) * 1'000'000'000 + time.tv_nsec;
}

std::int64_t now_ns() {
  timespec time{};
  ::clock_gettime(CLOCK_REALTIME, &time);
  return to_ns(time);
}

Attributes make(fuse_req_t request, FuseContext& context, InodeNumber parent, const char* name, vault::FileType type,
                mode_t mode, std::string_view target) {
  const fuse_ctx* caller = ::fuse_req_ctx(request);
  return context.volume.create(parent, name, type, mode & 07777U, caller->uid, caller->gid, target);
}

/// A buffer that each worker keeps, so that no request allocates.
ByteSpan thread_buffer(std::size_t size) {
  static thread_local Bytes buffer;
  if (buffer.size() < size) buffer.resize(size);
  return {buffer.data(), size};
}

}  // namespace lifeboat::volume
