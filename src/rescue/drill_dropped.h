/// Whether what a drill does not find any more was dropped: by a statement of the log that takes objects of its kind
/// away or gives them another name, and names it.
/// Threads: functions without state. Errors: none.
#pragma once

#include <string>

#include "rescue/rescue_log.h"

namespace lifeboat::rescue {

/// `object` as an inventory has it: "trigger shop.orders.stamp".
bool may_be_dropped_by(const std::string& object, const FoundDanger& danger);

}  // namespace lifeboat::rescue
