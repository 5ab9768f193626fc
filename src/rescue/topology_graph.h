/// What follows from who replicates from whom: rings, and how far a statement comes.
/// Threads: free functions. Errors: none.
#pragma once

#include "rescue/topology.h"

namespace lifeboat::rescue {

/// Sets of servers each of which hears of what any other of them writes; relays between them are no members. Whether a
/// link runs just now does not matter.
std::vector<std::vector<std::size_t>> find_rings(const Topology& topology);

/// Where what is written at one server comes to, and how soon.
struct Spread {
  struct Copy {
    std::size_t node = 0;
    std::optional<std::uint64_t> after_s;  ///< empty: not known how far it is behind
  };
  std::vector<Copy> reached;         ///< by links that run, without a delay
  std::vector<std::size_t> stopped;  ///< would be reached, once replication is started again
  std::vector<std::size_t> guarded;  ///< only behind a relay that holds a DROP
  std::vector<std::size_t> delayed;  ///< only after a delay that was set
};

/// Relays are passed through and counted nowhere.
Spread spread_from(const Topology& topology, std::size_t start);

}  // namespace lifeboat::rescue
