#include "volume/control_server.h"

#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>

#include "base/error.h"
#include "base/log.h"

namespace lifeboat::volume {
namespace {

constexpr std::size_t kClientsMax = 32;
/// A client that says nothing for so long is let go.
constexpr std::chrono::minutes kIdleMax{10};

}  // namespace

ControlServer::ControlServer(Path socket_path, Handler handler)
    : path_(std::move(socket_path)), handler_(std::move(handler)), listener_(listen_at(path_)) {
  acceptor_ = std::thread([this] { accept_clients(); });
}

ControlServer::~ControlServer() {
  ::shutdown(listener_.get(), SHUT_RDWR);
  acceptor_.join();
  ::unlink(path_.c_str());
  {
    const std::lock_guard lock(mutex_);
    // Replies under way still go out.
    for (Client& each : clients_) ::shutdown(each.socket.fd(), SHUT_RD);
  }
  for (Client& each : clients_) each.thread.join();
}

void ControlServer::accept_clients() {
  for (;;) {
    UniqueFd fd(::accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC));
    if (!fd.valid()) {
      if (errno == EINTR || errno == ECONNABORTED) continue;
      if (errno != EINVAL) log::error("control socket: {}", std::system_category().message(errno));
      return;
    }
    join_ended();
    const std::lock_guard lock(mutex_);
    if (clients_.size() >= kClientsMax) continue;
    Client& client = clients_.emplace_back(LineSocket(std::move(fd)), std::thread(), false);
    client.thread = std::thread([this, &client] { serve(client); });
  }
}

void ControlServer::join_ended() {
  const std::lock_guard lock(mutex_);
  for (auto each = clients_.begin(); each != clients_.end();) {
    if (each->ended) {
      each->thread.join();
      each = clients_.erase(each);
    } else {
      ++each;
    }
  }
}

void ControlServer::serve(Client& client) {
  try {
    while (const std::optional<json::object> request = client.socket.receive(kIdleMax)) answer(client.socket, *request);
  } catch (...) {
    const Error error = current_error();
    log::debug("control client: {}", error.text());
    try {
      client.socket.send(error_to_json(error));
    } catch (...) {  // NOLINT(bugprone-empty-catch): it has gone
    }
  }
  ::shutdown(client.socket.fd(), SHUT_RDWR);
  const std::lock_guard lock(mutex_);
  client.ended = true;
}

void ControlServer::answer(LineSocket& socket, const json::object& request) {
  json::object reply;
  try {
    reply = handler_(json_string(request, "do"), request,
                     [&](const json::object& progress) { socket.send(json::object{{"progress", progress}}); });
  } catch (...) {
    reply = error_to_json(current_error());
  }
  socket.send(reply);
}

}  // namespace lifeboat::volume
