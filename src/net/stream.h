/// A TCP connection, plain or TLS: blocking calls, each bounded by time-outs and ended at once by a Cancel.
///
/// Threads: one reader and one writer at the same time, also under TLS; `shut_down` from any thread. Start TLS before
///   there are two.
/// Errors: kUnavailable (no connection, or it broke), kTimeout, kCancelled, kDenied (certificate not trusted). After an
///   error the stream is of no more use.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>

#include "base/bytes.h"
#include "base/file.h"
#include "net/cancel.h"
#include "net/tls.h"

struct ssl_st;

namespace lifeboat::net {

struct StreamLimits {
  std::chrono::milliseconds connect{10'000};
  std::chrono::milliseconds read{60'000};   ///< longest wait for the next byte
  std::chrono::milliseconds write{60'000};  ///< longest wait for room for the next byte
};

struct Endpoint {
  std::string host;  ///< a name, or an address (IPv6 without brackets)
  std::uint16_t port = 0;

  /// "host:port", "[::1]:3306". Throws kUsage; a port is required.
  static Endpoint parse(std::string_view text);
  std::string text() const;
  /// By its name or address: it is this host, whatever host reads that.
  bool is_loopback() const;
  friend bool operator==(const Endpoint&, const Endpoint&) = default;
};

class Stream {
 public:
  using Deadline = std::chrono::steady_clock::time_point;

  /// Connects to the first of the host's addresses that answers.
  Stream(const Endpoint& to, StreamLimits limits, const Cancel& cancel);
  /// Takes over a connected socket; `peer` is its name in messages.
  Stream(UniqueFd socket, std::string peer, StreamLimits limits, const Cancel& cancel);
  Stream(Stream&&) noexcept;
  Stream& operator=(Stream&&) = delete;
  Stream(const Stream&) = delete;
  Stream& operator=(const Stream&) = delete;
  ~Stream();

  /// The handshake; `host` is the name that the certificate must carry (Verify::kHost).
  void start_tls_client(const TlsContext& context, const std::string& host);
  void start_tls_server(const TlsContext& context);
  bool encrypted() const { return tls_ != nullptr; }

  /// At least one byte, or 0 when the other side has closed.
  std::size_t read_some(ByteSpan out);
  /// All of `out`; kUnavailable if the other side closes before.
  void read_full(ByteSpan out);
  void write_all(ByteView in);
  /// Whether read_some would have something to say (bytes or the end) within `patience`. Never throws kTimeout.
  bool wait_readable(std::chrono::milliseconds patience);

  void set_limits(StreamLimits limits) { limits_ = limits; }
  /// A bound on everything until it is lifted, so that a peer that drips bytes does not keep a login open for ever.
  void set_deadline(std::optional<Deadline> deadline) { deadline_ = deadline; }

  /// Both directions end, and whoever waits in them returns.
  void shut_down() noexcept;
  /// Gives the socket back, whatever the other side still sends; from no thread may the stream be used after.
  void close() noexcept;
  const std::string& peer() const { return peer_; }
  int fd() const { return socket_.get(); }

 private:
  struct TlsCloser {
    void operator()(ssl_st* tls) const;
  };
  /// What a call on a socket that does not block asks to wait for: 0 (nothing: done), POLLIN or POLLOUT.
  struct Step {
    std::size_t bytes = 0;
    short wait_for = 0;
  };

  void adopt_socket();
  void start_tls(const TlsContext& context);
  void finish_handshake(int (*handshake)(ssl_st*));
  Step try_read(ByteSpan out);
  Step try_write(ByteView in);
  Step try_tls_read(ByteSpan out);
  Step try_tls_write(ByteView in);
  Step tls_step(int result, std::size_t bytes);
  bool tls_pending();
  /// False if `patience` or the deadline passed.
  bool wait(short events, std::chrono::milliseconds patience);
  void wait_or_fail(short events, std::chrono::milliseconds patience, const char* doing);

  UniqueFd socket_;
  std::string peer_;
  StreamLimits limits_;
  std::optional<Deadline> deadline_;
  const Cancel* cancel_;
  std::unique_ptr<ssl_st, TlsCloser> tls_;
  std::unique_ptr<std::mutex> tls_mutex_;  ///< OpenSSL lets only one thread at a time into a connection
};

}  // namespace lifeboat::net
