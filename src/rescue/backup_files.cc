#include "rescue/backup_files.h"

#include <unistd.h>

#include <algorithm>
#include <array>

#include "base/error.h"
#include "base/file.h"
#include "base/printable.h"

namespace lifeboat::rescue {

namespace {

constexpr std::string_view kDeleted = ".del";
constexpr std::string_view kRenamed = ".ren";
constexpr std::string_view kNew = ".new";
constexpr std::string_view kTablespace = ".ibd";
/// Tells the server's version; the only file below the top whose content is looked at, but for tablespaces and markers.
constexpr std::string_view kVersionFile = "mysql/db.frm";
constexpr std::size_t kHeadBytes = server::kTablespaceHeadBytes;
constexpr std::size_t kHeadsBytesMax = std::size_t{64} << 20U;

bool is_in_directory(std::string_view path) {
  return path.find('/') != std::string_view::npos;
}

std::string with_extension(std::string_view path, std::string_view extension) {
  return std::string(path.substr(0, path.rfind('.'))).append(extension);
}

}  // namespace

void check_backup_file(const std::string& path) {
  constexpr std::array<std::pair<std::string_view, std::string_view>, 4> kOthers = {
      {{".delta", "an incremental backup"},
       {".meta", "an incremental backup"},
       {".qp", "a backup compressed by the tool"},
       {".xbcrypt", "a backup encrypted by the tool"}}};
  for (const auto& [extension, what] : kOthers) {
    if (!path.ends_with(extension)) continue;
    fail(Code::kUnsupported, format("backup stream: {}: this is {}", printable(path), what),
         "Make a full backup without --compress and --encrypt: the vault compresses and seals.");
  }
}

std::string final_path(const std::string& path) {
  return is_in_directory(path) && path.ends_with(kNew) ? with_extension(path, kTablespace) : path;
}

void note_head(const vault::FileEntry& entry, ByteView head, BackupFiles& files) {
  head = head.first(std::min(head.size(), kHeadBytes));
  if (!is_in_directory(entry.path) || entry.path == kVersionFile || entry.path.ends_with(kRenamed)) {
    files.keep_head(entry.path, head);
  } else if (final_path(entry.path).ends_with(kTablespace)) {
    std::optional<server::TablespaceHeader> header;
    try {
      header = server::parse_tablespace_header(head, entry.path);
    } catch (const Exception&) {  // said in the image's description; a damaged table is no reason to have no image
    }
    files.keep_tablespace(entry.path, header);
  }
}

void BackupFiles::keep_head(const std::string& path, ByteView head) {
  head_bytes_ += head.size();
  if (head_bytes_ > kHeadsBytesMax) {
    fail(Code::kUnsupported, format("backup stream: {}: more files at the top than a server has", printable(path)));
  }
  coming_[path].head.assign(head.begin(), head.end());
}

void BackupFiles::keep_tablespace(const std::string& path, const std::optional<server::TablespaceHeader>& header) {
  coming_[path].tablespace = header;
}

void BackupFiles::add(vault::FileEntry entry) {
  const std::string path = entry.path;
  entry.mode = 0660;
  entry.uid = ::geteuid();
  entry.gid = ::getegid();
  entry.mtime_ns = unix_ms(time_) * 1'000'000;
  Kept& kept = files_[path];
  if (auto known = coming_.extract(path)) kept = std::move(known.mapped());
  kept.entry = std::move(entry);
}

void BackupFiles::rename(const std::string& from, const std::string& to) {
  if (!files_.contains(from) || files_.contains(to)) {
    fail(Code::kCorruption, format("backup stream: {} cannot become {}", printable(from), printable(to)));
  }
  auto node = files_.extract(from);
  node.key() = to;
  node.mapped().entry.path = to;
  files_.insert(std::move(node));
}

/// The files in directories that have this extension, which are no longer there.
std::map<std::string, BackupFiles::Kept> BackupFiles::take(std::string_view extension) {
  std::map<std::string, Kept> taken;
  for (auto at = files_.begin(); at != files_.end();) {
    const auto current = at++;
    if (is_in_directory(current->first) && current->first.ends_with(extension)) taken.insert(files_.extract(current));
  }
  return taken;
}

void BackupFiles::apply_markers() {
  for (const auto& [path, marker] : take(kDeleted)) remove(with_extension(path, kTablespace));
  std::map<std::string, Kept> renamed;  // all at once, since names may be exchanged
  for (const auto& [path, marker] : take(kRenamed)) {
    const std::string to = std::string(as_text(marker.head)).append(kTablespace);
    auto node = files_.extract(with_extension(path, kTablespace));
    if (node.empty()) continue;
    node.mapped().entry.path = to;
    renamed.insert_or_assign(to, std::move(node.mapped()));
  }
  for (auto& [path, kept] : renamed) files_.insert_or_assign(path, std::move(kept));
  for (auto& [path, kept] : take(kNew)) {
    const std::string to = with_extension(path, kTablespace);
    kept.entry.path = to;
    files_.insert_or_assign(to, std::move(kept));
  }
}

std::map<std::string, vault::FileEntry> BackupFiles::entries() const {
  std::map<std::string, vault::FileEntry> entries;
  for (const auto& [path, kept] : files_) {
    entries.emplace(path, kept.entry);
    for (std::size_t slash = path.find('/'); slash != std::string::npos; slash = path.find('/', slash + 1)) {
      vault::FileEntry directory{.path = path.substr(0, slash),
                                 .type = vault::FileType::kDirectory,
                                 .mode = 0700,
                                 .uid = kept.entry.uid,
                                 .gid = kept.entry.gid,
                                 .mtime_ns = kept.entry.mtime_ns};
      entries.emplace(directory.path, directory);
    }
  }
  return entries;
}

std::optional<ByteView> BackupFiles::head(const std::string& path) const {
  const auto found = files_.find(path);
  if (found == files_.end()) return std::nullopt;
  return ByteView(found->second.head);
}

std::optional<server::TablespaceHeader> BackupFiles::tablespace(const std::string& path) const {
  const auto found = files_.find(path);
  return found == files_.end() ? std::nullopt : found->second.tablespace;
}

}  // namespace lifeboat::rescue
