/// What a standby says to its own server: where to replicate from, how it goes, and where it stands.
/// Ownership: owns the connection. Threads: one at a time. Errors: those of server::Connection.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "binlog/gtid.h"
#include "codec/secret.h"
#include "net/stream.h"
#include "server/connection.h"

namespace lifeboat::rescue {

struct RelayLogin {
  net::Endpoint address;
  std::string user;
  codec::Secret password;
  std::chrono::seconds delay{0};  ///< what is applied is at least this old
};

/// SHOW SLAVE STATUS, the part that matters here.
struct ReplicaState {
  bool configured = false;  ///< it was told whom to follow
  net::Endpoint address;
  std::chrono::seconds delay{0};
  std::string fetching;  ///< "Yes", "No", "Connecting"
  bool applying = false;
  std::optional<double> lag_seconds;  ///< empty: nothing comes
  std::string fetch_error;
  std::uint64_t fetch_error_number = 0;
  std::string apply_error;

  /// Whether it does what `follow` would make it do.
  bool follows(const RelayLogin& login) const;
  /// Whether neither thread runs.
  bool idle() const { return !applying && (fetching.empty() || fetching == "No"); }
};

class StandbyServer {
 public:
  /// kDenied with what to do if nobody is let in.
  StandbyServer(const Path& socket, const std::vector<server::Login>& logins, std::chrono::seconds patience);

  /// Whether it was started as a replica (server::ReplicaSettings), not as an ordinary branch.
  bool is_replica();
  /// Sets where replication begins, and its own binary log, for good when it returns. With nothing being replicated.
  void begin_at(const binlog::GtidPosition& position);
  /// A transaction that it logged and that is not of its source: somebody wrote to it, or it ended DDL after a kill.
  std::optional<binlog::Gtid> own_write();
  /// All that it has of its source.
  binlog::GtidPosition done();
  /// For a server that is idle, perhaps after a kill: what was done is not to be done again.
  void recover_position();
  /// Points it at the relay and starts both threads; from where it stands.
  void follow(const RelayLogin& login);
  void stop_following();
  ReplicaState state();

  /// What a server that starts on the files as they are now would say: the committed rows of mysql.gtid_slave_pos. The
  /// variable of that name is set a little after the commit.
  binlog::GtidPosition applied();
  /// What its binary log ends with.
  binlog::GtidPosition logged();
  std::uint32_t server_id();
  /// Removes the oldest of its own binary logs, beyond `keep_bytes` and never the two newest.
  void purge_binary_logs(std::uint64_t keep_bytes);

  server::Connection& connection() { return *connection_; }

 private:
  void set_position(const binlog::GtidPosition& position);
  void begin_log_at(const binlog::GtidPosition& position);

  std::unique_ptr<server::Connection> connection_;
  std::string position_query_;
};

/// All that a server has of its source: what it has applied, and what it did and logged without having recorded the
/// position yet (DDL); nothing of its own.
binlog::GtidPosition done_of_source(const binlog::GtidPosition& applied, const binlog::GtidPosition& logged,
                                    std::uint32_t server_id);

/// The log up to which to purge: the oldest to be kept; empty: nothing is to go. Newest last.
std::string oldest_log_to_keep(const std::vector<std::pair<std::string, std::uint64_t>>& logs,
                               std::uint64_t keep_bytes);

}  // namespace lifeboat::rescue
