/// What `check` knows of a relay whose directory it can read: what it follows, whom it serves, and whether its guard
/// would hold a DROP; and its place among the servers.
///
/// Threads: free functions and values. Errors: read_relay: kNotFound (no relay has run there), kCorruption.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/file.h"
#include "rescue/topology.h"

namespace lifeboat::rescue {

struct WatchedSource {
  net::Endpoint source;
  std::string state;    ///< "following", …
  std::string problem;  ///< why not
  std::optional<net::Endpoint> listen;
  std::vector<RegisteredReplica> replicas;  ///< connected now; where they register, or else come from
};

struct RelayFacts {
  Path directory;
  bool running = false;
  std::string updated;  ///< when it last spoke
  std::vector<WatchedSource> sources;
  bool holds_drops = true;
  std::string guard_config;   ///< the file; empty: the rules that need none
  std::string guard_problem;  ///< why that file cannot be read here
};

RelayFacts read_relay(const Path& directory);

/// Where its replicas are, as far as they tell, for the discovery of what is behind it.
std::vector<RegisteredReplica> replicas_behind(const RelayFacts& relay);

/// Adds the relay where it was not met, links it to what it follows and to what it serves, and takes over whether it
/// holds. `here` is how this host calls itself.
void place_relay(Topology& topology, const RelayFacts& relay, const std::string& here);

}  // namespace lifeboat::rescue
