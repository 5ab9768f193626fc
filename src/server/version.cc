#include "server/version.h"

#include <charconv>

#include "base/format.h"

namespace lifeboat::server {
namespace {

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

/// Parses a version that begins `text`.
std::optional<Version> parse_version(std::string_view text) {
  Version version;
  const char* at = text.data();
  const char* const end = text.data() + text.size();
  for (unsigned* part : {&version.major, &version.minor, &version.patch}) {
    if (part != &version.major) {
      if (at == end || *at != '.') return std::nullopt;
      ++at;
    }
    const auto [next, error] = std::from_chars(at, end, *part);
    if (error != std::errc() || *part > 999) return std::nullopt;
    at = next;
  }
  return version;
}

}  // namespace

std::string Version::text() const {
  return format("{}.{}.{}", major, minor, patch);
}
std::string Version::series() const {
  return format("{}.{}", major, minor);
}

std::optional<Version> find_version(std::string_view text) {
  // MariaDB tells old clients that it is this, and its own version behind.
  constexpr std::string_view kMask = "5.5.5-";
  if (text.starts_with(kMask)) text.remove_prefix(kMask.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (!is_digit(text[i]) || (i > 0 && (is_digit(text[i - 1]) || text[i - 1] == '.'))) continue;
    if (const auto version = parse_version(text.substr(i))) return version;
  }
  return std::nullopt;
}

}  // namespace lifeboat::server
