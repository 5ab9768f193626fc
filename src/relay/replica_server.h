/// Listens for replicas of one kept log, a thread for each. Which log a replica gets is told by the port it connects
/// to: a relay that follows several sources listens on one for each. When all connections are taken, the oldest of
/// those that have not logged in gives way, so that no crowd of strangers keeps a replica out.
///
/// Ownership: borrows port, log and gate, which must outlive it. Threads: `replicas` from any. Errors: ReplicaPort's
/// constructor's are those of net::Listener and RuleBook; later ones cost their connection and a log line.
#pragma once

#include <atomic>
#include <cstdint>
#include <list>
#include <memory>
#include <mutex>
#include <optional>
#include <thread>
#include <vector>

#include "net/listener.h"
#include "relay/replica_session.h"

namespace lifeboat::relay {

struct ReplicaServerOptions {
  net::Endpoint listen;
  std::optional<net::TlsContext> tls;
  bool require_tls = false;
  Accounts accounts;
  Path rules_file;  ///< may be absent: see RuleBook
  std::size_t connections_max = 64;
  std::chrono::milliseconds login_patience{10'000};
};

/// What is the same whichever log is served: a log that is begun anew must not cost the port or the rules, because
/// another has the one or the file of the other is wrong just then. Replicas that come while nobody serves wait.
struct ReplicaPort {
  explicit ReplicaPort(const ReplicaServerOptions& options) : rules(options.rules_file), listener(options.listen) {}
  RuleBook rules;
  net::Listener listener;
};

class ReplicaServer : private SessionRegistry {
 public:
  ReplicaServer(ReplicaServerOptions options, ReplicaPort& port, ServedLog& log, Gate& gate);
  /// Ends every connection.
  ~ReplicaServer() override;
  ReplicaServer(const ReplicaServer&) = delete;
  ReplicaServer& operator=(const ReplicaServer&) = delete;

  std::uint16_t port() const { return port_.listener.port(); }
  /// Every connection that is open.
  std::vector<ReplicaStatus> replicas() const;

 private:
  struct Connection {
    Connection(const SessionParts& parts, net::Stream stream, std::uint32_t id)
        : session(parts, std::move(stream), id) {}
    ReplicaSession session;
    std::atomic<bool> ended = false;  ///< set with mutex_ held: then the session is closed
    std::thread thread;
  };

  void accept_all() noexcept;
  void accept_one();
  void forget_ended();
  /// True if there is room for one more connection.
  bool make_room();
  void turn_away(net::Stream stream);
  bool kill(std::uint64_t connection_id, const std::string& user) override;
  void replace_dumps_of(std::uint32_t server_id, std::uint64_t by_connection_id) override;

  ReplicaServerOptions options_;
  ReplicaPort& port_;
  ServedLog& log_;
  Gate& gate_;
  net::Cancel cancel_;
  std::uint32_t last_id_ = 0;
  std::uint64_t turned_away_ = 0;  ///< since the last line about it in the log
  std::chrono::steady_clock::time_point turned_away_told_{};
  mutable std::mutex mutex_;  ///< guards connections_; never held while a session's code runs on this thread
  std::list<std::shared_ptr<Connection>> connections_;
  std::thread acceptor_;
};

}  // namespace lifeboat::relay
