/// What the guard of a relay says to one replica of a kept log: what people decided, and what it would hold when the
/// replica came there. For who takes a replica along the log without asking the relay, which may be dead.
///
/// The rules are those that the audit log saw in force last; of a table's share of rows nothing is known here, so that
/// what depends on it is held. Threads: a free function. Errors: AuditLog's; kUsage for rules that cannot be read.
#pragma once

#include <map>
#include <string>

#include "relay/hold.h"
#include "rescue/rescue_log.h"

namespace lifeboat::rescue {

struct GuardVerdict {
  relay::HoldState state = relay::HoldState::kHeld;
  std::string what;  ///< "drop_table shop.orders"
};

struct GuardedReplica {
  Path relay_directory;  ///< empty: there is none, and the rules that need no config count
  std::uint32_t server_id = 0;
  binlog::GtidPosition position;
  binlog::GtidPosition until;
};

/// Of all that lies behind the position and up to the end, and of what was decided before.
std::map<binlog::Gtid, GuardVerdict> guard_verdicts(RescueLog& log, const GuardedReplica& replica);

}  // namespace lifeboat::rescue
