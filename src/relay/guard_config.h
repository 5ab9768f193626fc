/// What the guard is told to hold, warn of or allow, and whom it tells: a file that people write. docs/guide/guard.md
/// shows all of it.
///
/// Threads: values. Errors: kUsage naming file, line and key, and the name that was probably meant.
#pragma once

#include <chrono>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/config_file.h"
#include "base/file.h"
#include "binlog/danger.h"
#include "relay/object_pattern.h"
#include "relay/source_connection.h"

namespace lifeboat::relay {

enum class GuardAction : std::uint8_t { kAllow, kWarn, kHold };
std::string_view guard_action_name(GuardAction action);

/// A span of the day, UTC; it may reach over midnight. `to` is not in it.
struct DaySpan {
  std::chrono::minutes from{0};
  std::chrono::minutes to{0};
  bool contains(std::int64_t unix_s) const;
};

/// All conditions that are given must be met. See guard_rules.h for what meets them.
struct GuardRule {
  std::string name;
  GuardAction then = GuardAction::kHold;
  std::set<binlog::DangerClass> classes;  ///< empty: any
  std::vector<ObjectPattern> objects;     ///< empty: any
  std::vector<std::string> accounts;      ///< globs of "user@host"
  std::vector<std::string> replicas;      ///< "user:NAME", "id:N"
  std::optional<std::uint64_t> rows_above;
  std::optional<std::uint64_t> rows_up_to;
  std::optional<double> share_above;  ///< percent of the table's rows
  std::optional<double> share_up_to;
  std::optional<std::chrono::seconds> window;  ///< rows are those of so long; else of one transaction
  std::optional<DaySpan> between;
};

/// From how many rows on a change is a mass, if no rule says otherwise.
struct MassRule {
  std::uint64_t deleted = 1'000;  ///< of one table, in one transaction
  std::uint64_t updated = 1'000;
  /// Also a mass: so many in so long, by transactions of `window_from` rows or more. Single rows, deleted one by one,
  /// are how applications live.
  std::uint64_t window_rows = 10'000;
  std::chrono::seconds window{3'600};
  std::uint64_t window_from = 100;
};

/// Who tells how many rows tables have.
struct StatisticsServer {
  SourceAddress address;
  Path password_file;
  Path tls_ca;  ///< empty: no TLS
  std::chrono::milliseconds every{600'000};

  bool operator==(const StatisticsServer&) const = default;
};

struct GuardNotify {
  std::vector<std::string> hook;  ///< argv
  std::chrono::milliseconds hook_timeout{30'000};
  std::string webhook;
  Path webhook_ca;
};

struct GuardConfig {
  MassRule mass;
  std::vector<GuardRule> rules;  ///< the first that fits decides
  GuardNotify notify;
  std::optional<StatisticsServer> statistics;

  /// The longest that any of it looks back.
  std::chrono::seconds longest_window() const;
};

inline constexpr std::size_t kGuardConfigMax = std::size_t{1} << 20U;
GuardConfig parse_guard_config(std::string_view text, std::string_view file);
GuardConfig read_guard_config(const Path& file);

}  // namespace lifeboat::relay
