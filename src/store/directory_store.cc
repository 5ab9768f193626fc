#include "store/directory_store.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>

#include "base/error.h"
#include "base/random.h"
#include "store/directory_files.h"
#include "store/driver.h"
#include "store/url.h"

namespace lifeboat::store {
namespace {

constexpr std::size_t kOpenFilesMax = 128;
// Written bytes are sent on to the disk in steps of this size, so that the sync at the end finds little left to do.
constexpr std::uint64_t kWriteBackBytes = std::uint64_t{1} << 20U;
// Enough for the mark of some ten thousand packs; the least is enough for a small one.
constexpr off_t kReserveBytes = off_t{4} << 20U;
constexpr off_t kReserveBytesMin = off_t{64} << 10U;

struct stat stat_of(const UniqueFd& fd, const Path& path) {
  struct stat info{};
  if (::fstat(fd.get(), &info) != 0) fail_errno(format("stat {}", path.string()), errno);
  return info;
}

SystemTime modification_time(const struct stat& info) {
  return from_unix_ms(std::int64_t{info.st_mtim.tv_sec} * 1000 + info.st_mtim.tv_nsec / 1'000'000);
}

/// One file in `~tmp/` on its way to becoming an object; unlinked by the destructor unless it became one.
class UnfinishedFile final : public ObjectWriter {
 public:
  UnfinishedFile(DirectoryFiles& files, std::string_view name)
      : files_(files), name_(name), directory_(files.make_directory(kUnfinishedDirectory)), leaf_(random_hex(16)) {
    fd_ = UniqueFd(::openat(directory_.get(), leaf_.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600));
    if (!fd_.valid()) fail_errno(format("create {}", path()), errno);
  }

  ~UnfinishedFile() override {
    if (fd_.valid()) ::unlinkat(directory_.get(), leaf_.c_str(), 0);
  }

  void append(ByteView bytes) override {
    write_full(fd_.get(), bytes, path());
    size_ += bytes.size();
    if (size_ - sent_ < kWriteBackBytes) return;
    // Only a hint: where the file system has no such thing, the sync at the end does all the work.
    ::sync_file_range(fd_.get(), static_cast<off_t>(sent_), static_cast<off_t>(size_ - sent_), SYNC_FILE_RANGE_WRITE);
    sent_ = size_;
  }

  void commit() override {
    sync_file(fd_.get(), path());
    const auto [parent, leaf] = split_name(name_);
    const UniqueFd parent_fd = files_.make_directory(parent);
    give_name(parent_fd.get(), std::string(leaf));
    fd_.reset();
    sync_file(parent_fd.get(), files_.path_of(parent).string());
  }

 private:
  std::string path() const { return (files_.path_of(kUnfinishedDirectory) / leaf_).string(); }

  void give_name(int parent, const std::string& leaf) {
    if (::renameat2(directory_.get(), leaf_.c_str(), parent, leaf.c_str(), RENAME_NOREPLACE) == 0) return;
    if (errno == EINVAL || errno == ENOSYS) {  // a file system without RENAME_NOREPLACE (NFS)
      if (::linkat(directory_.get(), leaf_.c_str(), parent, leaf.c_str(), 0) == 0 || is_ours(parent, leaf)) {
        ::unlinkat(directory_.get(), leaf_.c_str(), 0);
        return;
      }
    }
    if (errno == EEXIST) fail_exists("file://" + files_.root().string(), name_);
    if (errno == ENOENT) {
      fail(Code::kConflict, format("{} was removed before it was finished", path()),
           "Somebody cleaned up unfinished objects while this one was still being written; start again.");
    }
    fail_errno(format("rename {} to {}", path(), files_.path_of(name_).string()), errno);
  }

  // After a lost answer NFS may say "exists" of the link it has just made for us. Keeps errno.
  bool is_ours(int parent, const std::string& leaf) const {
    const int error = errno;
    struct stat mine{};
    struct stat named{};
    const bool same = error == EEXIST && ::fstat(fd_.get(), &mine) == 0 &&
                      ::fstatat(parent, leaf.c_str(), &named, AT_SYMLINK_NOFOLLOW) == 0 &&
                      mine.st_dev == named.st_dev && mine.st_ino == named.st_ino;
    errno = error;
    return same;
  }

  DirectoryFiles& files_;
  std::string name_;
  UniqueFd directory_;
  std::string leaf_;
  UniqueFd fd_;
  std::uint64_t size_ = 0;
  std::uint64_t sent_ = 0;
};

class DirectoryStore final : public Store {
 public:
  explicit DirectoryStore(const Path& root) : files_(root), open_files_(kOpenFilesMax) {}

  std::string url() const override { return "file://" + uri_encode(files_.root().string(), true); }

  void put(std::string_view name, ByteView bytes) override {
    const auto writer = create(name);
    writer->append(bytes);
    writer->commit();
  }

  std::unique_ptr<ObjectWriter> create(std::string_view name) override {
    check_name(name);
    return std::make_unique<UnfinishedFile>(files_, name);
  }

  void get_range(std::string_view name, std::uint64_t offset, ByteSpan out) override {
    check_name(name);
    const std::shared_ptr<const UniqueFd> fd = open_for_reading(name);
    const std::size_t size = pread_full(fd->get(), out, offset, files_.path_of(name).string());
    if (size < out.size()) fail_short(url(), name, offset + size, offset + out.size());
  }

  Bytes get(std::string_view name, std::size_t max_size) override {
    check_name(name);
    const UniqueFd fd = open_object(name);
    const std::uint64_t size = size_of(fd, name);
    if (size > max_size) fail_large(url(), name, max_size);
    Bytes content(static_cast<std::size_t>(size));
    if (const std::size_t read = pread_full(fd.get(), content, 0, files_.path_of(name).string()); read < size) {
      fail_short(url(), name, read, size);
    }
    return content;
  }

  std::optional<ObjectInfo> find(std::string_view name) override {
    check_name(name);
    const UniqueFd fd = files_.find(name, O_PATH);
    if (!fd.valid()) return std::nullopt;
    const struct stat info = stat_of(fd, files_.path_of(name));
    if (!S_ISREG(info.st_mode)) return std::nullopt;
    return ObjectInfo{std::string(name), static_cast<std::uint64_t>(info.st_size), modification_time(info)};
  }

  void list(std::string_view prefix, const std::function<void(const ObjectInfo&)>& each) override {
    const std::string_view directory = split_name(prefix).directory;
    if (!directory.empty()) check_name(directory);
    list_below(directory, prefix, each);
  }

  void remove(std::string_view name) override {
    check_name(name);
    open_files_.forget(name);
    const auto [parent, leaf] = split_name(name);
    const UniqueFd fd = files_.find(parent, O_RDONLY | O_DIRECTORY);
    if (!fd.valid()) return;
    if (::unlinkat(fd.get(), std::string(leaf).c_str(), 0) != 0) {
      if (errno == ENOENT || errno == EISDIR) return;
      fail_errno(format("remove {}", files_.path_of(name).string()), errno);
    }
    sync_file(fd.get(), files_.path_of(parent).string());
  }

  // The file system stamps the time, so hosts that share one over a network agree. Who may not write, or finds
  // no directory yet, has nothing to date by it.
  SystemTime clock() override {
    const UniqueFd root = files_.find("", O_RDONLY | O_DIRECTORY);
    if (!root.valid() || ::futimens(root.get(), nullptr) != 0) return now();
    return modification_time(stat_of(root, files_.root()));
  }

  std::chrono::milliseconds latency() const override { return {}; }

  void release_reserve() noexcept override { ::unlink(reserve().c_str()); }

  void keep_reserve() noexcept override {
    for (off_t bytes = kReserveBytes; bytes >= kReserveBytesMin; bytes /= 2) {
      const UniqueFd fd(::open(reserve().c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600));
      if (!fd.valid() || ::posix_fallocate(fd.get(), 0, bytes) == 0) return;
      release_reserve();
    }
  }

  std::uint64_t remove_unfinished(std::chrono::milliseconds age) override {
    const SystemTime before = clock() - age;
    const UniqueFd directory = files_.find(kUnfinishedDirectory, O_RDONLY | O_DIRECTORY);
    if (!directory.valid()) return 0;
    std::uint64_t freed = 0;
    for (const DirectoryItem& item : files_.list(kUnfinishedDirectory)) {
      struct stat info{};
      const bool there = ::fstatat(directory.get(), item.name.c_str(), &info, AT_SYMLINK_NOFOLLOW) == 0;
      if (!there || !S_ISREG(info.st_mode) || modification_time(info) > before) continue;
      if (::unlinkat(directory.get(), item.name.c_str(), 0) == 0) freed += static_cast<std::uint64_t>(info.st_size);
    }
    return freed;
  }

 private:
  std::string reserve() const { return (files_.root() / kReserveFile).string(); }

  UniqueFd open_object(std::string_view name) const {
    UniqueFd fd = files_.find(name, O_RDONLY | O_NONBLOCK);  // a pipe in its place must not make us wait
    if (!fd.valid()) fail_not_found(url(), name);
    return fd;
  }

  std::uint64_t size_of(const UniqueFd& fd, std::string_view name) const {
    const struct stat info = stat_of(fd, files_.path_of(name));
    if (!S_ISREG(info.st_mode)) fail_not_found(url(), name);
    return static_cast<std::uint64_t>(info.st_size);
  }

  std::shared_ptr<const UniqueFd> open_for_reading(std::string_view name) {
    if (auto fd = open_files_.find(name)) {
      // Another process may have removed the object; its content is not to be served (nor kept on the disk) by us.
      if (stat_of(*fd, files_.path_of(name)).st_nlink > 0) return fd;
      open_files_.forget(name);
    }
    UniqueFd fd = open_object(name);
    size_of(fd, name);
    return open_files_.add(name, std::move(fd));
  }

  void list_below(std::string_view directory, std::string_view prefix,
                  const std::function<void(const ObjectInfo&)>& each) {
    for (const DirectoryItem& item : files_.list(directory)) {
      const std::string name = directory.empty() ? item.name : format("{}/{}", directory, item.name);
      if (!is_name(name)) continue;  // not an object, whoever put it there
      const std::size_t shared = std::min(name.size(), prefix.size());
      if (name.compare(0, shared, prefix, 0, shared) != 0) continue;
      if (item.is_directory) {
        list_below(name, prefix, each);
      } else if (name.size() >= prefix.size()) {
        // Removed since the directory was read: not listed.
        if (const auto info = find(name)) each(*info);
      }
    }
  }

  DirectoryFiles files_;
  OpenFiles open_files_;
};

}  // namespace

std::unique_ptr<Store> open_directory_store(const Path& root) {
  if (root.empty()) fail(Code::kUsage, "the store's directory has no name");
  Path absolute = std::filesystem::absolute(root).lexically_normal();
  if (!absolute.has_filename()) absolute = absolute.parent_path();
  return std::make_unique<DirectoryStore>(absolute);
}

}  // namespace lifeboat::store
