#include "vault/import.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "base/cancel.h"
#include "base/error.h"
#include "base/process.h"
#include "store/url.h"
#include "vault/dedup_index.h"
#include "vault/directory_walk.h"
#include "vault/import_pipeline.h"
#include "vault/server_locks.h"

namespace lifeboat::vault {

namespace {

constexpr std::string_view kBusyHint =
    "Something works in this directory. Stop it, or import a snapshot or copy instead.";

std::string default_origin(const Path& directory) {
  return format("import {} on {}", directory.string(), host_name());
}

std::optional<ImageName> find_parent(Vault& vault, const ImportOptions& options, const std::string& origin) {
  if (!options.parent.empty()) return resolve_image(vault, options.parent);
  std::vector<std::string> damaged;  // a damaged image is no reason not to make a new one
  const std::vector<ImageInfo> images = list_images(vault, &damaged);
  const auto newest = std::ranges::find(images.rbegin(), images.rend(), origin, &ImageInfo::origin);
  if (newest == images.rend()) return std::nullopt;
  return newest->name;
}

class Import {
 public:
  Import(Vault& vault, const ImportOptions& options)
      : options_(options), root_(std::filesystem::canonical(options.directory)), info_(options.describe) {
    if (info_.origin.empty()) info_.origin = default_origin(root_);
    info_.top = stat_top(root_);
    walked_ = walk_directory(root_, options.exclude);
    check_not_empty();
    check_not_inside(vault);
    check_readable();
    if (const auto parent = find_parent(vault, options, info_.origin)) parent_.emplace(vault, *parent);
    WriterOptions writer_options;
    writer_options.compression_level = options.compression_level;
    writer_.emplace(vault, parent_ ? &*parent_ : nullptr, writer_options);
    pipeline_.emplace(*writer_, options.threads);
  }

  ImageInfo run() {
    info_.time = now();
    for (const WalkedEntry& walked : walked_) {
      if (walked.entry.type == FileType::kFile) {
        push_file(walked);
      } else {
        put(walked.entry);
      }
    }
    while (!pipeline_->empty()) collect();
    check_unchanged();
    remove_vanished();
    return writer_->publish(info_, true);
  }

 private:
  /// An unmounted disk must not become the newest image.
  void check_not_empty() const {
    const auto is_file = [](const WalkedEntry& walked) { return walked.entry.type == FileType::kFile; };
    if (options_.allow_empty || std::ranges::any_of(walked_, is_file)) return;
    fail(Code::kRefused, format("{} holds no file", root_.string()),
         "Is its disk mounted? If it is meant to be empty, pass --allow-empty.");
  }

  void check_not_inside(Vault& vault) const {
    refuse_own(cache_directory(vault).parent_path(), "Lifeboat's cache");
    const store::Url url = store::parse_url(vault.store().url());
    if (url.scheme == "file") refuse_own(url.path, "the vault itself");
  }

  void refuse_own(const Path& own, std::string_view what) const {
    std::error_code absent;
    const Path inside = std::filesystem::canonical(own, absent).lexically_relative(root_);
    if (absent) return;
    const auto path_of = [](const WalkedEntry& walked) -> const std::string& { return walked.entry.path; };
    if (inside != "." && !std::ranges::binary_search(walked_, inside.string(), {}, path_of)) return;
    fail(Code::kRefused, format("{} lies in {}, at {}", what, root_.string(), inside.string()),
         format("Move it elsewhere, or leave it out: --exclude '{}'", inside.string()));
  }

  /// Opens every file once before hours of work: what cannot be read, or belongs to a running server, is said now.
  void check_readable() {
    std::uint64_t total = 0;
    for (const WalkedEntry& walked : walked_) {
      throw_if_cancelled();
      if (walked.entry.type != FileType::kFile) continue;
      const std::string path = full_path(walked);
      const UniqueFd fd = open_walked(path);
      refuse_locked_file(fd.get(), path);
      total += walked.entry.size;
    }
    if (options_.progress != nullptr) options_.progress->set_total(total);
  }

  std::string full_path(const WalkedEntry& walked) const { return (root_ / walked.entry.path).string(); }

  static UniqueFd open_walked(const std::string& path) {
    UniqueFd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW));
    if (!fd.valid() && (errno == ENOENT || errno == ELOOP)) {
      fail(Code::kConflict, format("{} vanished since it was listed", path), std::string(kBusyHint));
    }
    if (!fd.valid()) fail_errno(format("open {}", path), errno);
    return fd;
  }

  void push_file(const WalkedEntry& walked) {
    auto file = std::make_shared<ImportedFile>();
    file->path = full_path(walked);
    file->fd = open_walked(file->path);
    file->entry = walked.entry;
    if (stat_open_file(file->fd.get(), walked.entry.path) != walked) fail_changed(file->path);
    const std::optional<FileEntry> before = parent_ ? parent_->find(walked.entry.path) : std::nullopt;
    file->chunks = std::make_unique<ChunkMapEditor>(*writer_, before ? before->chunks : ChunkMap{},
                                                    before ? chunk_count(before->size) : 0);
    push_extents(file);
  }

  void push_extents(const std::shared_ptr<ImportedFile>& file) {
    const std::uint64_t chunks = chunk_count(file->entry.size);
    std::uint64_t at = 0;
    do {
      const auto [data, data_end] = next_data(*file, at, chunks);
      if (data > at) push(file, at, data - at, true, data == chunks);
      for (at = data; at < data_end; at += kExtentChunks) {
        const std::uint64_t count = std::min<std::uint64_t>(kExtentChunks, data_end - at);
        push(file, at, count, false, at + count == chunks);
      }
      at = data_end;
    } while (at < chunks);
    if (chunks == 0) push(file, 0, 0, true, true);
  }

  /// The next chunks that are not wholly in a hole of the file, from `at` on: first and end.
  static std::pair<std::uint64_t, std::uint64_t> next_data(const ImportedFile& file, std::uint64_t at,
                                                           std::uint64_t chunks) {
    const off_t data = ::lseek(file.fd.get(), static_cast<off_t>(at * kChunkBytes), SEEK_DATA);
    if (data < 0) {
      if (errno == ENXIO) return {chunks, chunks};  // nothing but a hole up to the end
      return {at, chunks};                          // a file system that does not know
    }
    const off_t hole = ::lseek(file.fd.get(), data, SEEK_HOLE);
    const std::uint64_t first = std::min(static_cast<std::uint64_t>(data) / kChunkBytes, chunks);
    const std::uint64_t end = hole < 0 ? chunks : std::min(chunk_count(static_cast<std::uint64_t>(hole)), chunks);
    return {first, std::max(end, first)};
  }

  void push(const std::shared_ptr<ImportedFile>& file, std::uint64_t first, std::uint64_t count, bool hole, bool last) {
    if (pipeline_->full()) collect();
    auto extent = std::make_unique<Extent>();
    extent->file = file;
    extent->first = first;
    extent->count = count;
    extent->hole = hole;
    extent->last = last;
    if (!hole) {
      for (std::uint64_t i = 0; i < count; ++i) extent->previous.push_back(file->chunks->previous(first + i));
    }
    pipeline_->push(std::move(extent));
  }

  void collect() {
    const std::unique_ptr<Extent> extent = pipeline_->pop();
    ImportedFile& file = *extent->file;
    if (extent->hole) {
      file.chunks->clear(extent->first, extent->first + extent->count);
    } else {
      for (std::size_t i = 0; i < extent->stored.size(); ++i) file.chunks->set(extent->first + i, extent->stored[i]);
    }
    if (options_.progress != nullptr) {
      const std::uint64_t offset = extent->first * kChunkBytes;
      options_.progress->add(std::min(extent->count * kChunkBytes, file.entry.size - offset));
    }
    if (extent->last) {
      file.entry.chunks = file.chunks->finish(chunk_count(file.entry.size));
      put(std::move(file.entry));
    }
  }

  /// What is as in the parent is inherited with the leaf it lies in.
  void put(FileEntry entry) {
    if (!parent_ || parent_->find(entry.path) != entry) writer_->put_entry(std::move(entry));
  }

  void remove_vanished() {
    if (!parent_) return;
    const auto path_of = [](const WalkedEntry& walked) -> const std::string& { return walked.entry.path; };
    parent_->for_each_entry([&](const FileEntry& entry) {
      if (!std::ranges::binary_search(walked_, entry.path, {}, path_of)) writer_->remove_entry(entry.path);
    });
  }

  /// What was read is the directory at one moment only if nothing in it changed from before to after.
  void check_unchanged() {
    const std::vector<WalkedEntry> after = walk_directory(root_, options_.exclude, LeftOut::kSaidBefore);
    const auto [was, is] = std::ranges::mismatch(walked_, after);
    if (was == walked_.end() && is == after.end()) return;
    const bool appeared = was == walked_.end() || (is != after.end() && is->entry.path < was->entry.path);
    fail_changed(full_path(appeared ? *is : *was));
  }

  [[noreturn]] static void fail_changed(const std::string& path) {
    fail(Code::kConflict, format("{} changed while the directory was read", path), std::string(kBusyHint));
  }

  const ImportOptions& options_;
  Path root_;
  ImageInfo info_;
  std::vector<WalkedEntry> walked_;
  std::optional<ImageReader> parent_;
  std::optional<ImageWriter> writer_;
  std::optional<ImportPipeline> pipeline_;
};

}  // namespace

ImageInfo import_directory(Vault& vault, const ImportOptions& options) {
  if (!std::filesystem::is_directory(options.directory)) {
    fail(Code::kNotFound, format("{} is not a directory", options.directory.string()));
  }
  return Import(vault, options).run();
}

}  // namespace lifeboat::vault
