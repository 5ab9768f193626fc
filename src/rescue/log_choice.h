/// Which of the logs that a relay keeps a rescue goes by. Of several sources (a ring) the one whose log holds what all
/// the others' hold, without those that were replaced (relay/succession.h); of several incarnations the newest.
/// Threads: a free function. Errors: kNotFound, kUsage naming the sources.
#pragma once

#include <string>

#include "base/file.h"

namespace lifeboat::rescue {

/// `source`: as its directory is named; empty: whichever holds most. `incarnation`: "000001"; empty: the newest.
Path choose_incarnation(const Path& relay_directory, const std::string& source, const std::string& incarnation);

}  // namespace lifeboat::rescue
