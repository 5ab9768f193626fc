/// Whether production is protected now: in one word, with the reasons why it is no better. Hope counts for nothing:
/// what is not known to be well is not.
///
/// Threads: free functions. Errors: kCorruption for what a relay or a standby left.
#pragma once

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

/// `relay`: its status; empty: none is known. `running`: whether its process lives. `standbys`: those that no rescue
/// took.
Protection judge_protection(const std::optional<json::object>& relay, bool running,
                            const std::vector<StandbyStatus>& standbys);

/// Of this host's standbys what each says, but those that a rescue took.
std::vector<StandbyStatus> living_standbys(const Path& state_root);

}  // namespace lifeboat::rescue
