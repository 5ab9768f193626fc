#include "relay/log_writer.h"

#include <fcntl.h>
#include <unistd.h>

#include "base/error.h"
#include "base/log.h"
#include "binlog/event.h"
#include "relay/indexed_scan.h"

namespace lifeboat::relay {
namespace {

constexpr std::size_t kBufferSize = std::size_t{256} << 10U;

void cut_file(int fd, std::uint64_t size, const Path& path) {
  if (::ftruncate(fd, static_cast<off_t>(size)) != 0) fail_errno(format("truncate {}", path.string()), errno);
}

}  // namespace

LogWriter::LogWriter(LogDirectory& directory, OnDurable on_durable)
    : directory_(directory), on_durable_(std::move(on_durable)) {
  buffer_.reserve(kBufferSize);
  if (auto newest = directory_.take_newest()) {
    sync_directory(directory_.path());  // one that was killed may have made the file, and not come to that
    open_newest(*std::move(newest));
  }
  syncer_ = std::thread([this] { sync_loop(); });
}

LogWriter::~LogWriter() {
  {
    const std::scoped_lock lock(mutex_);
    stopping_ = true;
  }
  changed_.notify_all();
  syncer_.join();
}

std::optional<LogPosition> LogWriter::end() const {
  if (progress_ == nullptr) return std::nullopt;
  // A file that has not even its first event is asked for from its beginning.
  return LogPosition{progress_->file(), progress_->has_format() ? progress_->boundary().position : 4};
}

/// Takes up the newest file where its last whole group ends.
void LogWriter::open_newest(LogScan scan) {
  const Path path = directory_.file_path(scan.progress.file());
  if (scan.size >= binlog::kFileMagic.size() && !scan.is_log) {
    fail(Code::kCorruption, format("{}: is no binary log", path.string()), "Move it away; the relay fetches it again.");
  }
  progress_ = std::make_unique<FileProgress>(std::move(scan.progress));
  file_ = open_file(path, O_RDWR);
  written_ = std::filesystem::file_size(path);
  cut_at_boundary();
}

/// What follows the last whole group goes; what is before it becomes durable, and known.
void LogWriter::cut_at_boundary() {
  const Path path = directory_.file_path(progress_->file());
  progress_->rewind();
  const std::uint64_t end = progress_->position();
  if (written_ != end) {
    if (written_ > end) {
      log::info("{}: {} bytes after the last whole group are dropped; they come again", path.string(), written_ - end);
    }
    // Also when not even the magic is there.
    cut_file(file_.get(), end, path);
    pwrite_full(file_.get(), as_bytes(binlog::kFileMagic), 0, path.string());
    written_ = end;
  }
  sync_file(file_.get(), path.string());
  directory_.publish(progress_->boundary(), progress_->identity(), progress_->head());
  changed_since_opening_ = false;
  in_doubt_ = false;
}

void LogWriter::begin_file(const std::string& name) {
  settle();
  changed_since_opening_ = true;
  in_doubt_ = true;
  const binlog::GtidState before = progress_ == nullptr ? binlog::GtidState() : progress_->boundary().state;
  const Path path = directory_.file_path(name);
  if (directory_.hold(name) != nullptr) fail(Code::kExists, format("{}: is kept already", path.string()));
  UniqueFd file = open_file(path, O_RDWR | O_CREAT | O_TRUNC);  // one that a full disk cut short is begun anew
  pwrite_full(file.get(), as_bytes(binlog::kFileMagic), 0, path.string());
  sync_file(file.get(), path.string());
  sync_directory(directory_.path());
  progress_ = std::make_unique<FileProgress>(name, before);
  file_ = std::move(file);
  written_ = binlog::kFileMagic.size();
  directory_.add_file(name);
  in_doubt_ = false;
}

void LogWriter::begin_event(ByteView bytes) {
  changed_since_opening_ = true;
  in_doubt_ = true;  // if one of these throws
  progress_->begin(bytes);
  put(bytes);
  in_doubt_ = false;
}

void LogWriter::more_of_event(ByteView bytes) {
  in_doubt_ = true;
  progress_->more(bytes);
  put(bytes);
  in_doubt_ = false;
}

void LogWriter::put(ByteView bytes) {
  if (buffer_.size() + bytes.size() > kBufferSize) write_out();
  if (bytes.size() >= kBufferSize) {
    pwrite_full(file_.get(), bytes, written_, progress_->file());
    written_ += bytes.size();
  } else {
    buffer_.insert(buffer_.end(), bytes.begin(), bytes.end());
  }
  if (progress_->group_ended()) group_time_ = progress_->group().timestamp;
}

void LogWriter::write_out() {
  throw_failure();
  pwrite_full(file_.get(), buffer_, written_, progress_->file());
  written_ += buffer_.size();
  buffer_.clear();
}

void LogWriter::want_ack() {
  ack_ = LogPosition{progress_->file(), progress_->position()};
}

void LogWriter::flush() {
  write_out();
  {
    const std::scoped_lock lock(mutex_);
    // A sync that failed since: the next would succeed, and speak of what the kernel has dropped.
    if (failure_) throw Exception(*failure_);
    // The head and identity matter once; copying them each time would cost more than comparing.
    work_ = Work{.boundary = progress_->boundary(),
                 .identity = progress_->identity(),
                 .head = progress_->head(),
                 .ack = ack_ && ack_->position <= progress_->boundary().position ? ack_ : std::nullopt,
                 .group_time = group_time_};
  }
  changed_.notify_all();
}

void LogWriter::settle() {
  if (progress_ != nullptr) flush();
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [&] { return (!work_ && !busy_) || failure_; });
  lock.unlock();
  throw_failure();
  ack_.reset();  // it is acknowledged, and belongs to this file
}

void LogWriter::recover() {
  {
    std::unique_lock lock(mutex_);
    work_.reset();
    changed_.wait(lock, [&] { return !busy_; });
    in_doubt_ = in_doubt_ || failure_;
    failure_.reset();
  }
  if (!changed_since_opening_ && !in_doubt_) return;
  ack_.reset();
  if (!std::exchange(in_doubt_, true)) {  // the stream broke, and nothing else: what came before is good
    write_out();
    return cut_at_boundary();
  }
  buffer_.clear();
  file_.reset();
  // Once an fsync has failed, what is read from the file may be in memory only: no more of it counts than was durable.
  const auto end = directory_.end();
  if (end) open_newest(scan_indexed_file(directory_.file_path(end->file), end->position));
}

void LogWriter::throw_failure() {
  const std::scoped_lock lock(mutex_);
  if (failure_) throw Exception(*failure_);
}

void LogWriter::sync_loop() noexcept {
  std::unique_lock lock(mutex_);
  for (;;) {
    changed_.wait(lock, [&] { return work_ || stopping_; });
    if (!work_) return;
    const Work work = std::move(*work_);
    work_.reset();
    busy_ = true;
    lock.unlock();
    std::optional<Error> failure;
    try {
      sync_once(work);
    } catch (...) {
      failure = current_error();
      drop_what_is_in_doubt();
    }
    lock.lock();
    busy_ = false;
    if (failure) {
      failure_ = std::move(failure);
      work_.reset();
    }
    changed_.notify_all();
  }
}

/// At once: the kernel takes what it could not write for written, and should this process be killed before `recover`,
/// the next one would read it, sync the file with success, and acknowledge it.
void LogWriter::drop_what_is_in_doubt() noexcept {
  const auto durable = directory_.end();
  if (durable && ::ftruncate(file_.get(), static_cast<off_t>(durable->position)) != 0) {
    log::error("{}: {} is in doubt from {} on and cannot be cut there", directory_.path().string(), durable->file,
               durable->position);
  }
}

void LogWriter::sync_once(const Work& work) {
  // begin_file and recover change these two only while this thread is idle.
  sync_data(file_.get(), progress_->file());
  directory_.publish(work.boundary, work.identity, work.head);
  on_durable_({.end = {progress_->file(), work.boundary.position}, .ack = work.ack, .group_time = work.group_time});
}

}  // namespace lifeboat::relay
