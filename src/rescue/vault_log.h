/// The log of a rescue that has nothing but the vault: brought to this host, from the image on, and indexed, so that
/// all else is as with a relay's directory.
///
/// Threads: one at a time. Errors: those of relay::restore_log; kUsage if the vault has the logs of several sources.
/// Durability: what is there was brought whole; a kill leaves what the next call removes. Disk: the log from there on.
#pragma once

#include <optional>
#include <string>

#include "base/file.h"
#include "base/progress.h"
#include "base/units.h"
#include "binlog/gtid.h"
#include "relay/log_directory.h"
#include "vault/vault.h"

namespace lifeboat::rescue {

struct VaultLogRequest {
  std::string source;                        ///< as its directory is named; empty: the only one
  std::optional<binlog::GtidPosition> from;  ///< what lies before is not needed
  std::optional<SystemTime> from_time;       ///< the same by time, where no position is known
  Progress* progress = nullptr;
};

/// The newest incarnation's directory below `directory`, which is made anew.
Path bring_vault_log(vault::Vault& vault, const Path& directory, const VaultLogRequest& request);

/// Of a log that nobody writes.
void index_log_file(const relay::LogDirectory& log, const relay::ServedLog::File& file);

}  // namespace lifeboat::rescue
