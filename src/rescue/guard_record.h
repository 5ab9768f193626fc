/// What the guard of a relay has on record of one kept log: what became of its dangers, and what people had it leave
/// out. It lies in the relay's directory and is not in the vault.
///
/// Threads: free functions. Errors: AuditLog's.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "relay/hold.h"
#include "rescue/rescue_log.h"

namespace lifeboat::rescue {

struct GuardRecord {
  std::map<std::string, std::string> states;  ///< by GTID: "held", "released", "skipped"
  std::vector<relay::HoldSubject> skipped;    ///< for every replica; in the order of the log

  /// Says of each danger what became of it.
  void tell(std::vector<FoundDanger>& dangers) const;
};

/// Of the log in `incarnation`; of a copy from the vault, which is called the same. Empty if the relay had no guard.
GuardRecord read_guard_record(const Path& relay_directory, const Path& incarnation);

}  // namespace lifeboat::rescue
