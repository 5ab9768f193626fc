/// Reads option files (my.cnf) the way mariadbd does: groups, `!include`, `!includedir`, quotes, escapes, comments, and
/// `-` and `_` alike in names. Strict and bounded: what a server would refuse is refused, and nothing is guessed.
///
/// Threads: plain functions. Errors: kUsage naming file and line; kNotFound for a file named on purpose.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/file.h"

namespace lifeboat::server {

struct OptionLine {
  enum class Kind { kGroup, kOption, kInclude, kIncludeDirectory };
  Kind kind = Kind::kOption;
  std::string name;                  ///< group, option (with `_`, no `loose_`), or path
  std::optional<std::string> value;  ///< kOption: absent if there is no '='
  int line = 0;

  bool operator==(const OptionLine&) const = default;
};

/// The lines of one file, comments and empty ones left out.
std::vector<OptionLine> parse_option_text(std::string_view text, std::string_view name);

/// The options a mariadbd of `version` ("10.11.19", may be empty) takes from `file` and what it includes: the last
/// setting of a name wins. `skip_x` becomes x = "0"; an option without a value is "1".
std::map<std::string, std::string> read_server_options(const Path& file, std::string_view version);

}  // namespace lifeboat::server
