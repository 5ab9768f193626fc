/// String formatting (fmt behind one name, so that only `base` includes it).
#pragma once

#include <fmt/core.h>
#include <fmt/ranges.h>

#include <string>
#include <utility>

namespace lifeboat {

/// `format("chunk {} of {}", i, n)`; the format string is checked at compile time.
template <typename... Args>
std::string format(fmt::format_string<Args...> text, Args&&... args) {
  return fmt::format(text, std::forward<Args>(args)...);
}

}  // namespace lifeboat
