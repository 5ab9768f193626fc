#include "base/units.h"

#include <array>
#include <charconv>
#include <ctime>
#include <limits>
#include <utility>

#include "base/error.h"

namespace lifeboat {
namespace {

template <typename Table>
std::uint64_t parse_with_suffix(std::string_view text, std::string_view what, const Table& table) {
  std::uint64_t number = 0;
  const char* end = text.data() + text.size();
  const auto [rest, error] = std::from_chars(text.data(), end, number);
  const std::string_view suffix(rest, static_cast<std::size_t>(end - rest));
  if (error == std::errc{}) {
    for (const auto& [name, factor] : table) {
      if (suffix == name && number <= std::numeric_limits<std::int64_t>::max() / factor) return number * factor;
    }
  }
  fail(Code::kUsage, format("'{}' is not a {}", text, what));
}

}  // namespace

SystemTime now() {
  return std::chrono::time_point_cast<std::chrono::milliseconds>(std::chrono::system_clock::now());
}

std::string format_time(SystemTime time) {
  const std::time_t seconds = std::chrono::system_clock::to_time_t(time);
  std::tm parts{};
  ::gmtime_r(&seconds, &parts);
  std::array<char, 32> text{};
  std::strftime(text.data(), text.size(), "%Y-%m-%dT%H:%M:%SZ", &parts);
  return text.data();
}

SystemTime parse_time(std::string_view text) {
  std::tm parts{};
  const std::string copy(text);
  const char* end = ::strptime(copy.c_str(), "%Y-%m-%dT%H:%M:%SZ", &parts);
  if (end == nullptr || *end != '\0') {
    fail(Code::kUsage, format("'{}' is not a time", text), "Write it in UTC, like 2026-11-22T03:00:00Z.");
  }
  return from_unix_ms(std::int64_t{::timegm(&parts)} * 1000);
}

std::chrono::milliseconds parse_duration(std::string_view text) {
  static constexpr std::array<std::pair<std::string_view, std::uint64_t>, 7> kUnits{
      {{"", 1000}, {"ms", 1}, {"s", 1000}, {"m", 60'000}, {"h", 3'600'000}, {"d", 86'400'000}, {"w", 604'800'000}}};
  return std::chrono::milliseconds(parse_with_suffix(text, "duration (try 90s, 15m, 36h or 35d)", kUnits));
}

std::string format_duration(std::chrono::milliseconds duration) {
  const std::int64_t ms = duration.count();
  if (ms < 1000) return format("{}ms", ms);
  const std::int64_t s = ms / 1000;
  if (s < 60) return format("{}.{}s", s, (ms % 1000) / 100);
  if (s < 3600) return format("{}m {}s", s / 60, s % 60);
  if (s < 86400) return format("{}h {}m", s / 3600, s % 3600 / 60);
  return format("{}d {}h", s / 86400, s % 86400 / 3600);
}

std::uint64_t parse_size(std::string_view text) {
  static constexpr std::uint64_t kKi = 1024;
  static constexpr std::array<std::pair<std::string_view, std::uint64_t>, 10> kUnits{{{"", 1},
                                                                                      {"B", 1},
                                                                                      {"K", kKi},
                                                                                      {"KiB", kKi},
                                                                                      {"M", kKi * kKi},
                                                                                      {"MiB", kKi * kKi},
                                                                                      {"G", kKi * kKi * kKi},
                                                                                      {"GiB", kKi * kKi * kKi},
                                                                                      {"T", kKi * kKi * kKi * kKi},
                                                                                      {"TiB", kKi * kKi * kKi * kKi}}};
  return parse_with_suffix(text, "size (try 512MiB or 4GiB)", kUnits);
}

std::string format_size(std::uint64_t bytes) {
  static constexpr std::array<std::string_view, 5> kNames{"B", "KiB", "MiB", "GiB", "TiB"};
  auto value = static_cast<double>(bytes);
  std::size_t unit = 0;
  while (value >= 1024 && unit + 1 < kNames.size()) {
    value /= 1024;
    ++unit;
  }
  return unit == 0 ? format("{} B", bytes) : format("{:.1f} {}", value, kNames.at(unit));
}

double Stopwatch::seconds() const {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start_).count();
}

}  // namespace lifeboat
