/// Which of a log's dangers a rescue leaves out that was not told.
///
/// Threads: free functions. Errors: none.
#pragma once

#include <vector>

#include "rescue/rescue_log.h"

namespace lifeboat::rescue {

/// All that the guard holds; else the newest that is no habit, and what the same session did within an hour before it.
/// A habit is what an application does every so often (`DELETE … WHERE expires < …`): the mistake that is looked for
/// lies hours before the newest of those. Of habits alone, the newest.
/// `dangers`: the newest first, and so is what is chosen.
std::vector<FoundDanger> choose_left_out(const std::vector<FoundDanger>& dangers);

}  // namespace lifeboat::rescue
