/// Server versions: "10.11.19" inside whatever text names one.
#pragma once

#include <compare>
#include <optional>
#include <string>
#include <string_view>

namespace lifeboat::server {

struct Version {
  unsigned major = 0;
  unsigned minor = 0;
  unsigned patch = 0;

  auto operator<=>(const Version&) const = default;
  std::string text() const;    ///< "10.11.19"
  std::string series() const;  ///< "10.11"
};

/// The first "digits.digits.digits" in `text`; "5.5.5-10.11.19-MariaDB" gives 10.11.19.
std::optional<Version> find_version(std::string_view text);

}  // namespace lifeboat::server
