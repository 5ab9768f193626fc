#include "vault/export.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <memory>
#include <vector>

#include "base/cancel.h"
#include "base/error.h"
#include "base/log.h"
#include "vault/record_ranges.h"

namespace lifeboat::vault {

namespace {

/// Chunks asked for at once (128 MiB of content), so that neighbours in packs are found, whatever file they belong to.
constexpr std::size_t kBatchChunks = 1024;
/// Open files in one batch.
constexpr std::size_t kBatchFiles = 512;

timespec to_timespec(std::int64_t ns) {
  constexpr std::int64_t kSecond = 1'000'000'000;
  const std::int64_t seconds = ns >= 0 ? ns / kSecond : -((-ns + kSecond - 1) / kSecond);
  return {.tv_sec = seconds, .tv_nsec = ns - seconds * kSecond};
}

/// The directory, made if absent and held so that one export works in it. What a dead one left there goes.
UniqueFd take_directory(const Path& directory, std::string_view mark) {
  if (directory.empty()) fail(Code::kUsage, "no directory named", "Name one that is empty or does not exist yet.");
  if (std::filesystem::exists(directory) && !std::filesystem::is_directory(directory)) {
    fail(Code::kUsage, format("{} is not a directory", directory.string()),
         "Name a directory that is empty or does not exist yet.");
  }
  make_directories(directory);
  UniqueFd held = open_file(directory, O_RDONLY | O_DIRECTORY);
  if (::flock(held.get(), LOCK_EX | LOCK_NB) != 0 && errno == EWOULDBLOCK) {
    fail(Code::kBusy, format("another export writes to {}", directory.string()), "Wait for it, or name another place.");
  }
  std::vector<std::string> names = list_directory(directory);
  std::erase(names, mark);
  if (names == std::vector<std::string>{std::string(kUnfinishedExport)}) {
    std::filesystem::remove_all(directory / kUnfinishedExport);
  } else if (!names.empty()) {
    const bool unfinished = std::ranges::find(names, kUnfinishedExport) != names.end();
    fail(Code::kRefused, format("{} is not empty", directory.string()),
         unfinished
             ? "An export to it was cut short: what lies there is not whole. Empty it, or name another directory."
             : "Name a directory that is empty or does not exist yet.");
  }
  return held;
}

class Export {
 public:
  Export(ImageReader& image, const ExportOptions& options)
      : image_(image),
        options_(options),
        is_root_(::geteuid() == 0),
        held_(take_directory(options.directory, options.mark)),
        work_(options.directory / kUnfinishedExport) {
    make_directories(work_);
    if (options.progress != nullptr) options.progress->set_total(image.info().bytes);
  }

  void run() {
    image_.for_each_entry([&](const FileEntry& entry) { add(entry); });
    write_batch();
    // Links come last, so that no path leads through one; directories after what changes their times.
    for (const FileEntry& link : links_) make_link(link);
    for (auto entry = directories_.rbegin(); entry != directories_.rend(); ++entry) {
      if (!is_top(*entry)) restore_directory(*entry);
    }
    sync_all();
    throw_if_cancelled();
    give_names();
    restore_top();
    sync_all();
    sync_directory(std::filesystem::absolute(options_.directory).parent_path());
    say_what_was_not_kept();
  }

  /// What is unfinished, whatever made it so.
  void discard() noexcept {
    std::error_code ignored;  // the next export to this directory removes it
    std::filesystem::remove_all(work_, ignored);
  }
  const Path& work() const { return work_; }

 private:
  struct Target {
    FileEntry entry;
    std::string path;
    UniqueFd fd;
  };

  std::string path_of(const FileEntry& entry) const { return (work_ / entry.path).string(); }
  static bool is_top(const FileEntry& entry) { return entry.path.find('/') == std::string::npos; }

  void sync_all() const {
    if (::syncfs(held_.get()) != 0) fail_errno(format("sync {}", options_.directory.string()), errno);
  }

  /// Everything is there and durable: now it comes to where it belongs.
  void give_names() {
    for (const std::string& name : list_directory(work_)) {
      const Path to = options_.directory / name;
      if (::rename((work_ / name).c_str(), to.c_str()) != 0) fail_errno(format("rename to {}", to.string()), errno);
    }
    if (::rmdir(work_.c_str()) != 0) fail_errno(format("remove {}", work_.string()), errno);
    work_ = options_.directory;
    // Their modes may forbid to move them.
    for (const FileEntry& entry : directories_) {
      if (is_top(entry)) restore_directory(entry);
    }
  }

  /// The directory itself, last: its mode may forbid all of the above.
  void restore_top() {
    const std::optional<TopDirectory>& top = image_.info().top;
    if (!top) return;
    const std::string path = options_.directory.string();
    note_owner(top->uid, top->gid);
    if (is_root_ && ::fchown(held_.get(), top->uid, top->gid) != 0) fail_errno(format("chown {}", path), errno);
    if (::fchmod(held_.get(), top->mode) == 0) return;
    if (is_root_ || errno != EPERM) fail_errno(format("chmod {}", path), errno);
    log::warn("{} belongs to another user: it keeps its mode, where the image has {:04o}", path, top->mode);
  }

  /// Only root gives files away.
  void note_owner(std::uint32_t uid, std::uint32_t gid) {
    if (!is_root_ && (uid != ::geteuid() || gid != ::getegid())) ++owners_not_kept_;
  }

  void say_what_was_not_kept() const {
    if (owners_not_kept_ == 0) return;
    log::warn("{} files and directories of other users or groups now belong to user {}: export as root to keep owners",
              owners_not_kept_, ::geteuid());
  }

  void add(const FileEntry& entry) {
    note_owner(entry.uid, entry.gid);
    switch (entry.type) {
      case FileType::kDirectory:
        if (::mkdir(path_of(entry).c_str(), 0700) != 0) fail_errno(format("mkdir {}", path_of(entry)), errno);
        directories_.push_back(entry);
        break;
      case FileType::kSymlink:
        links_.push_back(entry);
        break;
      case FileType::kFile:
        add_file(entry);
        break;
    }
  }

  void add_file(const FileEntry& entry) {
    auto target = std::make_unique<Target>(Target{entry, path_of(entry), {}});
    target->fd = open_file(target->path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW);
    if (::ftruncate(target->fd.get(), static_cast<off_t>(entry.size)) != 0) {
      fail_errno(format("grow {}", target->path), errno);
    }
    targets_.push_back(std::move(target));
    image_.for_each_chunk(entry, 0, chunk_count(entry.size), [&](std::uint64_t index, const ChunkRef& ref) {
      if (requests_.size() == kBatchChunks) write_requests();
      places_.push_back({targets_.back().get(), index});
      requests_.push_back({ref, places_.size() - 1});
    });
    if (targets_.size() >= kBatchFiles) write_batch();
  }

  /// Everything asked for so far; then the files that are complete get their metadata.
  void write_batch() {
    write_requests();
    for (const auto& target : targets_) restore_file(*target);
    targets_.clear();
  }

  void write_requests() {
    image_.read_chunks(requests_, options_.threads, [&](const ChunkRequest& request, ByteView content) {
      const Place& place = places_[request.tag];
      write_chunk(*place.target, place.index, content);
    });
    requests_.clear();
    places_.clear();
  }

  /// Runs of blocks that hold anything.
  void write_chunk(const Target& target, std::uint64_t index, ByteView content) {
    const std::uint64_t offset = index * kChunkBytes;
    content = content.first(static_cast<std::size_t>(std::min<std::uint64_t>(kChunkBytes, target.entry.size - offset)));
    if (options_.progress != nullptr) options_.progress->add(content.size());
    const auto block_end = [&](std::size_t at) { return std::min<std::size_t>(at + kBlockBytes, content.size()); };
    std::size_t at = 0;
    while (at < content.size()) {
      while (at < content.size() && all_zero(content.subspan(at, block_end(at) - at))) at = block_end(at);
      const std::size_t from = at;
      while (at < content.size() && !all_zero(content.subspan(at, block_end(at) - at))) at = block_end(at);
      if (at > from) pwrite_full(target.fd.get(), content.subspan(from, at - from), offset + from, target.path);
    }
    // Starts the disk now, so that it does not wait for the sync at the end; only a hint, and too dear for small files.
    if (target.entry.size < kRangeBytesMax) return;
    static_cast<void>(
        ::sync_file_range(target.fd.get(), static_cast<off_t>(offset), kChunkBytes, SYNC_FILE_RANGE_WRITE));
  }

  void restore_file(const Target& target) {
    const FileEntry& entry = target.entry;
    if (is_root_ && ::fchown(target.fd.get(), entry.uid, entry.gid) != 0) {
      fail_errno(format("chown {}", target.path), errno);
    }
    if (::fchmod(target.fd.get(), entry.mode) != 0) fail_errno(format("chmod {}", target.path), errno);
    const timespec times[2] = {to_timespec(entry.mtime_ns), to_timespec(entry.mtime_ns)};
    if (::futimens(target.fd.get(), times) != 0) fail_errno(format("set times of {}", target.path), errno);
  }

  void make_link(const FileEntry& entry) {
    const std::string path = path_of(entry);
    if (::symlink(entry.link_target.c_str(), path.c_str()) != 0) fail_errno(format("link {}", path), errno);
    restore_path(entry, path);
  }

  void restore_directory(const FileEntry& entry) {
    const std::string path = path_of(entry);
    restore_path(entry, path);
    if (::chmod(path.c_str(), entry.mode) != 0) fail_errno(format("chmod {}", path), errno);
  }

  void restore_path(const FileEntry& entry, const std::string& path) const {
    if (is_root_ && ::lchown(path.c_str(), entry.uid, entry.gid) != 0) fail_errno(format("chown {}", path), errno);
    const timespec times[2] = {to_timespec(entry.mtime_ns), to_timespec(entry.mtime_ns)};
    if (::utimensat(AT_FDCWD, path.c_str(), times, AT_SYMLINK_NOFOLLOW) != 0) {
      fail_errno(format("set times of {}", path), errno);
    }
  }

  struct Place {
    const Target* target;
    std::uint64_t index;
  };

  ImageReader& image_;
  const ExportOptions& options_;
  bool is_root_;
  std::uint64_t owners_not_kept_ = 0;
  UniqueFd held_;  ///< the directory, locked
  Path work_;      ///< where files lie now
  std::vector<FileEntry> directories_;
  std::vector<FileEntry> links_;
  std::vector<std::unique_ptr<Target>> targets_;
  std::vector<ChunkRequest> requests_;
  std::vector<Place> places_;
};

}  // namespace

void export_image(ImageReader& image, const ExportOptions& options) {
  Export work(image, options);
  try {
    work.run();
  } catch (const Exception& e) {
    if (e.code() == Code::kCancelled) {
      work.discard();
    } else {
      log::warn("what could be written is in {}; another export to {} begins by removing it", work.work().string(),
                options.directory.string());
    }
    throw;
  }
}

}  // namespace lifeboat::vault
