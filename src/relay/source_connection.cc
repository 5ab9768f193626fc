#include "relay/source_connection.h"

#include "base/error.h"
#include "relay/native_password.h"
#include "relay/server_greeting.h"

namespace lifeboat::relay {
namespace {

constexpr std::string_view kNativePassword = "mysql_native_password";
constexpr std::string_view kVersionPrefix = "5.5.5-";  // MariaDB 10 and newer hide behind it from old replicas
constexpr std::uint8_t kCharsetUtf8mb4 = 45;
constexpr std::uint32_t kPacketMax = 1U << 30U;
constexpr std::uint8_t kCommandQuery = 0x03;
constexpr std::uint8_t kSwitchHead = 0xfe;
constexpr std::chrono::milliseconds kAnswerPatience{20'000};

Encoder login_head(std::uint32_t abilities) {
  Encoder out;
  out.u32(abilities);
  out.u32(kPacketMax);
  out.u8(kCharsetUtf8mb4);
  out.raw(Bytes(23));
  return out;
}

Bytes encode_login(std::uint32_t abilities, const SourceLogin& login, const Bytes& proof) {
  Encoder out = login_head(abilities);
  out.raw(login.address.user);
  out.u8(0);
  out.u8(static_cast<std::uint8_t>(proof.size()));
  out.raw(proof);
  if ((abilities & ability::kPluginAuth) != 0) {
    out.raw(kNativePassword);
    out.u8(0);
  }
  return out.take();
}

[[noreturn]] void fail_plugin(std::string_view peer, std::string_view plugin, std::string_view user) {
  fail(Code::kUnsupported,
       format("{}: the account {} logs in by {}, which the relay does not speak", peer, user, plugin),
       "Give the relay an account that is identified by mysql_native_password.");
}

/// The server asks for another proof: with another scramble, or by another plugin.
Bytes answer_switch(ByteView payload, const SourceLogin& login, std::string_view peer) {
  Decoder in(payload, "a request for another login");
  in.u8();
  const std::string plugin = get_nul_text(in, 255);
  if (plugin != kNativePassword) fail_plugin(peer, plugin, login.address.user);
  return native_password_proof(login.password, in.raw(std::min<std::size_t>(in.left(), 20)));
}

}  // namespace

SourceAddress SourceAddress::parse(std::string_view url) {
  constexpr std::string_view kScheme = "mysql://";
  const std::size_t at = url.rfind('@');
  const bool whole = url.starts_with(kScheme) && at != std::string_view::npos && at > kScheme.size();
  if (!whole) {
    fail(Code::kUsage, format("\"{}\" is no source", url), "Write it like mysql://lifeboat@db1.example:3306.");
  }
  SourceAddress address{.endpoint = net::Endpoint::parse(url.substr(at + 1)),
                        .user = std::string(url.substr(kScheme.size(), at - kScheme.size()))};
  if (address.user.find(':') != std::string::npos) {
    fail(Code::kUsage, "a source's URL holds a password, which every process list would show",
         "Put the password into a file and name it with --password-file.");
  }
  return address;
}

std::string SourceAddress::text() const {
  return format("mysql://{}@{}", user, endpoint.text());
}

SourceConnection::SourceConnection(const SourceLogin& login, const net::Cancel& cancel)
    : SourceConnection(login, net::Stream(login.address.endpoint, login.limits, cancel)) {}

SourceConnection::SourceConnection(const SourceLogin& login, net::Stream stream)
    : stream_(std::move(stream)), channel_(stream_) {
  stream_.set_deadline(net::Stream::Deadline::clock::now() + kAnswerPatience);
  log_in(login);
}

void SourceConnection::log_in(const SourceLogin& login) {
  const ByteView first = channel_.read();
  if (is_error(first)) fail_with(decode_error(first), peer());
  const ServerGreeting greeting = decode_greeting(first);
  server_version_ =
      greeting.version.starts_with(kVersionPrefix) ? greeting.version.substr(kVersionPrefix.size()) : greeting.version;
  std::uint32_t abilities = ability::kLongPassword | ability::kLongFlag | ability::kProtocol41 |
                            ability::kTransactions | ability::kSecureConnection |
                            (greeting.abilities & ability::kPluginAuth);
  if (login.tls) {
    if ((greeting.abilities & ability::kTls) == 0) {
      fail(Code::kDenied, format("{}: offers no TLS", peer()),
           "Set ssl_cert and ssl_key on the server, or leave TLS out.");
    }
    abilities |= ability::kTls;
    channel_.write(login_head(abilities).bytes());
    stream_.start_tls_client(*login.tls, login.address.endpoint.host);
  }
  channel_.write(encode_login(abilities, login, native_password_proof(login.password, greeting.scramble)));

  const ByteView answer = channel_.read();
  if (answer.size() > 1 && answer[0] == kSwitchHead) {
    channel_.write(answer_switch(answer, login, peer()));
    read_ok(channel_, peer());
    return;
  }
  if (is_error(answer)) fail_with(decode_error(answer), peer());
  if (!is_ok(answer)) fail(Code::kCorruption, format("{}: an answer to a login that is neither yes nor no", peer()));
}

bool SourceConnection::is_mariadb() const {
  return server_version_.find("MariaDB") != std::string::npos;
}

void SourceConnection::send_command(ByteView payload) {
  stream_.set_deadline(net::Stream::Deadline::clock::now() + kAnswerPatience);
  channel_.start_command();
  channel_.write(payload);
}

TextResult SourceConnection::query(std::string_view sql, std::size_t max_size) {
  Encoder out;
  out.u8(kCommandQuery);
  out.raw(sql);
  send_command(out.bytes());
  return read_result(channel_, peer(), max_size);
}

void SourceConnection::execute(std::string_view sql) {
  query(sql);
}

std::optional<std::string> SourceConnection::value(std::string_view sql) {
  const TextResult result = query(sql);
  if (result.rows.empty()) return std::nullopt;
  if (result.rows.size() != 1 || result.rows[0].size() != 1) {
    fail(Code::kRefused, format("{}: a question of one value got another answer", peer()));
  }
  return result.rows[0][0];
}

std::string quote_sql(std::string_view text) {
  std::string quoted = "'";
  for (const char c : text) {
    if (c == '\'' || c == '\\') quoted += '\\';
    quoted += c;
  }
  return quoted + "'";
}

}  // namespace lifeboat::relay
