/// Talk on stderr (spdlog behind one door): what a person or a log collector reads. Results go to stdout, never here.
/// Threads: safe from any. Secrets are never passed in.
#pragma once

#include <string_view>

#include "base/format.h"

namespace lifeboat::log {

enum class Level { kDebug, kInfo, kWarn, kError };
enum class Style { kText, kJson };

/// Once, at the start of the process; default: info, text.
void configure(Level level, Style style);
void write(Level level, std::string_view message);

template <typename... Args>
void debug(fmt::format_string<Args...> text, Args&&... args) {
  write(Level::kDebug, lifeboat::format(text, std::forward<Args>(args)...));
}
template <typename... Args>
void info(fmt::format_string<Args...> text, Args&&... args) {
  write(Level::kInfo, lifeboat::format(text, std::forward<Args>(args)...));
}
template <typename... Args>
void warn(fmt::format_string<Args...> text, Args&&... args) {
  write(Level::kWarn, lifeboat::format(text, std::forward<Args>(args)...));
}
template <typename... Args>
void error(fmt::format_string<Args...> text, Args&&... args) {
  write(Level::kError, lifeboat::format(text, std::forward<Args>(args)...));
}

}  // namespace lifeboat::log
