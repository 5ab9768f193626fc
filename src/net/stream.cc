#include "net/stream.h"

#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <cstring>

#include "base/error.h"

namespace lifeboat::net {
namespace {

using Clock = std::chrono::steady_clock;

struct AddressCloser {
  void operator()(addrinfo* list) const { ::freeaddrinfo(list); }
};
using Addresses = std::unique_ptr<addrinfo, AddressCloser>;

Addresses resolve(const Endpoint& to) {
  addrinfo wanted{};
  wanted.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  const int status = ::getaddrinfo(to.host.c_str(), std::to_string(to.port).c_str(), &wanted, &found);
  if (status != 0) {
    fail(Code::kUnavailable, format("{}: {}", to.host, ::gai_strerror(status)),
         "Check the host's name and the resolver.");
  }
  return Addresses(found);
}

[[noreturn]] void fail_connection(std::string_view peer, std::string_view doing, int error) {
  fail(Code::kUnavailable, format("{}: {}: {}", peer, doing, std::strerror(error)));
}

/// Waits on one socket and the cancel; false when the time is over.
bool wait_on(int fd, short events, Clock::time_point until, const Cancel& cancel, std::string_view peer) {
  std::array<pollfd, 2> fds{pollfd{.fd = fd, .events = events, .revents = 0},
                            pollfd{.fd = cancel.fd(), .events = POLLIN, .revents = 0}};
  for (;;) {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(until - Clock::now()).count();
    const int ready = ::poll(fds.data(), fds.size(), static_cast<int>(std::clamp<long>(left, 0, 1'000'000'000)));
    if (cancel.cancelled()) fail(Code::kCancelled, format("{}: stopped", peer));
    if (ready > 0 && fds[0].revents != 0) return true;
    if (ready < 0 && errno != EINTR) fail_connection(peer, "poll", errno);
    if (ready == 0 && Clock::now() >= until) return false;
  }
}

/// Invalid, and `error` set, if this address does not answer.
UniqueFd connect_one(const addrinfo& address, Clock::time_point until, const Cancel& cancel, std::string_view peer,
                     int& error) {
  UniqueFd fd(::socket(address.ai_family, address.ai_socktype | SOCK_CLOEXEC | SOCK_NONBLOCK, address.ai_protocol));
  if (!fd.valid()) {
    error = errno;
    return {};
  }
  if (::connect(fd.get(), address.ai_addr, address.ai_addrlen) == 0) return fd;
  error = errno;
  if (error != EINPROGRESS) return {};
  if (!wait_on(fd.get(), POLLOUT, until, cancel, peer)) {
    error = ETIMEDOUT;
    return {};
  }
  socklen_t size = sizeof error;
  ::getsockopt(fd.get(), SOL_SOCKET, SO_ERROR, &error, &size);
  return error == 0 ? std::move(fd) : UniqueFd();
}

UniqueFd connect_any(const Endpoint& to, std::chrono::milliseconds patience, const Cancel& cancel) {
  const Addresses addresses = resolve(to);
  const auto until = Clock::now() + patience;
  int error = EHOSTUNREACH;
  for (const addrinfo* each = addresses.get(); each != nullptr; each = each->ai_next) {
    UniqueFd fd = connect_one(*each, until, cancel, to.text(), error);
    if (fd.valid()) return fd;
  }
  fail(error == ETIMEDOUT ? Code::kTimeout : Code::kUnavailable,
       format("{}: connect: {}", to.text(), std::strerror(error)));
}

}  // namespace

Endpoint Endpoint::parse(std::string_view text) {
  const std::size_t colon = text.rfind(':');
  std::string_view host = text.substr(0, colon == std::string_view::npos ? 0 : colon);
  if (host.starts_with('[') && host.ends_with(']')) host = host.substr(1, host.size() - 2);
  Endpoint endpoint{.host = std::string(host)};
  const char* end = text.data() + text.size();
  const auto [after, error] =
      std::from_chars(text.data() + (colon == std::string_view::npos ? 0 : colon + 1), end, endpoint.port);
  if (host.empty() || error != std::errc() || after != end) {
    fail(Code::kUsage, format("\"{}\" is not host:port", text), "Write it like db1.example:3306 or [::1]:3306.");
  }
  return endpoint;
}

std::string Endpoint::text() const {
  return host.find(':') == std::string::npos ? format("{}:{}", host, port) : format("[{}]:{}", host, port);
}

bool Endpoint::is_loopback() const {
  return host == "localhost" || host == "::1" || host.starts_with("127.");
}

Stream::Stream(const Endpoint& to, StreamLimits limits, const Cancel& cancel)
    : socket_(connect_any(to, limits.connect, cancel)), peer_(to.text()), limits_(limits), cancel_(&cancel) {
  adopt_socket();
}

Stream::Stream(UniqueFd socket, std::string peer, StreamLimits limits, const Cancel& cancel)
    : socket_(std::move(socket)), peer_(std::move(peer)), limits_(limits), cancel_(&cancel) {
  adopt_socket();
}

Stream::Stream(Stream&&) noexcept = default;
Stream::~Stream() = default;

void Stream::adopt_socket() {
  const int flags = ::fcntl(socket_.get(), F_GETFL);
  ::fcntl(socket_.get(), F_SETFL, flags | O_NONBLOCK);
  const int on = 1;
  ::setsockopt(socket_.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);  // acknowledgements must not wait
  ::setsockopt(socket_.get(), SOL_SOCKET, SO_KEEPALIVE, &on, sizeof on);
}

std::size_t Stream::read_some(ByteSpan out) {
  for (;;) {
    const Step step = try_read(out);
    if (step.wait_for == 0) return step.bytes;
    wait_or_fail(step.wait_for, limits_.read, "no answer");
  }
}

void Stream::read_full(ByteSpan out) {
  while (!out.empty()) {
    const std::size_t n = read_some(out);
    if (n == 0) fail(Code::kUnavailable, format("{}: closed the connection", peer_));
    out = out.subspan(n);
  }
}

void Stream::write_all(ByteView in) {
  while (!in.empty()) {
    const Step step = try_write(in);
    if (step.wait_for == 0) {
      in = in.subspan(step.bytes);
    } else {
      wait_or_fail(step.wait_for, limits_.write, "takes no data");
    }
  }
}

Stream::Step Stream::try_read(ByteSpan out) {
  if (tls_ != nullptr) {
    const std::scoped_lock lock(*tls_mutex_);
    return try_tls_read(out);
  }
  const ssize_t n = ::recv(socket_.get(), out.data(), out.size(), 0);
  if (n >= 0) return {.bytes = static_cast<std::size_t>(n)};
  if (errno == EAGAIN || errno == EINTR) return {.wait_for = POLLIN};
  fail_connection(peer_, "read", errno);
}

Stream::Step Stream::try_write(ByteView in) {
  if (tls_ != nullptr) {
    const std::scoped_lock lock(*tls_mutex_);
    return try_tls_write(in);
  }
  const ssize_t n = ::send(socket_.get(), in.data(), in.size(), MSG_NOSIGNAL);
  if (n >= 0) return {.bytes = static_cast<std::size_t>(n)};
  if (errno == EAGAIN || errno == EINTR) return {.wait_for = POLLOUT};
  fail_connection(peer_, "write", errno);
}

bool Stream::wait_readable(std::chrono::milliseconds patience) {
  return tls_pending() || wait(POLLIN, patience);
}

bool Stream::wait(short events, std::chrono::milliseconds patience) {
  auto until = Clock::now() + patience;
  if (deadline_ && *deadline_ < until) until = *deadline_;
  return wait_on(socket_.get(), events, until, *cancel_, peer_);
}

void Stream::wait_or_fail(short events, std::chrono::milliseconds patience, const char* doing) {
  if (!wait(events, patience)) fail(Code::kTimeout, format("{}: {} in time", peer_, doing));
  if (deadline_ && Clock::now() > *deadline_) fail(Code::kTimeout, format("{}: {} in time", peer_, doing));
}

void Stream::shut_down() noexcept {
  ::shutdown(socket_.get(), SHUT_RDWR);
}

void Stream::close() noexcept {
  tls_.reset();
  socket_.reset();
}

}  // namespace lifeboat::net
