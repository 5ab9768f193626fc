/// JSON objects, one a line, over a unix stream socket: what control client and server have in common.
/// Threads: one LineSocket, one thread at a time. Errors: Exception; lines longer than the bound are kUsage.
#pragma once

#include <chrono>
#include <optional>
#include <string>

#include "base/file.h"
#include "base/json.h"

namespace lifeboat::volume {

class LineSocket {
 public:
  explicit LineSocket(UniqueFd fd) : fd_(std::move(fd)) {}

  /// The next object; nothing if the other side has closed. Throws kTimeout if no byte comes for `patience`.
  std::optional<json::object> receive(std::chrono::milliseconds patience);
  void send(const json::object& object);
  int fd() const { return fd_.get(); }

 private:
  UniqueFd fd_;
  std::string pending_;
};

/// A socket's address may have 107 bytes; a path through /proc/self/fd makes any directory fit.
UniqueFd listen_at(const Path& path);
/// Invalid if nobody listens there.
UniqueFd find_connection(const Path& path);

}  // namespace lifeboat::volume
