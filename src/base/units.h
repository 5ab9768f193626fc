/// Times, durations and sizes as people write them, and UTC timestamps.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

namespace lifeboat {

using SystemTime = std::chrono::time_point<std::chrono::system_clock, std::chrono::milliseconds>;

SystemTime now();
/// Milliseconds since 1970 UTC.
inline std::int64_t unix_ms(SystemTime time) {
  return time.time_since_epoch().count();
}
inline SystemTime from_unix_ms(std::int64_t ms) {
  return SystemTime(std::chrono::milliseconds(ms));
}
/// "2026-11-22T19:04:10Z".
std::string format_time(SystemTime time);
/// Parses what format_time writes; throws kUsage.
SystemTime parse_time(std::string_view text);

/// "90s", "15m", "36h", "35d", "2w"; a bare number is seconds. Throws kUsage naming `text`.
std::chrono::milliseconds parse_duration(std::string_view text);
/// "2d 3h", "4m 5s", "350ms".
std::string format_duration(std::chrono::milliseconds duration);

/// "512", "64KiB", "8MiB", "3GiB", "1TiB" (also K, M, G, T). Throws kUsage naming `text`.
std::uint64_t parse_size(std::string_view text);
/// "3.4 GiB".
std::string format_size(std::uint64_t bytes);

/// Wall time since construction, for what is shown to people.
class Stopwatch {
 public:
  double seconds() const;

 private:
  std::chrono::steady_clock::time_point start_ = std::chrono::steady_clock::now();
};

}  // namespace lifeboat
