// Relay and vault: whether each server that takes writes is kept, and whether what keeps it would outlive it.

#include <algorithm>

#include "base/printable.h"
#include "rescue/check.h"

namespace lifeboat::rescue {
namespace {

/// Takes writes of its own, and is not merely a replica that was left writable.
bool is_origin(const Topology& topology, std::size_t node) {
  return topology.nodes[node].writable() && (!replicates(topology.nodes[node]) || is_source(topology, node));
}

void check_followed(const CheckFacts& facts, Findings& out) {
  const Topology& topology = facts.topology;
  for (std::size_t i = 0; i < topology.nodes.size(); ++i) {
    if (!is_origin(topology, i)) continue;
    const bool known = std::ranges::any_of(
        topology.links, [&](const Link& each) { return each.from == i && topology.nodes[each.to].relay; });
    if (known) continue;
    const std::string& name = topology.nodes[i].name;
    out.add(FindingId::kNoRelay, {name, "it takes writes, and no relay reads its log"},
            {sql_on(name, format("GRANT REPLICATION SLAVE, BINLOG MONITOR ON *.* TO '{}'@'%';", facts.user)),
             shell_here(format("lifeboat relay run --source mysql://{}@{} --password-file FILE \\\n"
                               "  --dir relay.d --listen 0.0.0.0:3307",
                               facts.user, name))});
  }
}

void check_relay(const CheckFacts& facts, Findings& out) {
  if (!facts.relay) return;
  const RelayFacts& relay = *facts.relay;
  const std::string directory = shell_word(relay.directory.string());
  for (const WatchedSource& each : relay.sources) {
    if (relay.running && each.state == "following") continue;
    const std::string seen =
        relay.running ? format("its relay is {}{}{}", each.state, each.problem.empty() ? "" : ": ", each.problem)
                      : format("its relay ended; it last spoke at {}", relay.updated);
    out.add(FindingId::kRelayNotFollowing, {each.source.text(), seen},
            {shell_here(format("lifeboat relay status --dir {}", directory))});
  }
  if (relay.holds_drops) return;
  out.add(FindingId::kGuardOpen,
          {relay.directory.string(), relay.guard_problem.empty()
                                         ? format("the rules in {} allow DROP DATABASE", relay.guard_config)
                                         : format("its rules cannot be read: {}", relay.guard_problem)},
          {shell_here(
              format("lifeboat guard rules test --dir {} --config {}", directory, shell_word(relay.guard_config)))});
}

/// What lies on this host, judged against each server that is on it, too.
void check_places(const CheckFacts& facts, Findings& out) {
  const Topology& topology = facts.topology;
  const auto relay_disk = facts.relay ? disk_of(facts.relay->directory) : std::nullopt;
  const auto vault_disk = facts.vault ? disk_of(facts.vault->directory) : std::nullopt;
  for (std::size_t i = 0; i < topology.nodes.size(); ++i) {
    if (!is_origin(topology, i)) continue;
    const Node& node = topology.nodes[i];
    const ServerPlace& place = facts.places[i];
    if (facts.vault && !facts.vault->host.empty()) {
      const bool same = std::ranges::any_of(node.addresses,
                                            [&](const net::Endpoint& each) { return each.host == facts.vault->host; });
      if (same) out.add(FindingId::kVaultOnSourceHost, {node.name, facts.vault->url}, {});
    }
    if (!place.here) continue;
    if (facts.relay) {
      const bool disk = place.disk && relay_disk == place.disk;
      out.add(disk ? FindingId::kRelayOnSourceDisk : FindingId::kRelayOnSourceHost,
              {node.name, disk ? format("{} and {} are on one file system", facts.relay->directory.string(),
                                        node.facts->variable("datadir"))
                               : format("both are on {}", facts.host.name)},
              {{.where = "another host", .text = "lifeboat relay run …    # the same command, with a --dir there"}});
    }
    if (facts.vault && !facts.vault->directory.empty()) {
      const bool disk = place.disk && vault_disk == place.disk;
      out.add(
          disk ? FindingId::kVaultOnSourceDisk : FindingId::kVaultOnSourceHost,
          {node.name, disk ? format("{} and {} are on one file system", facts.vault->directory.string(),
                                    node.facts->variable("datadir"))
                           : format("{} is on {}, as the server is", facts.vault->directory.string(), facts.host.name)},
          {shell_here(
              format("lifeboat vault copy --to URL_ON_ANOTHER_HOST --vault {}", shell_word(facts.vault->url)))});
    }
  }
}

void check_copies(const CheckFacts& facts, Findings& out) {
  const Topology& topology = facts.topology;
  for (std::size_t from = 0; from < topology.nodes.size(); ++from) {
    if (!is_origin(topology, from)) continue;
    for (std::size_t to = 0; to < topology.nodes.size(); ++to) {
      const Node& copy = topology.nodes[to];
      if (to == from || !replicates(copy)) continue;
      if (copy.facts->variable("hostname") != topology.nodes[from].facts->variable("hostname")) continue;
      if (is_origin(topology, to) && to < from) continue;  // said already, the other way round
      out.add(
          FindingId::kReplicaOnSourceHost,
          {copy.name, format("it and {} are both on {}", topology.nodes[from].name, copy.facts->variable("hostname"))},
          {});
    }
  }
}

void check_vault(const CheckFacts& facts, Findings& out) {
  if (!facts.vault) return;
  if (facts.vault->problem) {
    out.add(FindingId::kVaultNotRead, {facts.vault->url, facts.vault->problem->message},
            {shell_here(format("lifeboat vault stat --vault {}", shell_word(facts.vault->url)))});
  } else if (!facts.vault->newest) {
    out.add(FindingId::kNoImage, {facts.vault->url, "no image"},
            {shell_here(format("lifeboat image import DATA_DIRECTORY --vault {}", shell_word(facts.vault->url)))});
  }
}

}  // namespace

void check_keeping(const CheckFacts& facts, Findings& out) {
  check_followed(facts, out);
  check_relay(facts, out);
  check_places(facts, out);
  check_copies(facts, out);
  check_vault(facts, out);
}

}  // namespace lifeboat::rescue
