/// How a rescue gets a standby from `standby run`, for good: it is noted down first, so that no process, living or
/// started later, replicates or commits there again; then who runs it lets go, or is ended. What is left out is then
/// decided at the guard, in its audit log, as `guard skip` does.
///
/// Threads: one at a time. Errors: kConflict if another rescue has it; kUnavailable if its process does not let go.
#pragma once

#include <string>

#include "base/file.h"
#include "rescue/rescue_log.h"
#include "rescue/rescue_record.h"
#include "server/branch_record.h"

namespace lifeboat::rescue {

/// Returns when nobody else says anything to its server; as long as the lock lives, no `standby run` begins.
FileLock take_standby(const server::BranchRecord& standby, const std::string& rescue);

/// What this rescue leaves out and the guard holds before the standby is skipped for it, and for no other replica.
void skip_at_guard(const RescueRecord& record, std::uint32_t server_id, const std::string& by);

}  // namespace lifeboat::rescue
