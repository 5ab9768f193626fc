#include "rescue/backup_image.h"

#include <unistd.h>

#include <algorithm>
#include <utility>

#include "base/error.h"
#include "base/printable.h"
#include "base/units.h"

namespace lifeboat::rescue {

namespace {

constexpr const char* kOtherWays =
    "Take a dump instead (mariadb-dump, lifeboat seed --method dump), or prepare the backup: lifeboat image import "
    "takes "
    "its directory.";

using vault::kChunkBytes;

/// One chunk at a time: what comes slowly, so that others are left alone, is not to be worked on in bursts.
constexpr std::size_t kExtentBytes = kChunkBytes;
/// Files up to here can be written to again in their first chunk: 4 GiB, more than an Aria log can have.
constexpr std::uint64_t kRewritableChunks = 32768;

std::uint64_t byte_of(std::uint64_t chunk) {
  return chunk * kChunkBytes;
}

}  // namespace

/// The first chunk is held back until the file ends, or is too large for what is known of it to be kept.
struct BackupImage::Incoming : vault::ImportedFile {
  Bytes head;                         ///< content of chunk 0, as far as it came
  Bytes tail;                         ///< of the chunks from `tail_first` on that are not at work yet
  std::uint64_t tail_first = 1;       ///< chunk number
  bool rewritable = true;             ///< the head is still here
  std::vector<vault::ChunkRef> refs;  ///< by chunk, until `direct`
  bool direct = false;                ///< references go straight into the chunk map
  std::uint64_t next = 0;             ///< chunks before are in the chunk map

  std::uint64_t tail_end() const { return byte_of(tail_first) + tail.size(); }

  void put(std::uint64_t chunk, const vault::ChunkRef& ref) {
    if (chunk >= kRewritableChunks && !direct) go_direct();
    if (direct) return set(chunk, ref);
    if (refs.size() <= chunk) refs.resize(chunk + 1);
    refs[chunk] = ref;
  }

  void go_direct() {
    direct = true;
    for (std::size_t i = 0; i < refs.size(); ++i) set(i, refs[i]);
    refs = {};
  }

  /// What the stream left out between is a hole now, whatever the parent has there.
  void set(std::uint64_t chunk, const vault::ChunkRef& ref) {
    if (chunk > next) chunks->clear(next, chunk);
    chunks->set(chunk, ref);
    next = chunk + 1;
  }

  vault::ChunkMap finish() {
    if (!direct) go_direct();
    const std::uint64_t count = vault::chunk_count(entry.size);
    if (count > next) chunks->clear(next, count);
    return chunks->finish(count);
  }
};

BackupImage::BackupImage(vault::Vault& vault, vault::ImageReader* parent, int threads)
    : parent_(parent), writer_(vault, parent), pipeline_(writer_, threads), files_(now()) {}

BackupImage::~BackupImage() = default;

BackupImage::Incoming& BackupImage::incoming(const std::string& path) {
  const auto found = open_.find(path);
  LIFEBOAT_CHECK(found != open_.end());
  return *found->second;
}

void BackupImage::begin(const std::string& path, bool rewrite) {
  check_backup_file(path);
  if (ending_.contains(path)) collect_all();
  if (files_.contains(path)) {
    if (!rewrite) {
      fail(Code::kCorruption, format("backup stream: {} comes twice", printable(path)),
           "What comes must be the output of one mariadb-backup, and nothing else.");
    }
    files_.remove(path);
  }
  auto file = std::make_shared<Incoming>();
  file->path = path;
  file->entry.path = path;
  const std::optional<vault::FileEntry> before = parent_ != nullptr ? parent_->find(final_path(path)) : std::nullopt;
  const bool known = before && before->type == vault::FileType::kFile;
  file->chunks = std::make_unique<vault::ChunkMapEditor>(writer_, known ? before->chunks : vault::ChunkMap{},
                                                         known ? vault::chunk_count(before->size) : 0);
  open_.emplace(path, std::move(file));
}

void BackupImage::write(const std::string& path, std::uint64_t offset, ByteView content) {
  Incoming& file = incoming(path);
  if (offset < file.entry.size && offset < kChunkBytes && !file.rewritable) {
    fail(Code::kUnsupported,
         format("{}: written to again at {} when it is already {} long", printable(path), offset,
                format_size(file.entry.size)),
         kOtherWays);
  }
  if (offset < kChunkBytes) {
    const std::size_t part = std::min<std::size_t>(content.size(), kChunkBytes - static_cast<std::size_t>(offset));
    const std::size_t end = static_cast<std::size_t>(offset) + part;
    if (file.head.size() < end) file.head.resize(end);
    std::ranges::copy(content.first(part), file.head.begin() + static_cast<std::ptrdiff_t>(offset));
    file.entry.size = std::max<std::uint64_t>(file.entry.size, end);
    content = content.subspan(part);
    offset += part;
  }
  if (!content.empty()) append(file, offset, content);
}

void BackupImage::append(Incoming& file, std::uint64_t offset, ByteView content) {
  if (offset < file.tail_end()) {
    fail(Code::kUnsupported, format("{}: written to again at {}", printable(file.path), offset), kOtherWays);
  }
  if (offset > file.tail_end()) skip_to(file, offset);
  while (!content.empty()) {
    if (file.tail.capacity() < kExtentBytes) file.tail = buffer();
    const std::size_t part = std::min(content.size(), kExtentBytes - file.tail.size());
    file.tail.insert(file.tail.end(), content.begin(), content.begin() + static_cast<std::ptrdiff_t>(part));
    content = content.subspan(part);
    file.entry.size = std::max(file.entry.size, file.tail_end());
    if (file.tail.size() == kExtentBytes) push_tail(file);
  }
}

/// What lies between is zeros.
void BackupImage::skip_to(Incoming& file, std::uint64_t offset) {
  const std::uint64_t chunk = offset / kChunkBytes;
  if (chunk >= file.tail_first + kExtentBytes / kChunkBytes || file.tail.empty()) {
    push_tail(file);
    file.tail_first = chunk;
    file.tail = buffer();
  }
  file.tail.resize(static_cast<std::size_t>(offset - byte_of(file.tail_first)));
}

Bytes BackupImage::buffer() {
  Bytes bytes;
  if (!spare_.empty()) {
    bytes = std::move(spare_.back());
    spare_.pop_back();
    bytes.clear();
  }
  bytes.reserve(kExtentBytes);
  return bytes;
}

void BackupImage::push_tail(Incoming& file) {
  if (file.tail.empty()) return;
  const std::uint64_t count = vault::chunk_count(file.tail.size());
  if (file.rewritable && file.tail_first + count > kRewritableChunks) push_head(file);
  auto extent = std::make_unique<vault::Extent>();
  extent->file = open_.at(file.path);
  extent->first = file.tail_first;
  extent->count = count;
  extent->content = std::exchange(file.tail, Bytes());
  extent->content.resize(byte_of(count));
  file.tail_first += count;
  push(std::move(extent));
}

void BackupImage::push_head(Incoming& file) {
  file.rewritable = false;
  note_head(file.entry, file.head, files_);
  if (file.head.empty()) return;
  auto extent = std::make_unique<vault::Extent>();
  extent->file = open_.at(file.path);
  extent->count = 1;
  extent->content = std::exchange(file.head, Bytes());
  extent->content.resize(kChunkBytes);
  push(std::move(extent));
}

void BackupImage::push(std::unique_ptr<vault::Extent> extent) {
  if (pipeline_.full()) collect();
  for (std::uint64_t i = 0; i < extent->count; ++i) {
    extent->previous.push_back(extent->file->chunks->previous(extent->first + i));
  }
  pipeline_.push(std::move(extent));
}

void BackupImage::collect() {
  const std::unique_ptr<vault::Extent> extent = pipeline_.pop();
  auto& file = static_cast<Incoming&>(*extent->file);
  for (std::size_t i = 0; i < extent->stored.size(); ++i) file.put(extent->first + i, extent->stored[i]);
  if (extent->content.capacity() >= kExtentBytes) spare_.push_back(std::move(extent->content));
  if (extent->last) keep(file);
}

void BackupImage::collect_all() {
  while (!pipeline_.empty()) collect();
}

void BackupImage::end(const std::string& path) {
  Incoming& file = incoming(path);
  push_tail(file);
  if (file.rewritable) push_head(file);
  auto last = std::make_unique<vault::Extent>();
  last->file = open_.at(path);
  last->hole = true;
  last->last = true;
  ending_.insert(path);
  push(std::move(last));
  open_.erase(path);
}

void BackupImage::keep(Incoming& file) {
  file.entry.chunks = file.finish();
  ending_.erase(file.path);
  files_.add(std::move(file.entry));
}

void BackupImage::rename(const std::string& from, const std::string& to) {
  collect_all();
  files_.rename(from, to);
}

void BackupImage::remove(const std::string& path) {
  collect_all();
  files_.remove(path);
}

const BackupFiles& BackupImage::settle() {
  LIFEBOAT_CHECK(open_.empty());
  collect_all();
  files_.apply_markers();
  return files_;
}

vault::ImageInfo BackupImage::publish(vault::ImageInfo describe) {
  const std::map<std::string, vault::FileEntry> entries = files_.entries();
  for (const auto& [path, entry] : entries) {
    const std::optional<vault::FileEntry> before = parent_ != nullptr ? parent_->find(path) : std::nullopt;
    const bool same =
        before && before->type == entry.type && before->size == entry.size && before->chunks == entry.chunks;
    if (!same) writer_.put_entry(entry);
  }
  if (parent_ != nullptr) {
    parent_->for_each_entry([&](const vault::FileEntry& entry) {
      if (!entries.contains(entry.path)) writer_.remove_entry(entry.path);
    });
  }
  describe.top = vault::TopDirectory{.mode = 0700, .uid = ::geteuid(), .gid = ::getegid()};
  return writer_.publish(std::move(describe), parent_ != nullptr);
}

}  // namespace lifeboat::rescue
