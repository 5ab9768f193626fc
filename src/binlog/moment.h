/// Moments as constants in statements. Inside of danger.h.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

namespace lifeboat::binlog {

/// Whether a constant is a moment not later than `now_s` (and a day, for time zones): a text `2026-11-22[ 10:00:00]`,
/// or a number of seconds or milliseconds since 1970. Empty: it is no moment.
std::optional<bool> is_past_moment(const std::optional<double>& number, const std::optional<std::string>& text,
                                   std::int64_t now_s);

}  // namespace lifeboat::binlog
