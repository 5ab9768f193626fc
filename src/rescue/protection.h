/// Whether production is protected now: in one word, with the reasons why it is no better. Hope counts for nothing:
/// what is not known to be well is not.
///
/// Threads: free functions. Errors: kCorruption for what a relay or a standby left.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "rescue/standby_status.h"

namespace lifeboat::rescue {

enum class ProtectionState {
  kProtected,     ///< all that is committed is kept, and a standby stands behind the guard
  kAtRisk,        ///< some of that is amiss
  kNotProtected,  ///< nothing keeps what is committed
};
std::string_view protection_name(ProtectionState state);  ///< "protected", "at risk", "not protected"

struct Protection {
  ProtectionState state = ProtectionState::kProtected;
  std::vector<std::string> reasons;
};

/// What production runs on since a rescue.
struct InPlace {
  std::string rescue;
  std::string branch;
  std::string address;  ///< "host:port"
  std::string follow;   ///< the command by which the relay follows it
};

struct ProtectionView {
  std::optional<json::object> relay;    ///< its status; empty: none is known
  bool running = false;                 ///< its process lives
  std::vector<StandbyStatus> standbys;  ///< those that no rescue took
  std::vector<InPlace> places;
  std::vector<std::string> switches;  ///< those that were left in the middle, for people
  /// Whether the log of one source ("host:port") has all that another commits.
  std::function<bool(const std::string&, const std::string&)> has_all_of;
  SystemTime time;
};
Protection judge_protection(const ProtectionView& view);

/// Of this host's standbys what each says, but those that a rescue took.
std::vector<StandbyStatus> living_standbys(const Path& state_root);
/// That have not come home, nor given their place to another since; of those whose log another relay keeps, none.
std::vector<InPlace> rescues_in_place(const Path& state_root, const Path& relay_directory);
/// Cut-overs, homecomings and moves.
std::vector<std::string> switches_left(const Path& state_root);

}  // namespace lifeboat::rescue
