/// The payloads of the MySQL client/server protocol that only a server meets, without their framing: its greeting, a
/// client's login, a replica's commands. What a client sends is untrusted: parse_x is bounded by its payload and throws
/// kCorruption. Formats: https://mariadb.com/kb/en/1-connecting-connecting/ and the replication pages beside it.
///
/// Threads: free functions from any thread.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/bytes.h"

namespace lifeboat::relay {

inline constexpr std::size_t kScrambleSize = 20;
using Scramble = std::array<std::uint8_t, kScrambleSize>;

namespace capability {
inline constexpr std::uint32_t kConnectWithDatabase = 1U << 3U;
inline constexpr std::uint32_t kTls = 1U << 11U;
inline constexpr std::uint32_t kSecureConnection = 1U << 15U;
inline constexpr std::uint32_t kPluginAuth = 1U << 19U;
inline constexpr std::uint32_t kLongAuthData = 1U << 21U;
}  // namespace capability

enum class Command : std::uint8_t {
  kQuit = 0x01,
  kInitDatabase = 0x02,
  kQuery = 0x03,
  kStatistics = 0x09,
  kKill = 0x0c,
  kPing = 0x0e,
  kBinlogDump = 0x12,
  kRegisterReplica = 0x15,
  kSetOption = 0x1b,
};

/// A scramble: random, without the bytes that clients take for its end (0 and '$').
Scramble make_scramble();

/// `version` as the source says it ("10.11.6-MariaDB-log"); replicas need its "5.5.5-" before 10.x, which is added.
Bytes encode_greeting(std::string_view version, std::uint32_t connection_id, const Scramble& scramble, bool offers_tls);

struct ClientLogin {
  std::uint32_t capabilities = 0;
  bool wants_tls = false;  ///< only the short form came: the rest follows inside TLS
  std::string user;
  std::string database;
  std::string plugin;
  Bytes proof;  ///< what the plugin makes of password and scramble
};
ClientLogin parse_login(ByteView payload);

/// Asks for mysql_native_password whatever the client tried first; its answer is the proof alone.
Bytes encode_switch_to_native_password(const Scramble& scramble);

struct RegisterReplica {
  std::uint32_t server_id = 0;
  std::string host;
  std::uint16_t port = 0;
};
/// `payload` after the command byte, as in all below.
RegisterReplica parse_register_replica(ByteView payload);

struct BinlogDump {
  static constexpr std::uint16_t kNonBlock = 1;
  static constexpr std::uint16_t kSendAnnotateRows = 2;
  std::uint32_t position = 0;
  std::uint16_t flags = 0;
  std::uint32_t server_id = 0;
  std::string file;
};
BinlogDump parse_binlog_dump(ByteView payload);

/// What a semi-sync replica acknowledges: the end of a group in the source's files.
struct SemiSyncAck {
  std::string file;
  std::uint64_t position = 0;
};
/// The whole payload, with its leading 0xef.
SemiSyncAck parse_semi_sync_ack(ByteView payload);

}  // namespace lifeboat::relay
