/// Several backups are adopted at once, each by a process of its own, since nobody knows which of them is whole: the
/// first that is proven wins, the others are stopped, and nothing of them is left but what the vault found worth
/// storing. What they say goes to our stderr.
///
/// Threads: one. Errors: the last one's error if all fail; kCancelled, after all were stopped.
#pragma once

#include <string>
#include <vector>

#include "base/file.h"
#include "base/json.h"

namespace lifeboat::rescue {

struct Racer {
  std::string backup;
  std::string branch;             ///< that it boots
  std::vector<std::string> argv;  ///< of a process that adopts it and prints one JSON document
};

struct RaceLoser {
  std::string backup;
  std::string said;  ///< why it failed; empty: it was overtaken
};

struct RaceResult {
  std::string backup;   ///< that won
  json::object result;  ///< what its process printed
  std::vector<RaceLoser> losers;
};

RaceResult race_adoptions(const std::vector<Racer>& racers, const Path& state_root);

}  // namespace lifeboat::rescue
