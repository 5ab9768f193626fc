/// The second phase of pruning: removes what old enough marks name. Stays inside this part.
#pragma once

#include <map>
#include <vector>

#include "vault/prune.h"
#include "vault/references.h"
#include "vault/session.h"

namespace lifeboat::vault {

/// Who needs images, by name; the first one found.
std::map<ImageName, std::string> images_in_use(const std::vector<SessionInfo>& live);

/// Why a mark must not be swept yet; empty if it may. `live` and the pins must have been read after the mark was put.
std::string waits_for(const Mark& mark, const std::vector<SessionInfo>& live, const std::set<ImageName>& pinned,
                      std::chrono::milliseconds grace, SystemTime now);

/// Sweeps what may be swept of `marks`, which are in force, after the options' grace and window. `references` holds the
/// images walked so far and gets what else has to be walked.
std::vector<SweptMark> sweep(Vault& vault, const std::vector<Mark>& marks, const PruneOptions& options,
                             References& references);

}  // namespace lifeboat::vault
