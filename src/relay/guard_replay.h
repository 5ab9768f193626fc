/// What the guard would have done with a log that is kept: the proof of rules before they are in force, and where rules
/// that are missing come from.
///
/// Threads: free functions and values. Errors: errno's, kCorruption for a damaged log. Memory: bounded by kKindsMax
/// kinds of dangers; more of them are counted only.
#pragma once

#include <string>
#include <vector>

#include "relay/guard_walk.h"
#include "relay/log_directory.h"

namespace lifeboat::relay {

/// Dangers alike: of one class, on one object (or on several that differ by digits only), by one account.
struct DangerKind {
  binlog::DangerClass danger = binlog::DangerClass::kOrdinary;
  std::string object;   ///< "shop.log_*"
  std::string account;  ///< empty: the log does not tell
  std::uint64_t held = 0;
  std::uint64_t warned = 0;
  std::uint64_t rows_max = 0;
  bool counted = true;  ///< all their rows are known
  std::set<std::string> objects;
  std::set<std::int64_t> minutes;  ///< of the day, UTC, at which they came
  std::int64_t first_s = 0;
  std::int64_t last_s = 0;
  std::string gtid;  ///< the last one
  std::string statement;
};

struct GuardReplay {
  static constexpr std::size_t kKindsMax = 10'000;

  std::uint64_t groups = 0;
  std::int64_t first_s = 0;  ///< of the first of them: what is older may not be kept here any more
  std::uint64_t held = 0;
  std::uint64_t warned = 0;
  std::uint64_t left_out = 0;     ///< held or warned of, beyond kKindsMax kinds
  std::vector<DangerKind> kinds;  ///< most often held first
};

/// One transaction that would have been held or warned of, and where it stands. References live as long as the call.
struct JudgedGroup {
  const Path& incarnation;
  const std::string& file;
  const FoundGroup& group;
  const Judgement& judgement;
};
using OnJudged = std::function<void(const JudgedGroup&)>;

/// Groups from `since_s` on, of all logs together. `on_progress` is called now and then, and may throw; `on_judged`,
/// if there is one, of each that would not simply have passed.
GuardReplay replay_guard(const std::vector<Path>& incarnations, const GuardConfig& config, std::int64_t since_s,
                         const std::function<void()>& on_progress, const OnJudged& on_judged = {});

/// A rule that lets pass what was seen, and as little else as can be said. As text to paste.
struct SuggestedRule {
  DangerKind kind;
  std::string toml;
};
/// For what was held at least twice; never for databases dropped, or what could not be read.
std::vector<SuggestedRule> suggest_rules(const GuardReplay& replay);

}  // namespace lifeboat::relay
