#include "relay/server_packets.h"

#include "base/random.h"
#include "relay/packet.h"

namespace lifeboat::relay {
namespace {

constexpr std::string_view kNativePassword = "mysql_native_password";
constexpr std::uint8_t kUtf8GeneralCi = 33;
constexpr std::uint16_t kStatusAutocommit = 2;
constexpr std::size_t kNameSizeMax = 512;

// What a relay can do: protocol 4.1, long flags, transactions (always in OK), connection attributes (read over).
constexpr std::uint32_t kServerCapabilities = 1U << 0U | 1U << 2U | capability::kConnectWithDatabase | 1U << 9U |
                                              1U << 13U | capability::kSecureConnection | 1U << 17U |
                                              capability::kPluginAuth | 1U << 20U | capability::kLongAuthData;
constexpr std::size_t kTlsRequestSize = 32;

// Up to a zero byte, which is taken too; or to the end where `may_end`.
std::string take_zero_terminated(Decoder& in, bool may_end = false) {
  std::string out;
  while (in.left() > 0) {
    const std::uint8_t c = in.u8();
    if (c == 0) return out;
    if (out.size() == kNameSizeMax) in.bad("name too long");
    out += static_cast<char>(c);
  }
  if (!may_end) in.bad("text without end");
  return out;
}

std::string take_short_text(Decoder& in) {
  const std::uint8_t size = in.u8();
  return std::string(as_text(in.raw(size)));
}

std::string take_rest(Decoder& in) {
  if (in.left() > kNameSizeMax) in.bad("name too long");
  const std::string_view text = as_text(in.raw(in.left()));
  return std::string(text.substr(0, text.find('\0')));
}

}  // namespace

Scramble make_scramble() {
  Scramble out{};
  random_fill(out);
  for (std::uint8_t& each : out) {
    each &= 0x7fU;
    if (each == 0 || each == '$') ++each;
  }
  return out;
}

Bytes encode_greeting(std::string_view version, std::uint32_t connection_id, const Scramble& scramble,
                      bool offers_tls) {
  constexpr std::size_t kFirstPart = 8;
  constexpr std::string_view kPrefix = "5.5.5-";
  const std::uint32_t capabilities = kServerCapabilities | (offers_tls ? capability::kTls : 0U);
  Encoder out;
  out.u8(10);
  if (version.contains("MariaDB") && !version.starts_with(kPrefix)) out.raw(kPrefix);
  out.raw(version);
  out.u8(0);
  out.u32(connection_id);
  out.raw(ByteView(scramble).first(kFirstPart));
  out.u8(0);
  out.u16(static_cast<std::uint16_t>(capabilities));
  out.u8(kUtf8GeneralCi);
  out.u16(kStatusAutocommit);
  out.u16(static_cast<std::uint16_t>(capabilities >> 16U));
  out.u8(kScrambleSize + 1);
  for (int i = 0; i < 10; ++i) out.u8(0);
  out.raw(ByteView(scramble).subspan(kFirstPart));
  out.u8(0);
  out.raw(kNativePassword);
  out.u8(0);
  return out.take();
}

ClientLogin parse_login(ByteView payload) {
  Decoder in(payload, "login");
  ClientLogin out;
  out.capabilities = in.u32();
  in.u32();  // the longest packet that it takes
  in.u8();   // character set
  in.raw(23);
  if (payload.size() == kTlsRequestSize && (out.capabilities & capability::kTls) != 0) {
    out.wants_tls = true;
    return out;
  }
  out.user = take_zero_terminated(in);
  if ((out.capabilities & capability::kLongAuthData) != 0) {
    const std::uint64_t size = get_lenenc(in);
    if (size > in.left()) in.bad("a length that lies");
    const ByteView proof = in.raw(static_cast<std::size_t>(size));
    out.proof.assign(proof.begin(), proof.end());
  } else if ((out.capabilities & capability::kSecureConnection) != 0) {
    const ByteView proof = in.raw(in.u8());
    out.proof.assign(proof.begin(), proof.end());
  } else {
    in.bad("a client older than protocol 4.1");
  }
  if ((out.capabilities & capability::kConnectWithDatabase) != 0) out.database = take_zero_terminated(in, true);
  if ((out.capabilities & capability::kPluginAuth) != 0 && in.left() > 0) out.plugin = take_zero_terminated(in, true);
  return out;
}

Bytes encode_switch_to_native_password(const Scramble& scramble) {
  Encoder out;
  out.u8(0xfe);
  out.raw(kNativePassword);
  out.u8(0);
  out.raw(scramble);
  out.u8(0);
  return out.take();
}

RegisterReplica parse_register_replica(ByteView payload) {
  Decoder in(payload, "register slave command");
  RegisterReplica out;
  out.server_id = in.u32();
  out.host = take_short_text(in);
  take_short_text(in);  // its user and password, if it reports them, are of no use
  take_short_text(in);
  out.port = in.u16();
  in.u32();  // rank
  in.u32();  // its master's id
  return out;
}

BinlogDump parse_binlog_dump(ByteView payload) {
  Decoder in(payload, "binlog dump command");
  BinlogDump out;
  out.position = in.u32();
  out.flags = in.u16();
  out.server_id = in.u32();
  out.file = take_rest(in);
  return out;
}

SemiSyncAck parse_semi_sync_ack(ByteView payload) {
  Decoder in(payload, "semi-sync acknowledgement");
  if (in.u8() != 0xef) in.bad("wrong first byte");
  SemiSyncAck out;
  out.position = in.u64();
  out.file = take_rest(in);
  if (out.file.empty()) in.bad("no file name");
  return out;
}

}  // namespace lifeboat::relay
