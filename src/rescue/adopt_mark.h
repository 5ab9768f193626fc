/// Tells a branch that a killed adoption left from one that people use, whatever image it is of: from before its server
/// first starts until it is committed, a file in its directory says what it is being made of.
/// Threads: free functions. Errors: errno's; kCorruption if the file says nothing.
#pragma once

#include <optional>

#include "base/json.h"
#include "server/branch_record.h"

namespace lifeboat::rescue {

void mark_adoption(const server::BranchRecord& branch, const json::object& of);
void unmark_adoption(const server::BranchRecord& branch);
/// What the branch is being made of; nothing if no adoption is at work on it, or was.
std::optional<json::object> find_adoption_mark(const server::BranchRecord& branch);

}  // namespace lifeboat::rescue
