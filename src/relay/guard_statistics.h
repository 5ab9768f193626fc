/// Asks a server now and then how many rows its tables have: the standby, whose tables still hold what the guard keeps
/// from it. What it does not tell is not known, and nor is what it told more than a day ago.
///
/// Ownership: owns its thread and connection, one for each time it asks. Threads: methods from any. Errors: none; what
/// went wrong last is in `problem`. Memory: the last answer, of at most kAnswerMax.
#pragma once

#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <thread>

#include "base/json.h"
#include "net/cancel.h"
#include "relay/guard_config.h"
#include "relay/table_counts.h"

namespace lifeboat::relay {

class GuardStatistics {
 public:
  static constexpr std::size_t kAnswerMax = std::size_t{16} << 20U;
  static constexpr std::chrono::hours kKeptFor{24};

  using Config = std::function<std::shared_ptr<const GuardConfig>()>;
  explicit GuardStatistics(Config config);
  ~GuardStatistics();
  GuardStatistics(const GuardStatistics&) = delete;
  GuardStatistics& operator=(const GuardStatistics&) = delete;

  /// Null: nothing is known.
  std::shared_ptr<const TableCounts> counts() const;
  /// {"server", "tables", "taken", "problem"}; null if the config names no server.
  json::value status() const;

 private:
  void run() noexcept;
  void ask(const StatisticsServer& server);

  Config config_;
  net::Cancel cancel_;
  mutable std::mutex mutex_;  ///< guards the two that follow
  std::shared_ptr<const TableCounts> counts_;
  std::string problem_;
  std::thread thread_;
};

}  // namespace lifeboat::relay
