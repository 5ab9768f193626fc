#include "net/listener.h"

#include <arpa/inet.h>
#include <netdb.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <memory>

#include "base/error.h"

namespace lifeboat::net {
namespace {

constexpr int kBacklog = 128;
/// How long to leave callers waiting when this process has no descriptor for them.
constexpr std::chrono::milliseconds kScarcityPause{100};

Endpoint endpoint_of(const sockaddr_storage& address) {
  std::array<char, INET6_ADDRSTRLEN> text{};
  if (address.ss_family == AF_INET6) {
    const auto& six = reinterpret_cast<const sockaddr_in6&>(address);
    ::inet_ntop(AF_INET6, &six.sin6_addr, text.data(), text.size());
    return {.host = text.data(), .port = ntohs(six.sin6_port)};
  }
  const auto& four = reinterpret_cast<const sockaddr_in&>(address);
  ::inet_ntop(AF_INET, &four.sin_addr, text.data(), text.size());
  return {.host = text.data(), .port = ntohs(four.sin_port)};
}

}  // namespace

Listener::Listener(const Endpoint& at) {
  addrinfo wanted{};
  wanted.ai_socktype = SOCK_STREAM;
  wanted.ai_flags = AI_PASSIVE;
  addrinfo* found = nullptr;
  const int status = ::getaddrinfo(at.host.c_str(), std::to_string(at.port).c_str(), &wanted, &found);
  if (status != 0) fail(Code::kUsage, format("listen at {}: {}", at.text(), ::gai_strerror(status)));
  const std::unique_ptr<addrinfo, void (*)(addrinfo*)> address(found, ::freeaddrinfo);

  socket_ = UniqueFd(::socket(address->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  const int on = 1;
  if (!socket_.valid()) fail_errno("socket", errno);
  ::setsockopt(socket_.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  if (::bind(socket_.get(), address->ai_addr, address->ai_addrlen) != 0 || ::listen(socket_.get(), kBacklog) != 0) {
    if (errno == EADDRINUSE)
      fail(Code::kBusy, format("listen at {}: the port is taken", at.text()), "Choose another port.");
    fail_errno(format("listen at {}", at.text()), errno);
  }
  sockaddr_storage bound{};
  socklen_t size = sizeof bound;
  ::getsockname(socket_.get(), reinterpret_cast<sockaddr*>(&bound), &size);
  port_ = endpoint_of(bound).port;
}

Stream Listener::accept(StreamLimits limits, const Cancel& cancel) {
  for (;;) {
    std::array<pollfd, 2> fds{pollfd{.fd = socket_.get(), .events = POLLIN, .revents = 0},
                              pollfd{.fd = cancel.fd(), .events = POLLIN, .revents = 0}};
    ::poll(fds.data(), fds.size(), -1);
    if (cancel.cancelled()) fail(Code::kCancelled, "listening was stopped");
    sockaddr_storage from{};
    socklen_t size = sizeof from;
    UniqueFd fd(::accept4(socket_.get(), reinterpret_cast<sockaddr*>(&from), &size, SOCK_CLOEXEC | SOCK_NONBLOCK));
    if (fd.valid()) return {std::move(fd), endpoint_of(from).text(), limits, cancel};
    if (errno == EMFILE || errno == ENFILE || errno == ENOMEM || errno == ENOBUFS) cancel.wait_for(kScarcityPause);
  }
}

}  // namespace lifeboat::net
