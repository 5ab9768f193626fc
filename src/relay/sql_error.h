/// Errors that a peer is to see as an ERR packet: what a replica shows in SHOW SLAVE STATUS, and by whose number it
/// decides whether to try again. 1236 (fatal error reading the binary log) makes it stop; others make it reconnect.
#pragma once

#include <cstdint>
#include <exception>
#include <string>

#include "relay/reply.h"

namespace lifeboat::relay {

inline constexpr std::uint16_t kTooManyConnections = 1040;
inline constexpr std::uint16_t kAccessDenied = 1045;
inline constexpr std::uint16_t kUnknownCommand = 1047;
inline constexpr std::uint16_t kNoSuchThread = 1094;
inline constexpr std::uint16_t kUnknownError = 1105;
inline constexpr std::uint16_t kNotSupported = 1235;
inline constexpr std::uint16_t kFatalReadingLog = 1236;

/// Ends a conversation or a dump with an ERR packet.
class SqlFailure : public std::exception {
 public:
  explicit SqlFailure(ServerError error) : error_(std::move(error)) {}
  const char* what() const noexcept override { return error_.message.c_str(); }
  const ServerError& error() const { return error_; }

 private:
  ServerError error_;
};

/// Throws SqlFailure 1236.
[[noreturn]] inline void fail_reading_log(std::string message) {
  throw SqlFailure({.number = kFatalReadingLog, .state = "HY000", .message = std::move(message)});
}

/// The same for what may be right a while later: the replica comes back by itself.
[[noreturn]] inline void fail_reading_log_now(std::string message) {
  throw SqlFailure({.number = kUnknownError, .state = "HY000", .message = std::move(message)});
}

}  // namespace lifeboat::relay
