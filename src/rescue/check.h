/// Judges a cluster: what would make the night after a mistake long, or lose data. Facts in, findings out.
///
/// Threads: free functions and values. Errors: none.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "rescue/check_findings.h"
#include "rescue/check_host.h"
#include "rescue/check_relay.h"
#include "rescue/topology.h"

namespace lifeboat::rescue {

struct CheckFacts {
  Topology topology;  ///< the relay placed in it
  RescueHost host;
  std::vector<ServerPlace> places;  ///< of each node
  std::optional<RelayFacts> relay;  ///< empty: no directory of one is known
  std::optional<VaultFacts> vault;  ///< empty: none was named
  std::string user;                 ///< by which the servers were asked
};

std::vector<Finding> check_cluster(const CheckFacts& facts);

// By subject, each into `out`:
void check_reach(const CheckFacts& facts, Findings& out);        ///< rings, how far a DROP comes, who could be asked
void check_replication(const CheckFacts& facts, Findings& out);  ///< each replica, and its channels
void check_logging(const CheckFacts& facts, Findings& out);      ///< binary log, semi-sync, durability
void check_contents(const CheckFacts& facts, Findings& out);     ///< tables and accounts
void check_keeping(const CheckFacts& facts, Findings& out);      ///< relay and vault: whether, and where
void check_rescue_host(const CheckFacts& facts, Findings& out);  ///< whether a rescue could take place here

// What they share:
/// Another server's changes come in here.
bool replicates(const Node& node);
/// Servers or relays read its log.
bool is_source(const Topology& topology, std::size_t node);
/// A relay that runs is linked behind it.
bool is_followed(const Topology& topology, std::size_t node);
/// "a, b, c and 4 more".
std::string some_of(const std::vector<std::string>& names, std::size_t shown_max = 3);

}  // namespace lifeboat::rescue
