/// What starting, stopping and removing a branch have in common.
#pragma once

#include <chrono>

#include "server/branch_record.h"

namespace lifeboat::server {

inline constexpr std::chrono::milliseconds kServerStopPatience = std::chrono::seconds(60);

/// Held while a branch is started, stopped or removed, from before its files are looked at. Makes its directory.
FileLock lock_branch(const Path& directory, const std::string& name);

/// Under the lock: gone at once for everybody, with the socket's directory if that lies elsewhere. kBusy if something
/// is mounted in it.
void remove_directory(const BranchRecord& record);

}  // namespace lifeboat::server
