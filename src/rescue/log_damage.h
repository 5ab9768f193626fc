/// Where a kept log cannot be read any more: bits that rotted, blocks that were lost. The index does not tell, since it
/// was written while the log was whole; so all of it is read, which is done once a replay has failed: a server that is
/// sent what it cannot read says no more than that.
///
/// Threads: a free function. Errors: errno's; kRefused, with what is damaged and the command that goes as far as it
/// can.
#pragma once

#include <string>
#include <vector>

#include "rescue/rescue_log.h"

namespace lifeboat::rescue {

/// Looks from the file on in which `position` lies. `left_out`: GTIDs, for the command.
void fail_if_damaged(RescueLog& log, const binlog::GtidPosition& position, const std::vector<std::string>& left_out);

}  // namespace lifeboat::rescue
