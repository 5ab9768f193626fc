#include "relay/stream_sealer.h"

#include <fcntl.h>

#include <algorithm>

#include "base/error.h"
#include "base/log.h"
#include "relay/seal_plan.h"
#include "relay/source_log.h"
#include "vault/log_cover.h"

namespace lifeboat::relay {
namespace {

Bytes read_range(const Path& path, std::uint64_t begin, std::uint64_t end) {
  Bytes content(static_cast<std::size_t>(end - begin));
  const UniqueFd file = open_file(path, O_RDONLY);
  if (pread_full(file.get(), content, begin, path.string()) != content.size()) {
    fail(Code::kCorruption, format("{}: ends before {}", path.string(), end), "Something else has cut the file.");
  }
  return content;
}

/// Best effort: what stays is garbage that a prune removes.
void remove_quietly(vault::Vault& vault, const vault::LogPartName& name) {
  try {
    vault::remove_log_part(vault, name);
  } catch (const Exception& e) {
    log::debug("{} is left to prune: {}", vault::log_part_object(name), e.what());
  }
}

}  // namespace

StreamSealer::StreamSealer(std::string source, std::shared_ptr<LogDirectory> log)
    : source_(std::move(source)),
      log_(std::move(log)),
      note_(incarnation_note(log_->path())),
      stream_(stream_id(log_->path())) {}

void StreamSealer::seal(vault::Vault& vault, const std::function<bool()>& stop) {
  try {
    if (!loaded_) load(vault);
    bool contiguous = true;
    unsealed_bytes_ = 0;
    for (const Goal& goal : goals()) {
      if (log_file_number(goal.name) < oldest_) continue;
      const bool whole = seal_file(vault, goal, stop);
      const File& file = files_[log_file_number(goal.name)];
      if (contiguous) sealed_ = {goal.name, file.end};
      contiguous = contiguous && whole;
      unsealed_bytes_ += goal.end - std::min(goal.end, file.end);
    }
  } catch (...) {
    loaded_ = false;  // whether the last put arrived is not known
    throw;
  }
}

void StreamSealer::load(vault::Vault& vault) {
  files_.clear();
  oldest_ = 0;
  for (const std::vector<vault::ListedLogPart>& listed : vault::split_by_file(vault::list_log_parts(vault, stream_))) {
    const vault::LogCover cover = vault::cover_log_file(listed);
    File& file = files_[listed.front().name.file];
    for (const vault::ListedLogPart& part : cover.parts) file.parts.push_back({part, std::nullopt});
    file.end = cover.end;
    file.closed = cover.closed;
    for (const vault::ListedLogPart& part : vault::split_superseded(listed).superseded) {
      remove_quietly(vault, part.name);
    }
  }
  if (!files_.empty()) oldest_ = files_.begin()->first;
  loaded_ = true;
}

/// What is durable now. Of a closed file that is all of it, also what follows its last whole group.
std::vector<StreamSealer::Goal> StreamSealer::goals() const {
  const std::vector<ServedLog::File> files = log_->files();
  std::vector<Goal> goals;
  for (const ServedLog::File& file : files) {
    const ServedLog::End end = log_->end_of(file.name);
    const bool newest = &file == &files.back();
    goals.push_back({.name = file.name,
                     .end = end.closed ? std::filesystem::file_size(file.path) : end.readable,
                     .closed = end.closed || (final_ && newest)});
  }
  return goals;
}

/// Whether all of it is in the vault.
bool StreamSealer::seal_file(vault::Vault& vault, const Goal& goal, const std::function<bool()>& stop) {
  File& file = files_[log_file_number(goal.name)];
  if (file.end > goal.end) return true;  // the disk lost what was said to be durable; the source sends it again
  while (!file.closed && (file.end < goal.end || goal.closed)) {
    if (stop()) return false;
    const std::uint64_t end = std::min(goal.end, file.end + kSealedPartBytes);
    add_part(vault, file, goal.name, {.begin = file.end, .end = end, .closes = goal.closed && end == goal.end});
    merge(vault, file, goal.name, false);
  }
  if (file.closed && !file.merged) {
    merge(vault, file, goal.name, true);
    file.merged = true;
    file.scan.reset();
  }
  return file.end >= goal.end;
}

void StreamSealer::add_part(vault::Vault& vault, File& file, const std::string& name, const Range& range) {
  file.parts.push_back(put(vault, name, range, describe(file, name, range)));
  file.end = range.end;
  file.closed = range.closes;
}

/// What the groups that end in the range say.
LogPartRecord StreamSealer::describe(File& file, const std::string& name, const Range& range) {
  if (!file.scan) file.scan = std::make_unique<LogFileScan>(log_->file_path(name), binlog::GtidState());
  file.scan->advance(range.begin);
  LogPartRecord record{.source = source_,
                       .incarnation = log_->path().filename().string(),
                       .note = note_,
                       .file = name,
                       .before = file.scan->progress().boundary().state};
  file.scan->advance(range.end, [&](const FileProgress& progress) {
    if (!progress.group_ended()) return true;
    record.last_time = progress.group().timestamp;
    if (++record.groups == 1) record.first_time = record.last_time;
    return true;
  });
  if (range.begin == 0 && file.scan->progress().head()) {
    record.before = binlog::GtidState::from_list(*file.scan->progress().head());
  }
  record.after = file.scan->progress().boundary().state;
  if (!file.scan->damage().empty()) log::warn("sealed as it is: {}", file.scan->damage());
  return record;
}

StreamSealer::Part StreamSealer::put(vault::Vault& vault, const std::string& name, const Range& range,
                                     LogPartRecord record) {
  const Bytes content = read_range(log_->file_path(name), range.begin, range.end);
  record.hash = codec::sha256(content);
  record.sealed = now();
  const vault::LogPartName part = vault::new_log_part({.stream = stream_,
                                                       .file = log_file_number(name),
                                                       .begin = range.begin,
                                                       .end = range.end,
                                                       .closes = range.closes});
  vault::put_log_part(vault, part, encode_log_part_record(record), content);
  return {{.name = part}, std::move(record)};
}

void StreamSealer::merge(vault::Vault& vault, File& file, const std::string& name, bool closed) {
  for (;;) {
    std::vector<std::uint64_t> sizes;
    for (const Part& part : file.parts) sizes.push_back(part.listed.name.size());
    const auto plan = next_merge(sizes, closed);
    if (!plan) return;
    const auto first = file.parts.begin() + static_cast<std::ptrdiff_t>(plan->first);
    const auto last = file.parts.begin() + static_cast<std::ptrdiff_t>(plan->last);
    LogPartRecord record = record_of(vault, *first);
    for (auto part = std::next(first); part != last; ++part) {
      const LogPartRecord& next = record_of(vault, *part);
      record.after = next.after;
      record.groups += next.groups;
      if (record.first_time == 0) record.first_time = next.first_time;
      if (next.last_time != 0) record.last_time = next.last_time;
    }
    const vault::LogPartName& newest = std::prev(last)->listed.name;
    Part merged = put(vault, name, {first->listed.name.begin, newest.end, newest.closes}, std::move(record));
    const std::vector<Part> old(first, last);
    *first = std::move(merged);
    file.parts.erase(std::next(first), last);
    for (const Part& part : old) remove_quietly(vault, part.listed.name);
  }
}

LogPartRecord& StreamSealer::record_of(vault::Vault& vault, Part& part) {
  if (!part.record) part.record = decode_log_part_record(vault::read_log_metadata(vault, part.listed));
  return *part.record;
}

std::vector<std::string> StreamSealer::whole_files() const {
  std::vector<std::string> names;
  for (const ServedLog::File& file : log_->files()) {
    const auto at = files_.find(log_file_number(file.name));
    if (at != files_.end() && at->second.merged) names.push_back(file.name);
  }
  return names;
}

}  // namespace lifeboat::relay
