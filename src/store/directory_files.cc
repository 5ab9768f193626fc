#include "store/directory_files.h"

#include <dirent.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "base/error.h"

namespace lifeboat::store {
namespace {

// openat(2) that stays below `directory` and follows no symbolic link. glibc has no wrapper for openat2 yet.
UniqueFd open_beneath(int directory, const std::string& name, int flags) {
  open_how how{};
  how.flags = static_cast<std::uint64_t>(flags | O_CLOEXEC);
  how.resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS;
  return UniqueFd(static_cast<int>(::syscall(SYS_openat2, directory, name.c_str(), &how, sizeof how)));
}

struct CloseDirectory {
  void operator()(DIR* directory) const { ::closedir(directory); }
};
using DirectoryStream = std::unique_ptr<DIR, CloseDirectory>;

// What an entry is, without following a link; false if it is neither file nor directory or has just gone.
bool classify(int directory, const dirent& entry, bool& is_directory) {
  unsigned type = entry.d_type;
  if (type == DT_UNKNOWN) {
    struct stat info{};
    if (::fstatat(directory, entry.d_name, &info, AT_SYMLINK_NOFOLLOW) != 0) return false;
    type = IFTODT(info.st_mode);
  }
  is_directory = type == DT_DIR;
  return type == DT_DIR || type == DT_REG;
}

// A directory leads to names that go on with '/', which sorts after '-' and '.' but before letters and digits.
bool leads_to_smaller_names(const DirectoryItem& a, const DirectoryItem& b) {
  const auto key = [](const DirectoryItem& item, std::size_t at) {
    if (at < item.name.size()) return static_cast<int>(static_cast<unsigned char>(item.name[at]));
    return at == item.name.size() && item.is_directory ? static_cast<int>('/') : -1;
  };
  for (std::size_t at = 0;; ++at) {
    const int left = key(a, at);
    const int right = key(b, at);
    if (left != right) return left < right;
    if (left < 0) return false;
  }
}

}  // namespace

SplitName split_name(std::string_view name) {
  const std::size_t slash = name.rfind('/');
  if (slash == std::string_view::npos) return {{}, name};
  return {name.substr(0, slash), name.substr(slash + 1)};
}

DirectoryFiles::DirectoryFiles(Path root) : root_(std::move(root)) {
  std::error_code absent;
  if (std::filesystem::exists(root_, absent) && !std::filesystem::is_directory(root_, absent)) {
    fail(Code::kUsage, format("{} is not a directory", root_.string()),
         "Name the directory that holds the store, or is to hold it.");
  }
  seen_ = open(kUnfinishedDirectory, O_PATH | O_DIRECTORY).valid();
}

UniqueFd DirectoryFiles::find(std::string_view name, int flags) const {
  UniqueFd fd = open(name, flags);
  if (!fd.valid()) refuse_if_gone();
  return fd;
}

// A mountpoint whose disk is gone is an empty directory, so the root's being there says nothing.
void DirectoryFiles::refuse_if_gone() const {
  if (!seen_ || open(kUnfinishedDirectory, O_PATH | O_DIRECTORY).valid()) return;
  fail(Code::kUnavailable, format("the store that was at {} is gone", root_.string()),
       "Is its disk still mounted there? Nothing was made in its place; bring it back and try again.");
}

UniqueFd DirectoryFiles::open(std::string_view name, int flags) const {
  if (name.empty()) return find_file(root_, flags);
  const UniqueFd root = find_file(root_, O_PATH | O_DIRECTORY);
  if (!root.valid()) return {};
  UniqueFd fd = open_beneath(root.get(), std::string(name), flags);
  if (fd.valid() || errno == ENOENT || errno == ENOTDIR) return fd;
  if (errno == ELOOP || errno == EXDEV) {
    fail(Code::kDenied, format("{} is or lies behind a symbolic link", path_of(name).string()),
         "A store holds plain files and directories only; mount another disk there instead of linking to it.");
  }
  fail_errno(format("open {}", path_of(name).string()), errno);
}

void DirectoryFiles::make_root() {
  const std::scoped_lock lock(mutex_);
  if (root_is_durable_) return;
  std::vector<Path> made;
  for (Path at = root_; !std::filesystem::exists(at); at = at.parent_path()) made.push_back(at.parent_path());
  make_directories(root_);
  for (const Path& parent : made) sync_directory(parent);
  root_is_durable_ = true;
}

UniqueFd DirectoryFiles::make_directory(std::string_view name) {
  UniqueFd fd = find(name, O_RDONLY | O_DIRECTORY);
  if (!fd.valid()) {
    if (name.empty()) {
      make_root();
    } else {
      const auto [parent, leaf] = split_name(name);
      const UniqueFd parent_fd = make_directory(parent);
      if (::mkdirat(parent_fd.get(), std::string(leaf).c_str(), 0700) != 0 && errno != EEXIST) {
        fail_errno(format("mkdir {}", path_of(name).string()), errno);
      }
    }
    fd = find(name, O_RDONLY | O_DIRECTORY);
    if (!fd.valid()) fail_errno(format("open {}", path_of(name).string()), ENOTDIR);
  }
  if (name == kUnfinishedDirectory) seen_ = true;
  make_durable(name);
  return fd;
}

// Whoever made the directory may have died before its entry was synced, so each process syncs each one once.
void DirectoryFiles::make_durable(std::string_view name) {
  if (name.empty()) return;
  {
    const std::scoped_lock lock(mutex_);
    if (durable_.contains(name)) return;
  }
  const std::string_view parent = split_name(name).directory;
  make_durable(parent);
  const UniqueFd fd = find(parent, O_RDONLY | O_DIRECTORY);
  if (!fd.valid()) fail_errno(format("open {}", path_of(parent).string()), ENOENT);
  sync_file(fd.get(), path_of(parent).string());
  const std::scoped_lock lock(mutex_);
  durable_.emplace(name);
}

std::vector<DirectoryItem> DirectoryFiles::list(std::string_view directory) const {
  UniqueFd fd = find(directory, O_RDONLY | O_DIRECTORY);
  if (!fd.valid()) return {};
  const DirectoryStream stream(::fdopendir(fd.get()));
  if (!stream) fail_errno(format("list {}", path_of(directory).string()), errno);
  const int number = fd.release();  // the stream owns it now
  std::vector<DirectoryItem> items;
  errno = 0;
  while (const dirent* entry = ::readdir(stream.get())) {
    DirectoryItem item{.name = entry->d_name};
    if (item.name != "." && item.name != ".." && classify(number, *entry, item.is_directory)) {
      items.push_back(std::move(item));
    }
    errno = 0;
  }
  if (errno != 0) fail_errno(format("list {}", path_of(directory).string()), errno);
  std::ranges::sort(items, leads_to_smaller_names);
  return items;
}

std::shared_ptr<const UniqueFd> OpenFiles::find(std::string_view name) {
  const std::scoped_lock lock(mutex_);
  const auto found = by_name_.find(name);
  if (found == by_name_.end()) return nullptr;
  entries_.splice(entries_.begin(), entries_, found->second);
  return found->second->fd;
}

std::shared_ptr<const UniqueFd> OpenFiles::add(std::string_view name, UniqueFd fd) {
  auto shared = std::make_shared<const UniqueFd>(std::move(fd));
  const std::scoped_lock lock(mutex_);
  if (by_name_.contains(name)) return shared;  // another thread was first; this one serves its call only
  entries_.push_front({std::string(name), shared});
  by_name_.emplace(entries_.front().name, entries_.begin());
  if (entries_.size() > capacity_) {
    by_name_.erase(entries_.back().name);
    entries_.pop_back();
  }
  return shared;
}

void OpenFiles::forget(std::string_view name) {
  const std::scoped_lock lock(mutex_);
  const auto found = by_name_.find(name);
  if (found == by_name_.end()) return;
  const auto entry = found->second;
  by_name_.erase(found);
  entries_.erase(entry);
}

}  // namespace lifeboat::store
