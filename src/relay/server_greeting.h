/// What a server says first: its version, what it can do, and the scramble a login is proven with. Untrusted bytes.
/// Format: protocol u8 (10), version NUL, thread id u32, scramble 8 bytes, 0, abilities u16, charset u8, status u16,
/// abilities' upper half u16, length of the scramble u8, 10 bytes, the rest of the scramble, plugin name NUL.
#pragma once

#include <cstdint>
#include <string>

#include "base/bytes.h"

namespace lifeboat::relay {

/// Abilities (CLIENT_… flags) that a client of ours uses.
namespace ability {
inline constexpr std::uint32_t kLongPassword = 1U << 0U;
inline constexpr std::uint32_t kLongFlag = 1U << 2U;
inline constexpr std::uint32_t kProtocol41 = 1U << 9U;
inline constexpr std::uint32_t kTls = 1U << 11U;
inline constexpr std::uint32_t kTransactions = 1U << 13U;
inline constexpr std::uint32_t kSecureConnection = 1U << 15U;
inline constexpr std::uint32_t kPluginAuth = 1U << 19U;
}  // namespace ability

struct ServerGreeting {
  std::string version;  ///< as sent, with "5.5.5-"
  std::uint32_t thread_id = 0;
  std::uint32_t abilities = 0;
  Bytes scramble;  ///< 20 bytes
  std::string plugin;
};

/// kCorruption for what is no greeting; kUnsupported for a server older than protocol 4.1.
ServerGreeting decode_greeting(ByteView payload);

}  // namespace lifeboat::relay
