// Each replica by itself: whether it takes writes, is up to date, is whole, and can be pointed elsewhere.

#include <algorithm>

#include "base/units.h"
#include "rescue/check.h"
#include "rescue/topology_answer.h"
#include "rescue/topology_graph.h"

namespace lifeboat::rescue {
namespace {

constexpr std::uint64_t kBehindMax_s = 60;

/// What names a channel in evidence: nothing for the one without a name.
std::string of_channel(const ReplicationChannel& channel) {
  return channel.name.empty() ? "" : format(" (channel {})", channel.name);
}

/// "STOP SLAVE; CHANGE MASTER TO …; START SLAVE;" for that channel.
std::string change_master(const ReplicationChannel& channel, std::string_view how) {
  const std::string name = channel.name.empty() ? "" : format(" '{}'", channel.name);
  return format("STOP SLAVE{0}; CHANGE MASTER{0} TO {1}; START SLAVE{0};", name, how);
}

std::string unfilter(const ReplicationChannel& channel, const std::string& filter) {
  if (filter == "Replicate_Do_Domain_Ids") return change_master(channel, "DO_DOMAIN_IDS = ()");
  if (filter == "Replicate_Ignore_Domain_Ids") return change_master(channel, "IGNORE_DOMAIN_IDS = ()");
  if (filter == "Replicate_Ignore_Server_Ids") return change_master(channel, "IGNORE_SERVER_IDS = ()");
  const std::string name = channel.name.empty() ? "" : format("{}.", channel.name);
  return format("STOP SLAVE; SET GLOBAL {}{} = ''; START SLAVE;", name, lower_cased(filter));
}

void check_channel(const Node& node, const ReplicationChannel& channel, Findings& out) {
  const std::string from = format("from {}{}", channel.source.text(), of_channel(channel));
  if (!channel.running()) {
    std::string seen = format("{}: {} stopped", from,
                              channel.applying    ? "fetching (Slave_IO_Running)"
                              : channel.receiving ? "applying (Slave_SQL_Running)"
                                                  : "both threads");
    if (!channel.error.empty()) seen += ": " + channel.error;
    const std::string name = channel.name.empty() ? "" : format(" '{}'", channel.name);
    out.add(FindingId::kReplicationStopped, {node.name, std::move(seen)},
            {sql_on(node.name, format("START SLAVE{0}; SHOW SLAVE{0} STATUS;", name))});
  } else if (channel.behind_s && *channel.behind_s > channel.delay_s + kBehindMax_s) {
    out.add(FindingId::kReplicaBehind,
            {node.name, format("{}: {} behind (Seconds_Behind_Master)", from,
                               format_duration(std::chrono::seconds(*channel.behind_s)))},
            {sql_on(node.name, "SHOW PROCESSLIST;")});
  }
  for (const auto& [filter, value] : channel.filters) {
    out.add(FindingId::kReplicaFilter, {node.name, format("{}: {} = {}", from, filter, value)},
            {sql_on(node.name, unfilter(channel, filter))});
  }
  if (channel.gtid_mode == "No") {
    out.add(FindingId::kGtidOff, {node.name, format("{}: Using_Gtid = No", from)},
            {sql_on(node.name, change_master(channel, "MASTER_USE_GTID = slave_pos"))});
  }
}

void check_domains(const CheckFacts& facts, Findings& out) {
  const Topology& topology = facts.topology;
  for (const std::vector<std::size_t>& ring : find_rings(topology)) {
    std::map<std::string, std::vector<std::string>> writers;  // by domain
    for (const std::size_t each : ring) {
      const Node& node = topology.nodes[each];
      if (node.writable()) writers[node.facts->variable("gtid_domain_id")].push_back(node.name);
    }
    for (const auto& [domain, names] : writers) {
      if (names.size() < 2) continue;
      std::vector<Remedy> remedies;
      for (std::size_t i = 1; i < names.size(); ++i) {
        remedies.push_back(option_on(names[i], format("gtid_domain_id = {}    # another for each writer", i)));
      }
      out.add(FindingId::kSharedDomain,
              {lifeboat::format("{}", fmt::join(names, ", ")), format("gtid_domain_id = {} on each", domain)},
              remedies);
    }
  }
}

bool in_a_ring(const Topology& topology, std::size_t node) {
  return std::ranges::any_of(find_rings(topology), [&](const std::vector<std::size_t>& ring) {
    return std::ranges::find(ring, node) != ring.end();
  });
}

}  // namespace

void check_replication(const CheckFacts& facts, Findings& out) {
  const Topology& topology = facts.topology;
  for (std::size_t i = 0; i < topology.nodes.size(); ++i) {
    const Node& node = topology.nodes[i];
    if (!replicates(node)) continue;
    if (node.writable() && !in_a_ring(topology, i)) {
      out.add(FindingId::kWritableReplica, {node.name, "read_only = OFF"},
              {sql_on(node.name, "SET GLOBAL read_only = 1;"), option_on(node.name, "read_only = 1")});
    }
    // Nobody may read its log yet; whoever follows a co-master must get what the other wrote.
    if (!node.facts->on("log_slave_updates") && node.facts->on("log_bin") &&
        (is_source(topology, i) || in_a_ring(topology, i))) {
      out.add(FindingId::kLogNotWhole, {node.name, "log_slave_updates = OFF, and it replicates from others"},
              {option_on(node.name, "log_slave_updates = 1    # then restart it")});
    }
    for (const ReplicationChannel& each : node.facts->channels) check_channel(node, each, out);
  }
  check_domains(facts, out);
}

}  // namespace lifeboat::rescue
