/// Names of log parts: which bytes of which file of which log an object holds, told by its name alone.
/// Layout: docs/internals/vault-format.md, "logs". Pure functions of text.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "vault/types.h"

namespace lifeboat::vault {

struct LogPartName {
  Id stream{};              ///< the log: random, so that no two writers' logs meet by accident
  std::uint64_t file = 0;   ///< the file's number; files follow each other by it
  std::uint64_t begin = 0;  ///< bytes of the file: [begin, end)
  std::uint64_t end = 0;
  bool closes = false;       ///< the file ends where this part does
  std::uint64_t unique = 0;  ///< random: a name is sealed once

  std::uint64_t size() const { return end - begin; }
  bool operator==(const LogPartName&) const = default;
};

/// Fills in `unique`.
LogPartName new_log_part(LogPartName name);

/// "logs/<stream>/": what all parts of a log are listed by. Listed, parts are in the order of their bytes.
std::string log_stream_prefix(const Id& stream);
std::string log_part_object(const LogPartName& name);
/// Empty if it is not the name of a log part.
std::optional<LogPartName> parse_log_part_object(std::string_view name);

}  // namespace lifeboat::vault
