/// Who sends the application to its database, as a cut-over tells it: HAProxy by its runtime API, a program of
/// somebody's own, or neither: then people do.
///
/// Ownership: a value. Threads: one at a time. Errors: those of haproxy.h; kUsage, kRefused with the hook's words.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/json.h"
#include "rescue/haproxy.h"

namespace lifeboat::rescue {

struct Door {
  Path haproxy_socket;  ///< empty: not by HAProxy
  std::string backend;
  std::vector<std::string> servers;   ///< of the backend; the first leads to production, the others are out
  Path hook;                          ///< called with words of its caller's; empty: none
  std::string address = "127.0.0.1";  ///< under which the new server is reached

  /// What is missing is said before anything is touched.
  void check() const;
  std::optional<Haproxy> haproxy() const;
  /// Nobody gets there, and who is there is out.
  void take_out() const;
  void put_in(std::uint16_t port) const;
  /// What each of the servers was told to be, by name; and told again.
  json::object states() const;
  void restore(const json::object& states) const;
  /// `hint`: what to do if it fails.
  void call_hook(const std::vector<std::string>& words, const std::string& hint) const;
};

}  // namespace lifeboat::rescue
