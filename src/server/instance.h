/// One running mariadbd of a branch: started in the background, watched until it answers, stopped politely.
/// Errors: Exception; a server that ends while starting gives kUnavailable with its last log lines. Threads: one at a
/// time.
#pragma once

#include <atomic>
#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/error.h"
#include "base/process.h"
#include "server/connection.h"

namespace lifeboat::server {

struct StartRequest {
  std::vector<std::string> argv;  ///< the binary and its arguments
  Path socket;
  Path error_log;
  std::vector<Login> logins;
  std::optional<std::chrono::milliseconds> patience;  ///< empty: as long as it takes
  const std::atomic<bool>* cancelled = nullptr;       ///< looked at while waiting, if given
  /// Told every so often, while the server has not answered, the last line of its log: recovery may take hours.
  std::function<void(double seconds, const std::string& said)> while_starting;
  std::chrono::milliseconds tell_every = std::chrono::seconds(10);
  /// Called before the server runs; if it throws, or this process dies meanwhile, the server never runs.
  std::function<void(const ProcessIdentity&)> before_run;
};

/// Of a start that failed: whether nothing told the fate of what was only prepared, for want of a binary log.
bool tells_undecided(const Error& error);

struct StartedServer {
  ProcessIdentity process;
  bool ready = false;     ///< false: still starting when patience ended; it goes on
  bool answered = false;  ///< a query was answered; else ready means that it greeted and denied the login
  std::string why_not;    ///< !answered: what was said last
  double seconds = 0;     ///< from start to the first answer (or greeting)
  std::unique_ptr<Connection> connection;  ///< if answered
};

/// Starts it in a session of its own, so that it outlives this process. If waiting fails or is cancelled (kCancelled),
/// the server has been stopped.
StartedServer start_server(const StartRequest& request);

/// SIGTERM, up to `patience`, then SIGKILL. Nothing to do if it is gone. True if it ended by itself.
bool stop_server(const ProcessIdentity& process, std::chrono::milliseconds patience);

/// The last lines of a server's error log, for messages.
std::string last_lines(const Path& log, std::size_t lines);

/// A port of 127.0.0.1 that nobody listens on now.
std::uint16_t pick_free_port();
/// kBusy if somebody listens on it.
void check_port_free(std::uint16_t port);

}  // namespace lifeboat::server
