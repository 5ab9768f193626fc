/// Where a standby begins to replicate: the position of the image that it was made from.
/// Threads: functions without state. Errors: kRefused if nothing tells the position.
#pragma once

#include <string>

#include "rescue/standby_server.h"
#include "rescue/standby_status.h"
#include "server/branch.h"

namespace lifeboat::rescue {

/// Throws kRefused if an image says nothing from which a position is known; before anything is started on it.
void check_can_begin(const server::BranchRequest& boot, const std::string& image);

/// Once in a standby's life its server is told where to begin; returns where and in whose history. `source` is what the
/// relay says, empty if it is on another host.
StandbyOrigin begin_standby(const server::BranchRecord& branch, const server::BranchRequest& boot,
                            StandbyServer& server, const std::string& source);

/// The later of two positions, domain by domain: what a server has applied as a replica and what it wrote itself.
binlog::GtidPosition later_of(const binlog::GtidPosition& one, const binlog::GtidPosition& other);

}  // namespace lifeboat::rescue
