/// A first look at what a rescue brought back: whether the server answers, what it holds, and whether what was to be
/// saved is there and can be read. Threads: one at a time. Errors: kCorruption for a table that cannot be read; the
/// connection's.
#pragma once

#include <string>
#include <vector>

#include "rescue/rescue_record.h"
#include "server/connection.h"

namespace lifeboat::rescue {

/// `objects`: "shop.orders", or "shop.*" for all of a database.
std::vector<RescueNote> check_rescued(server::Connection& connection, const std::vector<std::string>& objects);

}  // namespace lifeboat::rescue
