/// One source relayed: followed, kept, and served on to replicas. A process may hold several.
///
/// Ownership: owns follower and server; borrows the guard. Threads: methods from any. Errors: the constructor's are
///   those of Follower and ReplicaPort.
#pragma once

#include <memory>
#include <mutex>
#include <optional>

#include "base/json.h"
#include "relay/follower.h"
#include "relay/guard_gate.h"
#include "relay/history_log.h"
#include "relay/log_indexer.h"
#include "relay/log_sealer.h"
#include "relay/replica_server.h"

namespace lifeboat::relay {

struct RelayOptions {
  FollowOptions follow;
  std::optional<ReplicaServerOptions> serve;  ///< nothing: keeps only
  std::optional<SealOptions> seal;            ///< nothing: on this host's disk only
};

class Relay {
 public:
  Relay(RelayOptions options, Guard& guard);
  ~Relay();
  Relay(const Relay&) = delete;
  Relay& operator=(const Relay&) = delete;

  FollowStatus follow_status() const { return follower_->status(); }
  /// Following, listening, and everything that replicas do.
  json::object status() const;

 private:
  /// Alarms: whom the new log leaves behind.
  std::vector<std::string> serve(const std::shared_ptr<LogDirectory>& log);
  std::vector<std::string> left_behind() const;

  std::optional<ReplicaServerOptions> serve_options_;
  std::shared_ptr<VaultDoor> door_;  ///< null: no vault
  std::unique_ptr<ReplicaPort> port_;
  Guard& guard_;
  const std::string source_;  ///< as its directory is named
  mutable std::mutex mutex_;  ///< guards the four that follow
  std::shared_ptr<LogDirectory> log_;
  std::unique_ptr<HistoryLog> history_;
  std::unique_ptr<GuardGate> gate_;
  std::unique_ptr<ReplicaServer> server_;
  std::unique_ptr<LogSealer> sealer_;
  std::unique_ptr<LogIndexer> indexer_;
  std::unique_ptr<Follower> follower_;
};

/// Where in a relay's directory a source's log lies.
Path source_directory(const Path& relay_directory, const SourceAddress& source);
/// What it is called there: "db1.example-3306".
std::string source_name(const net::Endpoint& source);
/// The directories of all sources kept there.
std::vector<Path> list_source_directories(const Path& relay_directory);

}  // namespace lifeboat::relay
