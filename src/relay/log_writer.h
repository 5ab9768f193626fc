/// Appends a source's events to the newest file of a log, and makes them durable behind the receiver's back: while one
/// fsync runs, further events are received, and the next fsync covers all of them.
///
/// Ownership: borrows the directory. Threads: all methods from the receiver's; `on_durable` runs on the syncing thread,
///   after the fsync that covers what it is told, and must not call back.
/// Errors: errno's, kCorruption (from FileProgress). A failed fsync is thrown by the next call; then only `recover`
/// helps,
///   which goes back to what is known to be durable. Nothing that is not durable is ever published or acknowledged.
#pragma once

#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <thread>

#include "base/error.h"
#include "relay/log_directory.h"

namespace lifeboat::relay {

class LogWriter {
 public:
  struct Durable {
    LogPosition end;                 ///< between two groups
    std::optional<LogPosition> ack;  ///< the last event up to there that a commit waits for
    std::uint32_t group_time = 0;    ///< timestamp of the last group
  };
  using OnDurable = std::function<void(const Durable& durable)>;

  /// Cuts the newest file after its last whole group.
  LogWriter(LogDirectory& directory, OnDurable on_durable);
  /// Waits until what was flushed is durable, if it can be.
  ~LogWriter();
  LogWriter(const LogWriter&) = delete;
  LogWriter& operator=(const LogWriter&) = delete;

  /// Where the next group goes; nothing before the first file.
  std::optional<LogPosition> end() const;
  /// The progress of the newest file; null before the first.
  const FileProgress* progress() const { return progress_.get(); }

  /// A new newest file; the one before becomes durable first.
  void begin_file(const std::string& name);
  /// An event, or a part of one: see FileProgress.
  void begin_event(ByteView bytes);
  void more_of_event(ByteView bytes);
  /// The event that was written last is one that a commit waits for.
  void want_ack();
  /// To the file, and to the syncing thread.
  void flush();
  /// Waits until all is durable that was flushed.
  void settle();
  /// After an error, or when the stream broke: back to the last whole group that is durable. Costs nothing if nothing
  /// came since the last time, as while a source is away.
  void recover();

 private:
  /// What the syncing thread is to do next; overwritten while it is busy.
  struct Work {
    FileProgress::Boundary boundary;
    std::optional<FileIdentity> identity;
    std::optional<std::vector<binlog::Gtid>> head;
    std::optional<LogPosition> ack;
    std::uint32_t group_time = 0;
  };
  void open_newest(LogScan scan);
  void cut_at_boundary();
  void put(ByteView bytes);
  void write_out();
  void sync_loop() noexcept;
  void sync_once(const Work& work);
  void drop_what_is_in_doubt() noexcept;
  void throw_failure();

  LogDirectory& directory_;
  OnDurable on_durable_;
  std::unique_ptr<FileProgress> progress_;
  UniqueFd file_;
  Bytes buffer_;
  std::uint64_t written_ = 0;  ///< the file's size, the buffer not counted
  std::optional<LogPosition> ack_;
  std::uint32_t group_time_ = 0;
  bool changed_since_opening_ = false;  ///< the newest file
  bool in_doubt_ = false;               ///< something failed half-way: what is in the file, only the file tells

  std::mutex mutex_;  ///< guards what follows
  std::condition_variable changed_;
  std::optional<Work> work_;
  bool busy_ = false;
  bool stopping_ = false;
  std::optional<Error> failure_;
  std::thread syncer_;
};

}  // namespace lifeboat::relay
