/// The part of an inspection that looks at every file of a data directory (server/inspect.h).
#pragma once

#include "base/file.h"
#include "server/server_info.h"

namespace lifeboat::server {

/// Fills the members of `info` that need a walk.
void walk_directory(const Path& directory, ServerInfo& info);

}  // namespace lifeboat::server
