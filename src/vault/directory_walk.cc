#include "vault/directory_walk.h"

#include <fnmatch.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <climits>
#include <limits>
#include <optional>

#include "base/cancel.h"
#include "base/error.h"
#include "base/log.h"
#include "vault/directory_nodes.h"

namespace lifeboat::vault {

namespace {

std::int64_t nanoseconds(const timespec& time) {
  constexpr std::int64_t kSecond = 1'000'000'000;
  constexpr std::int64_t kSecondsMax = std::numeric_limits<std::int64_t>::max() / kSecond - 1;  // in the year 2262
  return std::clamp<std::int64_t>(time.tv_sec, -kSecondsMax, kSecondsMax) * kSecond + time.tv_nsec;
}

[[noreturn]] void fail_vanished(const Path& path) {
  fail(Code::kConflict, format("{} vanished while it was being listed", path.string()),
       "Something works in this directory. Stop it, or import a snapshot or copy instead.");
}

std::optional<FileType> file_type(mode_t mode) {
  if (S_ISREG(mode)) return FileType::kFile;
  if (S_ISDIR(mode)) return FileType::kDirectory;
  if (S_ISLNK(mode)) return FileType::kSymlink;
  return std::nullopt;
}

WalkedEntry make_entry(const struct stat& info, FileType type, std::string path) {
  WalkedEntry walked;
  walked.entry.path = std::move(path);
  walked.entry.type = type;
  walked.entry.mode = info.st_mode & 07777U;
  walked.entry.uid = info.st_uid;
  walked.entry.gid = info.st_gid;
  walked.entry.mtime_ns = nanoseconds(info.st_mtim);
  if (type == FileType::kFile) walked.entry.size = static_cast<std::uint64_t>(info.st_size);
  walked.inode = info.st_ino;
  walked.change_time_ns = nanoseconds(info.st_ctim);
  return walked;
}

std::string read_link(const Path& path) {
  std::array<char, PATH_MAX + 1> target{};
  const ssize_t size = ::readlink(path.c_str(), target.data(), target.size());
  if (size < 0) {
    if (errno == ENOENT) fail_vanished(path);
    fail_errno(format("read link {}", path.string()), errno);
  }
  return {target.data(), static_cast<std::size_t>(size)};
}

class Walker {
 public:
  Walker(const Path& root, const std::vector<std::string>& exclude, LeftOut left_out)
      : root_(root), exclude_(exclude), left_out_(left_out) {}

  /// `prefix` is empty or a directory's path with a slash.
  void walk(const std::string& prefix) {
    // "a/b" sorts after "a-c", so what is in a directory has a place of its own among its siblings.
    std::vector<Place> places;
    for (const std::string& name : names_in(prefix)) {
      std::optional<WalkedEntry> entry = look(prefix + name);
      if (!entry) continue;
      if (entry->entry.type == FileType::kDirectory) places.push_back({name + '/', std::nullopt});
      places.push_back({name, std::move(entry)});
    }
    std::ranges::sort(places, {}, &Place::key);
    for (Place& place : places) {
      if (place.entry) {
        out_.push_back(std::move(*place.entry));
      } else {
        walk(prefix + place.key);
      }
    }
  }

  std::vector<WalkedEntry> take() { return std::move(out_); }

 private:
  struct Place {
    std::string key;                   ///< name; with a slash: what is in the directory
    std::optional<WalkedEntry> entry;  ///< empty: what is in the directory
  };

  std::vector<std::string> names_in(const std::string& prefix) {
    try {
      return list_directory(root_ / prefix);
    } catch (const Exception& e) {
      if (e.code() == Code::kNotFound && !prefix.empty()) fail_vanished(root_ / prefix);
      throw;
    }
  }

  bool excluded(const std::string& path) const {
    return std::ranges::any_of(exclude_,
                               [&](const std::string& glob) { return ::fnmatch(glob.c_str(), path.c_str(), 0) == 0; });
  }

  std::optional<WalkedEntry> look(const std::string& path) {
    throw_if_cancelled();
    if (excluded(path)) return std::nullopt;
    const Path full = root_ / path;
    struct stat info{};
    if (::lstat(full.c_str(), &info) != 0) {
      if (errno == ENOENT) fail_vanished(full);
      fail_errno(format("stat {}", full.string()), errno);
    }
    const std::optional<FileType> type = file_type(info.st_mode);
    if (!type) {
      if (left_out_ == LeftOut::kSay) log::info("{} is left out: neither file, directory nor symlink", full.string());
      return std::nullopt;
    }
    if (!valid_path(path)) fail(Code::kUnsupported, format("{}: an image cannot hold a path like this", full.string()));
    WalkedEntry entry = make_entry(info, *type, path);
    if (*type == FileType::kSymlink) entry.entry.link_target = read_link(full);
    return entry;
  }

  const Path& root_;
  const std::vector<std::string>& exclude_;
  LeftOut left_out_;
  std::vector<WalkedEntry> out_;
};

}  // namespace

std::vector<WalkedEntry> walk_directory(const Path& root, const std::vector<std::string>& exclude, LeftOut left_out) {
  Walker walker(root, exclude, left_out);
  walker.walk("");
  return walker.take();
}

TopDirectory stat_top(const Path& root) {
  struct stat info{};
  if (::stat(root.c_str(), &info) != 0) fail_errno(format("stat {}", root.string()), errno);
  return {.mode = info.st_mode & 07777U, .uid = info.st_uid, .gid = info.st_gid};
}

WalkedEntry stat_open_file(int fd, const std::string& path) {
  struct stat info{};
  if (::fstat(fd, &info) != 0) fail_errno(format("stat {}", path), errno);
  return make_entry(info, FileType::kFile, path);
}

}  // namespace lifeboat::vault
