/// What a standby says of itself, and where it leaves it: `standby.json` in its branch's directory, rewritten every
/// second by `standby run`, and beside it what must outlive any process: its last commit, where it began, and which
/// rescue took it. Threads: functions without state. Errors: Exception; kCorruption for a file that makes no sense.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>

#include "base/file.h"
#include "base/json.h"
#include "base/process.h"
#include "base/units.h"
#include "binlog/gtid.h"

namespace lifeboat::rescue {

/// The newest image that a standby made.
struct StandbyCommit {
  std::string image;
  binlog::GtidPosition gtid;
  SystemTime time;      ///< of the snapshot
  double block_ms = 0;  ///< how long no transaction could commit on the standby
  double seconds = 0;   ///< from the request until the image was in the vault
  std::string
      last_proven;  ///< the newest image of this standby that was booted and said the same position; may be empty

  friend bool operator==(const StandbyCommit&, const StandbyCommit&) = default;
};

/// Before what the guard keeps the standby waiting.
struct HeldDanger {
  std::string id;
  std::string danger_class;
  std::string objects;
  std::string gtid;
  SystemTime event_time;  ///< when the source ran it: the standby stands as of then
  friend bool operator==(const HeldDanger&, const HeldDanger&) = default;
};

enum class StandbyState {
  kStarting,      ///< its server is being started
  kFollowing,     ///< it has the log up to its lag
  kHeld,          ///< all before a danger is applied, and nothing after
  kDisconnected,  ///< nothing comes from the relay
  kStopped,       ///< the server does not apply what has come
  kDown,          ///< no server, or it does not answer
};
std::string_view standby_state_name(StandbyState state);  ///< "starting", "following", "held", …

struct StandbyStatus {
  ProcessIdentity process;
  SystemTime updated;
  std::string name;
  StandbyState state = StandbyState::kStarting;
  std::string relay;                  ///< "host:port"
  std::string source;                 ///< whose history it is
  std::optional<double> lag_seconds;  ///< empty: not known now
  std::string gtid;                   ///< applied up to here
  std::string relay_gtid;             ///< what the relay has; empty: it is on another host
  std::optional<StandbyCommit> last_commit;
  std::optional<HeldDanger> held;
  bool holds_known = true;  ///< false: the relay is on another host, or its record cannot be read
  bool committing = false;
  std::chrono::milliseconds commit_every{0};
  std::chrono::milliseconds delay{0};
  std::string problem;  ///< empty: none
  std::string hint;
};

json::object to_json(const StandbyCommit& commit);
StandbyCommit standby_commit_from_json(const json::object& object);
json::object to_json(const StandbyStatus& status, SystemTime time);
StandbyStatus standby_status_from_json(const json::object& object);

/// Whether `lifeboat standby status` may end with 0: it runs, follows, and nothing is held or amiss.
bool is_well(const StandbyStatus& status);

/// Where it began to replicate. Written durably, after the server was told: from then on the server's own position
/// counts. The source is its address, as the relay names it last.
struct StandbyOrigin {
  std::string gtid;
  std::string source;
};

/// A rescue that took it past a danger: from then on it is a standby no more. Written once, durably, before anything
/// else is done to it.
struct StandbyTaken {
  std::string rescue;
  SystemTime time;
};

Path standby_status_file(const Path& branch_directory);
std::optional<StandbyStatus> find_standby_status(const Path& branch_directory);
void save_standby_status(const Path& branch_directory, const StandbyStatus& status);
std::optional<StandbyCommit> find_standby_commit(const Path& branch_directory);
void save_standby_commit(const Path& branch_directory, const StandbyCommit& commit);
std::optional<StandbyOrigin> find_standby_origin(const Path& branch_directory);
void save_standby_origin(const Path& branch_directory, const StandbyOrigin& origin);
std::optional<StandbyTaken> find_standby_taken(const Path& branch_directory);
void save_standby_taken(const Path& branch_directory, const StandbyTaken& taken);
/// The standby that took its place; empty: none yet.
std::string find_next_standby(const Path& branch_directory);
void save_next_standby(const Path& branch_directory, const std::string& name);
/// It is a standby again.
void remove_standby_taken(const Path& branch_directory);
/// kRefused, with what to do instead, if a rescue took it.
void check_not_taken(const Path& branch_directory);

}  // namespace lifeboat::rescue
