/// Brings one log file back from the vault: as many of its bytes from the beginning as can be had without a hole.
///
/// Threads: functions without state. Errors: the store's, errno's; kCancelled. Damage is a result: parts that cannot be
/// read are named, and others that hold the same bytes used in their place. Durability: the file is synced. Memory: one
/// part.
#pragma once

#include <set>
#include <string>

#include "base/file.h"
#include "base/progress.h"
#include "relay/log_catalogue.h"

namespace lifeboat::relay {

/// Writes to `path`, which is made or begun anew. Returns what was had: `whole()` if nothing is missing.
vault::LogCover fetch_sealed_file(vault::Vault& vault, const SealedFile& file, const Path& path,
                                  std::set<std::string>& damaged, Progress* progress = nullptr);

}  // namespace lifeboat::relay
