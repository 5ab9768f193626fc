/// What a team wants of a recovery: `[objective]` in the file that people write. A drill that takes longer, or finds
/// that more would be lost, has failed, however right its rows.
/// Threads: values. Errors: kUsage naming file, line and key.
#pragma once

#include <chrono>
#include <optional>

#include "base/config_file.h"
#include "base/file.h"

namespace lifeboat::rescue {

struct Objective {
  std::optional<std::chrono::milliseconds> back_within;   ///< from the command to a checked server
  std::optional<std::chrono::milliseconds> lose_at_most;  ///< of what was committed, by time

  bool operator==(const Objective&) const = default;
};

inline constexpr std::size_t kObjectiveConfigMax = std::size_t{1} << 20U;

/// Empty if the file has no such table.
Objective parse_objective(std::string_view text, std::string_view file);
Objective read_objective(const Path& file);

}  // namespace lifeboat::rescue
