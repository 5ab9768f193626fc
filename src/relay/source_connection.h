/// A logged-in connection to a source, spoken by ourselves: login, queries, and the start of a dump.
///
/// Ownership: borrows the cancel. Threads: one at a time, until a dump has begun: then one reader and one writer
///   (SourceDump). Errors: those of net::Stream; kDenied (login refused, or a login that would need TLS), kRefused (the
///   server says no), kUnsupported (a way of logging in that we do not speak), kCorruption (not the protocol).
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "codec/secret.h"
#include "net/stream.h"
#include "relay/reply.h"

namespace lifeboat::relay {

struct SourceAddress {
  net::Endpoint endpoint;
  std::string user;

  /// "mysql://user@host:port"; a password in it is refused, since it would show in every process list.
  static SourceAddress parse(std::string_view url);
  std::string text() const;
  friend bool operator==(const SourceAddress&, const SourceAddress&) = default;
};

struct SourceLogin {
  SourceAddress address;
  codec::Secret password;
  std::optional<net::TlsContext> tls;  ///< set: TLS or nothing
  net::StreamLimits limits;
};

class SourceConnection {
 public:
  SourceConnection(const SourceLogin& login, const net::Cancel& cancel);
  /// On a stream that is connected already.
  SourceConnection(const SourceLogin& login, net::Stream stream);

  /// "10.11.19-MariaDB-log", as the greeting says it, without a "5.5.5-" before it.
  const std::string& server_version() const { return server_version_; }
  bool is_mariadb() const;

  TextResult query(std::string_view sql, std::size_t max_size = std::size_t{1} << 20U);
  /// A statement without result.
  void execute(std::string_view sql);
  /// The only column of the only row; nothing if NULL or no row. kRefused if the result is another.
  std::optional<std::string> value(std::string_view sql);
  /// Any command; what comes back is the caller's to read.
  void send_command(ByteView payload);

  PacketChannel& channel() { return channel_; }
  net::Stream& stream() { return stream_; }
  const std::string& peer() const { return stream_.peer(); }
  /// From now on events come: a login or an answer has its time in all, a stream goes on for ever.
  void begin_stream() { stream_.set_deadline(std::nullopt); }

 private:
  void log_in(const SourceLogin& login);

  net::Stream stream_;
  PacketChannel channel_;
  std::string server_version_;
};

/// Quoted for SQL, whatever the text contains.
std::string quote_sql(std::string_view text);

}  // namespace lifeboat::relay
