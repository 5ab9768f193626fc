/// Keeps a source's log in the vault while it is kept on disk: every incarnation, the tail of the newest every few
/// seconds. Nothing waits for it: where the store is slow or gone it lags, and its status says so.
///
/// Ownership: owns its thread. Threads: methods from any. Errors: in the status.
#pragma once

#include <chrono>
#include <condition_variable>
#include <list>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>

#include "base/error.h"
#include "base/json.h"
#include "relay/stream_sealer.h"
#include "relay/vault_door.h"

namespace lifeboat::relay {

struct SealOptions {
  std::shared_ptr<VaultDoor> door;
  /// What the source had acknowledged longer ago than this is in the vault, as long as the store answers.
  std::chrono::milliseconds tail_interval{5000};
  /// Files that are in the vault whole are removed from the disk, oldest first, while all take more than this.
  std::optional<std::uint64_t> keep_local;
};

struct SealStatus {
  std::string vault;  ///< its URL
  std::string incarnation;
  LogPosition sealed;                  ///< all before it is in the vault
  std::optional<SystemTime> up_to;     ///< whatever was durable at this moment is in the vault
  std::chrono::milliseconds promised;  ///< the tail interval
  std::string problem;                 ///< why nothing is sealed now; empty: nothing
  std::string hint;
  std::uint64_t local_bytes_removed = 0;

  /// As of now.
  bool within_promise() const;
};
json::object status_to_json(const SealStatus& status);

class LogSealer {
 public:
  /// `directory`: of the source; older incarnations found there are sealed, too.
  LogSealer(Path directory, SealOptions options);
  /// What is durable is sealed before, unless the store failed last.
  ~LogSealer();
  LogSealer(const LogSealer&) = delete;
  LogSealer& operator=(const LogSealer&) = delete;

  /// The incarnation that is written from now on.
  void follow(const std::shared_ptr<LogDirectory>& log);
  SealStatus status() const;

 private:
  void run() noexcept;
  void take_up_logs();
  void take_up_older(const Path& than);
  void seal_all();
  void trim();
  bool stopping() const;

  Path directory_;
  SealOptions options_;
  bool found_older_ = false;
  std::list<std::unique_ptr<StreamSealer>> streams_;  ///< of the thread; oldest first, the newest is written

  mutable std::mutex mutex_;  ///< guards what follows
  std::condition_variable wake_;
  std::list<std::shared_ptr<LogDirectory>> new_logs_;
  bool stopping_ = false;
  SealStatus status_;
  std::thread thread_;
};

}  // namespace lifeboat::relay
