#include "relay/log_indexer.h"

#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>

#include "base/error.h"
#include "base/log.h"
#include "relay/log_index.h"
#include "relay/source_log.h"

namespace lifeboat::relay {
namespace {

using Clock = std::chrono::steady_clock;

/// How long an entry may stay in memory alone; each flush costs a block.
constexpr std::chrono::milliseconds kFlushInterval{1000};
constexpr int kNiceness = 10;

}  // namespace

LogIndexer::LogIndexer(Path directory) : directory_(std::move(directory)), thread_([this] { run(); }) {}

LogIndexer::~LogIndexer() {
  {
    const std::scoped_lock lock(mutex_);
    stopping_ = true;
  }
  wake_.notify_all();
  thread_.join();
}

void LogIndexer::follow(const std::shared_ptr<LogDirectory>& log) {
  const std::scoped_lock lock(mutex_);
  logs_.push_back(log);
  waiting_ = logs_.size();
  wake_.notify_all();
}

std::shared_ptr<LogDirectory> LogIndexer::next_log() {
  std::unique_lock lock(mutex_);
  wake_.wait(lock, [&] { return stopping_ || !logs_.empty(); });
  if (stopping_) return nullptr;
  auto log = logs_.front();
  logs_.pop_front();
  waiting_ = logs_.size();
  return log;
}

void LogIndexer::run() noexcept {
  // Of this thread alone: whoever waits for an acknowledgement goes first.
  static_cast<void>(::setpriority(PRIO_PROCESS, static_cast<id_t>(::gettid()), kNiceness));
  while (const auto log = next_log()) {
    if (!std::exchange(found_older_, true)) index_older(log->path());
    index_log(*log, false);
  }
}

void LogIndexer::index_older(const Path& than) noexcept {
  try {
    for (const Path& path : list_incarnations(directory_)) {
      if (path < than) index_log(*std::make_unique<LogDirectory>(path), true);
    }
  } catch (const std::exception& e) {
    log::warn("{}: older logs are not indexed: {}", directory_.string(), e.what());
  }
}

void LogIndexer::index_log(LogDirectory& log, bool final) noexcept {
  try {
    index_files(log, final);
  } catch (const std::exception& e) {
    log::warn("{}: is not indexed further: {}", log.path().string(), e.what());
  }
}

void LogIndexer::index_files(LogDirectory& log, bool final) {
  std::string done;
  while (!stopping_) {
    const std::vector<ServedLog::File> files = log.files();
    const auto next = std::ranges::find_if(files, [&](const ServedLog::File& file) {
      return done.empty() || log_file_number(file.name) > log_file_number(done);
    });
    if (next != files.end()) {
      index_file(log, *next, final);
      done = next->name;
      continue;
    }
    if (final || is_last()) return;
    std::unique_lock lock(mutex_);
    wake_.wait_for(lock, kFlushInterval, [&] { return stopping_ || !logs_.empty(); });
  }
}

/// Until it is closed, or all of it when nothing more comes.
void LogIndexer::index_file(LogDirectory& log, const ServedLog::File& file, bool final) {
  const auto hold = log.hold(file.name);
  const auto owner = index_owner(file.path);
  if (!hold || !owner) return;
  ServedLog::End end = log.end_of(file.name);
  IndexFileWriter writer(index_path(file.path), *owner, end.readable);
  GroupStream stream(file.path);
  if (end.closed && !stream.read_again_if_beyond(writer.end(), end.readable)) return;
  Clock::time_point flushed = Clock::now();
  while (!stopping_) {
    const bool is_all = final || is_last();
    end = log.end_of(file.name);
    while (const auto group = stream.next(end.readable)) {
      writer.add(group->entry);
      if (stopping_) break;
    }
    if (end.closed || is_all) break;
    if (Clock::now() - flushed >= kFlushInterval) {
      writer.flush();
      flushed = Clock::now();
    }
    log.wait_beyond(file.name, end.readable, kFlushInterval);
  }
  writer.flush();
}

}  // namespace lifeboat::relay
