#include "binlog/moment.h"

#include <array>
#include <charconv>
#include <chrono>

namespace lifeboat::binlog {
namespace {

constexpr std::int64_t kDay = 86400;
/// Smaller numbers are no moments: a counter, or a date written as a number.
constexpr double kFirstSecond = 1e9;
constexpr double kFirstMillisecond = 1e12;

/// Days since 1970 of `2026-11-22…`.
std::optional<std::int64_t> days_of(const std::string& text) {
  if (text.size() < 10 || text[4] != '-' || text[7] != '-') return {};
  std::array<int, 3> parts{};
  const std::array<std::pair<std::size_t, std::size_t>, 3> places = {{{0, 4}, {5, 2}, {8, 2}}};
  for (std::size_t i = 0; i < parts.size(); ++i) {
    const char* const begin = text.data() + places.at(i).first;
    const auto [end, error] = std::from_chars(begin, begin + places.at(i).second, parts.at(i));
    if (error != std::errc() || end != begin + places.at(i).second) return {};
  }
  const std::chrono::year_month_day date(std::chrono::year(parts[0]),
                                         std::chrono::month(static_cast<unsigned>(parts[1])),
                                         std::chrono::day(static_cast<unsigned>(parts[2])));
  if (!date.ok()) return {};
  return std::chrono::sys_days(date).time_since_epoch().count();
}

}  // namespace

std::optional<bool> is_past_moment(const std::optional<double>& number, const std::optional<std::string>& text,
                                   std::int64_t now_s) {
  if (text) {
    const auto days = days_of(*text);
    return days ? std::optional(*days * kDay <= now_s + kDay) : std::nullopt;
  }
  if (!number || *number < kFirstSecond) return {};
  const double seconds = *number >= kFirstMillisecond ? *number / 1000 : *number;
  return seconds <= static_cast<double>(now_s + kDay);
}

}  // namespace lifeboat::binlog
