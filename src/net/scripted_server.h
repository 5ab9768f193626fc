/// For tests: an HTTP server on loopback whose every answer the test makes, byte by byte, so that it can break each
/// rule. One thread a connection. Included by *_test.cc files only.
#pragma once

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <charconv>
#include <functional>
#include <list>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "base/error.h"
#include "base/file.h"

namespace lifeboat::net::testing {

struct SeenRequest {
  std::string method;
  std::string target;  ///< path and query
  std::string head;    ///< the whole head, names as sent
  std::string body;
  int connection = 0;  ///< 0, 1, …: which connection it came on

  std::string header(std::string_view name) const {
    const std::size_t at = head.find(format("\r\n{}: ", name));
    if (at == std::string::npos) return {};
    const std::size_t from = at + name.size() + 4;
    return head.substr(from, head.find("\r\n", from) - from);
  }
};

struct Reply {
  std::string bytes;   ///< sent as they are
  bool close = false;  ///< then close the connection
  bool hang = false;   ///< then neither send nor close, until the client goes
};

/// A well-formed answer.
inline Reply reply(int status, std::string_view body = {}, std::string_view headers = {}) {
  return {.bytes = format("HTTP/1.1 {} X\r\nContent-Length: {}\r\n{}\r\n{}", status, body.size(), headers, body)};
}

class ScriptedServer {
 public:
  using Handler = std::function<Reply(const SeenRequest&)>;

  /// `handler` is called from several threads, one call at a time.
  explicit ScriptedServer(Handler handler) : handler_(std::move(handler)) {
    listener_ = UniqueFd(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    sockaddr_in address{.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
    socklen_t size = sizeof address;
    auto* generic = reinterpret_cast<sockaddr*>(&address);
    if (::bind(listener_.get(), generic, size) != 0 || ::listen(listener_.get(), 64) != 0 ||
        ::getsockname(listener_.get(), generic, &size) != 0) {
      fail_errno("listen on loopback", errno);
    }
    port_ = ntohs(address.sin_port);
    acceptor_ = std::jthread([this](const std::stop_token& stop) { accept_all(stop); });
  }

  ~ScriptedServer() {
    acceptor_.request_stop();
    acceptor_.join();
    for (std::jthread& each : connections_) each.request_stop();
    connections_.clear();
  }
  ScriptedServer(const ScriptedServer&) = delete;
  ScriptedServer& operator=(const ScriptedServer&) = delete;

  std::string url() const { return format("http://127.0.0.1:{}", port_); }
  int connections() const { return count_; }
  std::vector<SeenRequest> seen() const {
    const std::scoped_lock lock(mutex_);
    return seen_;
  }

 private:
  static bool readable(int fd) {
    pollfd poll_one{.fd = fd, .events = POLLIN, .revents = 0};
    return ::poll(&poll_one, 1, 10) > 0;
  }

  void accept_all(const std::stop_token& stop) {
    while (!stop.stop_requested()) {
      if (!readable(listener_.get())) continue;
      UniqueFd fd(::accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC));
      if (!fd.valid()) continue;
      connections_.emplace_back(
          [this, number = count_++, fd = std::move(fd)](const std::stop_token& end) { serve(fd.get(), number, end); });
    }
  }

  void serve(int fd, int number, const std::stop_token& stop) {
    std::string buffer;
    while (!stop.stop_requested()) {
      SeenRequest request{.connection = number};
      if (!receive(fd, buffer, request, stop)) return;
      Reply answer;
      {
        const std::scoped_lock lock(mutex_);
        seen_.push_back(request);
        answer = handler_(request);
      }
      std::string_view rest = answer.bytes;
      while (!rest.empty()) {
        const ssize_t n = ::send(fd, rest.data(), rest.size(), MSG_NOSIGNAL);
        if (n <= 0) return;
        rest.remove_prefix(static_cast<std::size_t>(n));
      }
      while (answer.hang && !stop.stop_requested()) {
        if (readable(fd)) return;
      }
      if (answer.close) return;
    }
  }

  // One whole request; false if the client has gone.
  static bool receive(int fd, std::string& buffer, SeenRequest& request, const std::stop_token& stop) {
    std::size_t head_end = std::string::npos;
    std::size_t body_size = 0;
    for (;;) {
      if (head_end == std::string::npos) {
        head_end = buffer.find("\r\n\r\n");
        if (head_end != std::string::npos) {
          request.head = buffer.substr(0, head_end + 2);
          request.method = request.head.substr(0, request.head.find(' '));
          request.target = request.head.substr(request.method.size() + 1);
          request.target.resize(request.target.find(' '));
          const std::string size = request.header("Content-Length");
          std::from_chars(size.data(), size.data() + size.size(), body_size);
        }
      }
      if (head_end != std::string::npos && buffer.size() >= head_end + 4 + body_size) break;
      while (!readable(fd)) {
        if (stop.stop_requested()) return false;
      }
      std::array<char, 65536> part{};
      const ssize_t n = ::recv(fd, part.data(), part.size(), 0);
      if (n <= 0) return false;
      buffer.append(part.data(), static_cast<std::size_t>(n));
    }
    request.body = buffer.substr(head_end + 4, body_size);
    buffer.erase(0, head_end + 4 + body_size);
    return true;
  }

  Handler handler_;
  UniqueFd listener_;
  int port_ = 0;
  std::atomic<int> count_ = 0;
  mutable std::mutex mutex_;
  std::vector<SeenRequest> seen_;
  std::list<std::jthread> connections_;
  std::jthread acceptor_;
};

}  // namespace lifeboat::net::testing
