/// A kept log with its past: files that were removed from the disk, and are in the vault, are served from there as if
/// they were being written just now. A file that is held is brought part by part into a directory of its own, and each
/// event checked, while its reader reads; it goes when nobody holds it any more.
///
/// Ownership: shares the log and the vault's door; owns the directory, and a thread, which alone touches the vault.
/// Threads: methods from any. Errors: what cannot be had from the vault within the patience is a SqlFailure that makes
/// replicas come again. Memory: two parts. Disk: one log file for each place in the past at which somebody reads.
#pragma once

#include <condition_variable>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "relay/log_directory.h"
#include "relay/log_fetch.h"
#include "relay/past_files.h"

namespace lifeboat::relay {

class HistoryLog : public ServedLog {
 public:
  static constexpr std::chrono::milliseconds kPatience{20'000};

  /// What `directory` holds is removed.
  HistoryLog(std::shared_ptr<LogDirectory> log, std::shared_ptr<VaultDoor> door, Path directory,
             std::chrono::milliseconds patience = kPatience);
  ~HistoryLog() override;
  HistoryLog(const HistoryLog&) = delete;
  HistoryLog& operator=(const HistoryLog&) = delete;

  std::optional<Source> source() const override { return log_->source(); }
  std::vector<File> files() const override { return log_->files(); }
  std::vector<File> all_files() override;
  End end_of(const std::string& name) const override;
  binlog::GtidState state() const override { return log_->state(); }
  std::optional<std::string> gtid_position_at(const std::string& name, std::uint64_t position) const override {
    return log_->gtid_position_at(name, position);
  }
  std::shared_ptr<const Held> hold(const std::string& name) override;
  void wait_beyond(const std::string& name, std::uint64_t position, std::chrono::milliseconds patience) override;

 private:
  using Clock = std::chrono::steady_clock;
  /// One that is being brought, or was.
  struct Brought : Held {
    Brought(std::string file, Path to, std::vector<vault::ListedLogPart> of);
    ~Brought();
    Brought(const Brought&) = delete;
    Brought& operator=(const Brought&) = delete;

    std::string name;
    // Of the thread:
    std::vector<vault::ListedLogPart> parts;
    std::set<std::string> damaged;
    std::optional<SealedFileFetch> fetch;
    LogFileScan scan;
    // Guarded by the log's mutex_:
    std::uint64_t readable = 0;
    bool whole = false;
    bool broken = false;  ///< what is missing will not come
    std::string problem;  ///< why nothing comes at the moment, or ever
    Clock::time_point last_came = Clock::now();
    Clock::time_point next_try;
  };

  bool is_here(const std::string& name) const;
  std::shared_ptr<Brought> find(const std::string& name) const;
  void await_list(std::unique_lock<std::mutex>& lock);
  void run() noexcept;
  std::shared_ptr<Brought> next_file();
  void bring_part(Brought& file);
  static void note_progress(Brought& file, bool more);
  void list(std::uint64_t wanted);

  std::shared_ptr<LogDirectory> log_;
  PastFiles past_of_;  ///< of the thread
  Path directory_;
  std::chrono::milliseconds patience_;

  mutable std::mutex mutex_;  ///< guards what follows
  std::condition_variable wake_;
  std::condition_variable grown_;
  std::map<std::uint64_t, PastFile> past_;  ///< by number, as listed last
  std::uint64_t lists_wanted_ = 0;
  std::uint64_t lists_made_ = 0;
  Clock::time_point listed_{};
  std::uint64_t listed_for_ = 0;  ///< the oldest file on the disk was that
  std::string list_problem_;
  std::map<std::string, std::weak_ptr<Brought>> brought_;
  std::string last_brought_;  ///< whose turn it was
  std::uint64_t copies_ = 0;
  bool stopping_ = false;
  std::thread thread_;
};

}  // namespace lifeboat::relay
