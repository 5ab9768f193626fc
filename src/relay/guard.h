/// The guard of a relay: its rules, its holds, whom it tells. One for all sources of a relay's directory; each kept log
/// has its gate (guard_gate.h), which asks it.
///
/// A changed config is taken up within a second; a broken one leaves the last good one in force, and the status says
/// so. Decisions are taken up as fast, whoever wrote them into the audit log.
///
/// Threads: methods from any; it has one of its own. Errors: the constructor's: a config that is there and wrong
/// (kUsage), errno's. Later ones are in the status, as is an audit log that does not fit or cannot be written: dangers
/// are held then, and no decision is taken from it.
#pragma once

#include <atomic>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <string>
#include <thread>

#include "base/json.h"
#include "relay/guard_config.h"
#include "relay/guard_notifier.h"
#include "relay/guard_statistics.h"
#include "relay/hold_book.h"

namespace lifeboat::relay {

class Guard {
 public:
  /// `config_file` empty: the rules that need none.
  Guard(const Path& relay_directory, Path config_file);
  ~Guard();
  Guard(const Guard&) = delete;
  Guard& operator=(const Guard&) = delete;

  std::shared_ptr<const GuardConfig> config() const;
  HoldBook& book() { return book_; }
  /// Null: not known.
  std::shared_ptr<const TableCounts> table_counts() const { return statistics_->counts(); }
  void count_warning(const std::string& text);
  /// {"config", "problem", "warnings", "last_warning", "statistics"}
  json::object status() const;

 private:
  void run() noexcept;
  void look_at_config();
  void look_at_book();
  void note_rules();
  void take_up(const std::string& text);
  void set_problem(std::string& which, std::string text);

  Path config_file_;
  HoldBook book_;
  mutable std::mutex mutex_;  ///< guards what follows
  std::shared_ptr<const GuardConfig> config_;
  std::string config_text_;
  std::string config_problem_;
  std::string book_problem_;
  std::uint64_t warnings_ = 0;
  std::string last_warning_;
  bool stopping_ = false;
  std::condition_variable stop_;
  std::thread thread_;
  std::unique_ptr<GuardNotifier> notifier_;
  std::unique_ptr<GuardStatistics> statistics_;
};

}  // namespace lifeboat::relay
