#include "relay/log_directory.h"

#include <algorithm>

#include "base/error.h"
#include "relay/index_file.h"
#include "relay/indexed_scan.h"

namespace lifeboat::relay {

LogDirectory::LogDirectory(Path path) : path_(std::move(path)) {
  for (const std::string& name : list_log_files(path_)) {
    const Path file = path_ / name;
    const auto head = read_log_head(file);
    Kept kept{
        .file = {.name = name, .path = file, .head = {}}, .end = std::filesystem::file_size(file), .identity = {}};
    if (head) {
      kept.file.head = head->gtids;
      kept.identity = head->identity;
    }
    files_.push_back(std::move(kept));
  }
  if (files_.empty()) return;
  for (std::size_t i = 0; i + 1 < files_.size(); ++i) {
    Kept& closed = files_[i];
    if (!closed.identity) continue;
    closed.end = find_closed_end(closed.file.path, closed.identity->checksum, files_[i + 1].file.name);
  }
  Kept& last = files_.back();
  newest_ = scan_indexed_file(last.file.path);
  last.end = newest_->progress.has_format() ? newest_->progress.boundary().position : 0;
  if (listed(last)) {
    state_ = newest_->progress.boundary().state;
  } else if (files_.size() > 1) {
    state_ = scan_indexed_file(files_[files_.size() - 2].file.path).progress.boundary().state;
  }
}

/// A MariaDB server writes at a file's head what comes before it. A file without that (its source crashed, or the rest
/// is on its way) must not be taken for one that begins with nothing before it: a replica would begin there.
bool LogDirectory::listed(const Kept& kept) {
  return kept.identity && (kept.file.head || !kept.identity->server_version.contains("MariaDB"));
}

bool LogDirectory::has_successor(const Kept* kept) const {
  return std::any_of(kept + 1, files_.data() + files_.size(), listed);
}

std::optional<LogPosition> LogDirectory::end() const {
  const std::scoped_lock lock(mutex_);
  if (files_.empty()) return std::nullopt;
  return LogPosition{files_.back().file.name, files_.back().end};
}

std::uint64_t LogDirectory::bytes() const {
  const std::scoped_lock lock(mutex_);
  std::uint64_t sum = 0;
  for (const Kept& each : files_) sum += each.end;
  return sum;
}

const LogDirectory::Kept* LogDirectory::find(const std::string& name) const {
  const auto found =
      std::ranges::find(files_, name, [](const Kept& kept) -> const std::string& { return kept.file.name; });
  return found == files_.end() ? nullptr : &*found;
}

std::optional<ServedLog::Source> LogDirectory::source() const {
  const std::scoped_lock lock(mutex_);
  for (auto each = files_.rbegin(); each != files_.rend(); ++each) {
    if (each->identity)
      return Source{each->identity->server_version, each->identity->server_id, each->identity->checksum};
  }
  return std::nullopt;
}

std::vector<ServedLog::File> LogDirectory::files() const {
  const std::scoped_lock lock(mutex_);
  std::vector<File> files;
  for (const Kept& each : files_) {
    if (listed(each)) files.push_back(each.file);
  }
  return files;
}

ServedLog::End LogDirectory::end_of(const std::string& name) const {
  const std::scoped_lock lock(mutex_);
  const Kept* kept = find(name);
  if (kept == nullptr) fail(Code::kNotFound, format("{}: no such log file", name));
  return {kept->end, has_successor(kept)};
}

binlog::GtidState LogDirectory::state() const {
  const std::scoped_lock lock(mutex_);
  return state_;
}

std::optional<std::string> LogDirectory::gtid_position_at(const std::string& name, std::uint64_t position) const {
  Path path;
  std::uint64_t end = 0;
  {
    const std::scoped_lock lock(mutex_);
    const Kept* kept = find(name);
    if (kept == nullptr || position > kept->end) return std::nullopt;
    path = kept->file.path;
    end = kept->end;
  }
  binlog::GtidState state;
  scan_log_file(
      path, {},
      [&](const FileProgress& progress) {
        if (progress.position() > position && position > 4) return false;
        state = progress.boundary().state;
        return progress.position() < position || !progress.head();
      },
      end);
  return state.position().format();
}

void LogDirectory::wait_beyond(const std::string& name, std::uint64_t position, std::chrono::milliseconds patience) {
  std::unique_lock lock(mutex_);
  grown_.wait_for(lock, patience, [&] {
    const Kept* kept = find(name);
    return kept == nullptr || kept->end > position || has_successor(kept);
  });
}

void LogDirectory::add_file(const std::string& name) {
  const std::scoped_lock lock(mutex_);
  files_.push_back({.file = {.name = name, .path = path_ / name, .head = {}}, .end = 0, .identity = {}});
  grown_.notify_all();
}

std::shared_ptr<const ServedLog::Held> LogDirectory::hold(const std::string& name) {
  const std::scoped_lock lock(mutex_);
  const Kept* kept = find(name);
  return kept == nullptr ? nullptr : kept->users;
}

std::uint64_t LogDirectory::remove_oldest(const std::string& name) {
  const std::scoped_lock lock(mutex_);
  if (files_.size() < 2 || files_.front().file.name != name || files_.front().users.use_count() > 1) return 0;
  const std::uint64_t size = std::filesystem::file_size(files_.front().file.path);
  std::filesystem::remove(files_.front().file.path);
  std::filesystem::remove(index_path(files_.front().file.path));
  sync_directory(path_);
  files_.erase(files_.begin());
  return size;
}

void LogDirectory::publish(const FileProgress::Boundary& boundary, const std::optional<FileIdentity>& identity,
                           const std::optional<std::vector<binlog::Gtid>>& head) {
  const std::scoped_lock lock(mutex_);
  Kept& last = files_.back();
  last.end = boundary.position;
  last.identity = identity;
  last.file.head = head;
  if (listed(last)) state_ = boundary.state;
  grown_.notify_all();
}

}  // namespace lifeboat::relay
