/// The volume process's side of the control socket: several clients at once, each a line in, lines out.
///
/// Ownership: owns socket and threads; the handler must outlive it. Threads: the handler is called from one thread per
/// client. Errors: an exception of the handler becomes that request's error reply.
#pragma once

#include <functional>
#include <list>
#include <mutex>
#include <string>
#include <thread>

#include "base/file.h"
#include "base/json.h"
#include "volume/line_socket.h"

namespace lifeboat::volume {

class ControlServer {
 public:
  /// Sends one progress line to the client of the request.
  using SendProgress = std::function<void(const json::object& progress)>;
  /// `what` is the request's "do".
  using Handler =
      std::function<json::object(std::string_view what, const json::object& request, const SendProgress& progress)>;

  ControlServer(Path socket_path, Handler handler);
  /// Lets requests being answered finish, refuses new ones, removes the socket.
  ~ControlServer();
  ControlServer(const ControlServer&) = delete;
  ControlServer& operator=(const ControlServer&) = delete;

 private:
  struct Client {
    LineSocket socket;
    std::thread thread;
    bool ended = false;
  };
  void accept_clients();
  void serve(Client& client);
  void answer(LineSocket& socket, const json::object& request);
  void join_ended();

  Path path_;
  Handler handler_;
  UniqueFd listener_;
  std::mutex mutex_;
  std::list<Client> clients_;
  std::thread acceptor_;
};

}  // namespace lifeboat::volume
