/// Which of the logs that a relay keeps a rescue goes by. Of several sources (a ring) the one whose log holds what all
/// the others' hold, without those that were replaced (relay/succession.h); of several incarnations the newest.
/// Threads: a free function. Errors: kNotFound, kUsage naming the sources.
#pragma once

#include <chrono>
#include <string>

#include "base/file.h"

namespace lifeboat::rescue {

/// `source`: as its directory is named; empty: whichever holds most. `incarnation`: "000001"; empty: the newest.
Path choose_incarnation(const Path& relay_directory, const std::string& source, const std::string& incarnation);

/// Whether the log of one source holds what the log of another, named likewise, held a moment ago: that is a server of
/// the same history, as in a ring. False where nothing is kept of either.
bool log_has_all_of(const Path& relay_directory, const std::string& source, const std::string& other,
                    std::chrono::milliseconds patience);

}  // namespace lifeboat::rescue
