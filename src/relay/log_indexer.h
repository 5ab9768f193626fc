/// Indexes a kept log while it is written: every incarnation of a source, behind the writer's back, so that no
/// acknowledgement waits for it. What it has not come to yet is read from the log itself by who asks (log_index.h).
///
/// Ownership: owns its thread. Threads: methods from any. Errors: none; damage and a full disk are logged and end the
/// indexing of that file until the next start.
#pragma once

#include <atomic>
#include <condition_variable>
#include <list>
#include <memory>
#include <mutex>
#include <thread>

#include "relay/log_directory.h"

namespace lifeboat::relay {

class LogIndexer {
 public:
  /// `directory`: of the source; older incarnations found there are brought to their end first.
  explicit LogIndexer(Path directory);
  ~LogIndexer();
  LogIndexer(const LogIndexer&) = delete;
  LogIndexer& operator=(const LogIndexer&) = delete;

  /// The log that is written from now on.
  void follow(const std::shared_ptr<LogDirectory>& log);

 private:
  void run() noexcept;
  std::shared_ptr<LogDirectory> next_log();
  void index_older(const Path& than) noexcept;
  /// `final`: nobody writes it.
  void index_log(LogDirectory& log, bool final) noexcept;
  void index_files(LogDirectory& log, bool final);
  void index_file(LogDirectory& log, const ServedLog::File& file, bool final);
  /// The log that is read will not grow: another one is written.
  bool is_last() const { return waiting_ > 0; }

  Path directory_;
  bool found_older_ = false;
  std::atomic<bool> stopping_{false};
  std::atomic<std::size_t> waiting_{0};  ///< logs that came and were not begun
  std::mutex mutex_;                     ///< guards what follows
  std::condition_variable wake_;
  std::list<std::shared_ptr<LogDirectory>> logs_;
  std::thread thread_;
};

}  // namespace lifeboat::relay
