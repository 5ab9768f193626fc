/// One client's connection to the relay, from greeting to end: login, the questions a replica asks, its dump. Whatever
/// it sends is bounded in size and time; what breaks the protocol costs it the connection, and the log gets a line.
///
/// Threads: `run` on the session's own; `kill` and `status` from any. Errors: run lets nothing escape.
#pragma once

#include <atomic>
#include <functional>
#include <optional>
#include <string>

#include "net/stream.h"
#include "relay/accounts.h"
#include "relay/dump.h"

namespace lifeboat::relay {

/// How sessions meet: KILL, and a replica that comes again while its old connection still hangs.
class SessionRegistry {
 public:
  virtual ~SessionRegistry() = default;
  /// Ends that connection if it is of the same account; false if there is none.
  virtual bool kill(std::uint64_t connection_id, const std::string& user) = 0;
  /// Ends other dumps of this replica.
  virtual void replace_dumps_of(std::uint32_t server_id, std::uint64_t by_connection_id) = 0;
};

/// Borrowed by every session.
struct SessionParts {
  ServedLog& log;
  RuleBook& rules;
  Gate& gate;
  const Accounts& accounts;
  SessionRegistry& registry;
  const net::TlsContext* tls = nullptr;  ///< none: plain only
  bool require_tls = false;
  std::chrono::milliseconds login_patience{10'000};  ///< for all of it, however slowly the bytes drip
};

struct ReplicaStatus {
  std::uint64_t connection_id = 0;
  std::string peer;
  std::string user;
  std::uint32_t server_id = 0;  ///< 0 until it dumps
  std::string report_host;      ///< as it registered; empty: it did not say
  std::uint16_t report_port = 0;
  bool dumping = false;
  DumpStatus dump;
};

class ReplicaSession {
 public:
  ReplicaSession(SessionParts parts, net::Stream stream, std::uint32_t connection_id);

  void run() noexcept;
  void kill() noexcept { stream_.shut_down(); }
  /// After `run`, and with nobody who might kill it: a client that sends on must not wait for one to come.
  void close() noexcept { stream_.close(); }
  ReplicaStatus status() const;

 private:
  void talk();
  void log_in(const ServedLog::Source& source);
  ClientLogin read_login();
  Bytes read_unbuffered();
  /// False when the client says good-bye.
  bool command(ReplicaDialogue& dialogue, ByteView payload);
  void note_registration(ByteView body);
  void query(ReplicaDialogue& dialogue, std::string_view statement);
  void kill_other(std::uint64_t connection_id);
  void dump(const ReplicaDialogue& dialogue, ByteView payload);
  DialogueFacts facts(const ServedLog::Source& source) const;

  SessionParts parts_;
  net::Stream stream_;
  PacketChannel channel_;
  const std::uint32_t connection_id_;
  std::uint32_t source_server_id_ = 0;
  SharedDumpStatus dump_status_;
  mutable std::mutex mutex_;  ///< guards what follows
  ReplicaStatus status_;
};

}  // namespace lifeboat::relay
