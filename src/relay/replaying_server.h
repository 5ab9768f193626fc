/// The server that a kept log is replayed into: told to follow, watched, and in the end left as a durable server that
/// follows nobody. While it replays, no commit waits for the disk; a crash loses the last second of the replay and
/// nothing else, since the server keeps its place in the log in the same transactions. A server that logs what it
/// applies stays as durable as it is. Why, and what was measured: docs/decisions/0006-replay-settings.md.
///
/// Ownership: borrows the connection, whose account needs SUPER or all of its parts. Threads: one at a time. Errors:
/// the connection's; kBusy, kUsage, kRefused as told below.
#pragma once

#include <chrono>
#include <map>
#include <set>
#include <string>

#include "net/stream.h"
#include "relay/log_directory.h"
#include "server/connection.h"

namespace lifeboat::relay {

struct ReplayLogin {
  std::string user;
  std::string password;
};

class ReplayingServer {
 public:
  /// kBusy if it follows somebody else. What a replay that was killed left behind is taken away.
  ReplayingServer(server::Connection& connection, ReplayLogin login);
  /// As `finish`, as far as the server still answers.
  ~ReplayingServer();
  ReplayingServer(const ReplayingServer&) = delete;
  ReplayingServer& operator=(const ReplayingServer&) = delete;

  /// What it has, as gtid_slave_pos: what it applied as a replica, or what it logged itself if it never was one. kUsage
  /// if it was both, and neither tells all.
  std::string position();

  struct Order {
    net::Endpoint from;
    std::string start;  ///< as gtid_slave_pos
    std::string until;  ///< up to these transactions, and with them
    /// Servers whose transactions the log holds: with the number of one of them, this one would take them for its own
    /// and leave them out.
    std::set<std::uint32_t> servers;
  };
  void follow(const Order& order);
  /// Whether everything up to the order's end is applied, waiting up to `patience` for it. kRefused, with the server's
  /// words, if it has stopped before.
  bool reached(std::chrono::milliseconds patience);
  /// Up to where it has applied, by the source's names.
  LogPosition applied();

  /// It follows nobody, and all that it has applied, and will, is durable.
  void finish();

 private:
  void check_free();
  void relax(const std::set<std::uint32_t>& servers);
  void set(const std::string& name, const std::string& value);
  void stop_following();
  [[noreturn]] void fail_stopped(std::map<std::string, std::string>& status);

  server::Connection& connection_;
  ReplayLogin login_;
  std::string until_;
  std::map<std::string, std::string> before_;  ///< settings by name, as SQL
  bool finished_ = true;
};

}  // namespace lifeboat::relay
