/// A cluster as its servers tell it: who replicates from whom, and which relays stand between. Starts at the servers
/// given and goes up (whom a server replicates from) and down (who reads its log), with the same login everywhere.
///
/// Threads: free functions and values. Errors: none from discover: a server that cannot be asked is a node that says
///   why. Bounded: by `servers_max`, and by what `connect` makes of time-outs.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "base/error.h"
#include "rescue/topology_server.h"

namespace lifeboat::rescue {

/// A server, or a relay that stands in for one.
struct Node {
  std::string name;                      ///< "db1.example:3306"; of a relay where replicas reach it
  std::vector<net::Endpoint> addresses;  ///< by which it was met; the first is its name
  bool relay = false;
  bool guarded = false;              ///< a relay that holds a DROP, as far as is known
  std::optional<ServerFacts> facts;  ///< empty: it could not be asked
  std::optional<Error> problem;      ///< why not

  bool asked() const { return facts && !facts->relay; }
  bool writable() const { return asked() && facts->writable(); }
};

/// What is written at `from` comes to `to`.
struct Link {
  std::size_t from = 0;  ///< index of a node
  std::size_t to = 0;
  std::string channel;
  bool running = false;
  std::optional<std::uint64_t> behind_s;
  std::uint64_t delay_s = 0;
};

/// Somebody who registered at a server as a replica and could not be found.
struct UnknownReader {
  std::size_t at = 0;  ///< index of the node whose log they read
  RegisteredReplica replica;
  std::vector<std::string> hosts;  ///< that read the log of that server
};

struct Topology {
  std::vector<Node> nodes;  ///< in the order in which they were met
  std::vector<Link> links;
  std::vector<UnknownReader> unknown;
  bool cut_short = false;  ///< there are more servers than were to be asked
  SystemTime taken;

  std::optional<std::size_t> find(const net::Endpoint& address) const;
  bool linked(std::size_t from, std::size_t to) const;
};

/// Connects and logs in; throws as SourceConnection does.
using Connect = std::function<Ask(const net::Endpoint&)>;

struct DiscoverOptions {
  std::vector<net::Endpoint> starts;
  std::vector<RegisteredReplica> also;  ///< met otherwise: behind a relay, which tells nobody
  std::size_t servers_max = 64;
  std::function<SystemTime()> clock = now;
};

Topology discover(const Connect& connect, const DiscoverOptions& options);

}  // namespace lifeboat::rescue
