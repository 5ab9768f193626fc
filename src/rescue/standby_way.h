/// The standbys of this host as a rescue sees them: whether one can be taken past what is left out, because it has not
/// applied it. Looks only.
/// Threads: free functions. Errors: what concerns one standby is its `why_not`; else the log's.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "rescue/rescue_log.h"
#include "server/connection.h"

namespace lifeboat::rescue {

struct FoundStandby {
  std::string name;
  std::uint32_t server_id = 0;
  std::string source;             ///< "host:port" whose history it has; empty: it does not say
  binlog::GtidPosition position;  ///< it has applied, by its server; of one that a rescue took it is not asked
  std::string rescue;             ///< that took it; empty: none
  std::string why_not;            ///< empty: it will do, as far as it tells itself
};
std::vector<FoundStandby> find_standbys(const Path& state_root, const std::vector<server::Login>& logins);

/// What is asked of one.
struct StandbyQuestion {
  std::string rescue;  ///< its name
  Path relay_directory;
  std::vector<binlog::Gtid> left_out;
  binlog::GtidPosition until;
};

struct StandbyWay {
  std::string standby;
  std::string why_not;  ///< empty: it is possible
  bool begun = false;   ///< this rescue has it already; nothing else of it was looked at
  binlog::GtidPosition position;
  binlog::GtidPosition until;
  std::string loss;
  std::vector<binlog::Gtid> left_out;  ///< what was asked, and what behind it the guard has skipped for it
  /// What it has passed, and the guard skipped for it: its binary log has nothing under these numbers.
  std::vector<binlog::Gtid> holes;
  std::uint64_t bytes = 0;  ///< of log behind it
};

StandbyWay judge_standby(RescueLog& log, const FoundStandby& standby, const StandbyQuestion& question);

}  // namespace lifeboat::rescue
