/// HAProxy told by its runtime API where the database is now: the servers of one backend read, pointed elsewhere, taken
/// out and put in. The file it was started with stays as it is, so that a restart undoes all of it: say so to people.
///
/// Ownership: connects anew for each command, as the API wants it. Threads: any. Errors: kUnavailable (nobody listens),
/// kDenied (the socket is not `level admin`), kNotFound (no such backend or server), kRefused with HAProxy's words.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/file.h"

namespace lifeboat::rescue {

/// One line of `show servers state`.
struct HaproxyServer {
  std::string name;
  std::string address;
  std::uint16_t port = 0;
  std::string admin;     ///< "ready", "drain" or "maint": what it was told
  bool running = false;  ///< it gets connections

  friend bool operator==(const HaproxyServer&, const HaproxyServer&) = default;
};

class Haproxy {
 public:
  Haproxy(Path socket, std::string backend) : socket_(std::move(socket)), backend_(std::move(backend)) {}

  std::vector<HaproxyServer> servers() const;
  HaproxyServer server(const std::string& name) const;

  /// "ready", "drain" or "maint"; read back, so that it is so when it returns.
  void set_admin(const std::string& name, const std::string& admin) const;
  /// Read back as well. `address` is an IP address: the API takes no names.
  void set_address(const std::string& name, const std::string& address, std::uint16_t port) const;
  /// Ends the connections that it has.
  void end_sessions(const std::string& name) const;
  /// Until its checks, if it has any, let it have connections. kTimeout.
  void wait_running(const std::string& name, std::chrono::milliseconds patience) const;

 private:
  std::string command(const std::string& words) const;
  std::string place(const std::string& name) const { return backend_ + "/" + name; }

  Path socket_;
  std::string backend_;
};

/// What `show servers state` answers. kUnsupported if it is another format.
std::vector<HaproxyServer> parse_servers_state(std::string_view text);

}  // namespace lifeboat::rescue
