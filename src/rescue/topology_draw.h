/// A topology for people, as a tree of plain characters, and for machines.
/// Threads: free functions. Errors: none.
#pragma once

#include <string>

#include "base/json.h"
#include "rescue/topology.h"

namespace lifeboat::rescue {

/// One line a server, below the one that it replicates from. A server that comes again is drawn without what follows
/// it: in a ring, or with several sources.
std::string draw(const Topology& topology);

/// {"servers": […], "links": […], "rings": […], "drops": […]}
json::object topology_to_json(const Topology& topology);

}  // namespace lifeboat::rescue
