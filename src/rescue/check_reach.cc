// Rings, how far a DROP comes, and what of the cluster could not be seen.

#include <algorithm>

#include "base/units.h"
#include "rescue/check.h"
#include "rescue/topology_graph.h"

namespace lifeboat::rescue {
namespace {

std::string within(const std::vector<Spread::Copy>& copies) {
  std::uint64_t latest = 0;
  for (const Spread::Copy& each : copies) {
    if (!each.after_s) return "within a time that not all of them tell";
    latest = std::max(latest, *each.after_s);
  }
  if (latest == 0) return "within a second";
  return format("within {}", format_duration(std::chrono::seconds(latest)));
}

std::vector<std::string> names_of(const Topology& topology, const std::vector<std::size_t>& nodes) {
  std::vector<std::string> names;
  for (const std::size_t each : nodes) names.push_back(topology.nodes[each].name);
  return names;
}

/// "reaches db2:3306 within a second; db3:3306 once replication runs again; not db4:3306 (behind the guard)".
std::string spread_text(const Topology& topology, const Spread& spread) {
  std::vector<std::size_t> reached;
  for (const Spread::Copy& each : spread.reached) reached.push_back(each.node);
  std::string text = reached.empty() ? "a DROP here reaches no other server now"
                                     : format("a DROP here reaches {} more: {}, {}", reached.size(),
                                              some_of(names_of(topology, reached)), within(spread.reached));
  if (!spread.stopped.empty()) {
    text += format("; once replication runs again also {}", some_of(names_of(topology, spread.stopped)));
  }
  if (!spread.delayed.empty()) text += format("; with delay {}", some_of(names_of(topology, spread.delayed)));
  if (!spread.guarded.empty()) {
    text += format("; behind the guard, out of reach: {}", some_of(names_of(topology, spread.guarded)));
  }
  return text;
}

std::vector<Remedy> guard_remedies(const CheckFacts& facts, std::size_t node, const Spread& spread) {
  const std::string& source = facts.topology.nodes[node].name;
  std::vector<Remedy> remedies{
      shell_here(format("lifeboat relay run --source mysql://{}@{} --password-file FILE \\\n"
                        "  --dir relay.d --listen 0.0.0.0:3307",
                        facts.user, source)),
      {.where = "then SQL on a replica to keep safe (HOST: this host)",
       .text = "STOP SLAVE; CHANGE MASTER TO MASTER_HOST = 'HOST', MASTER_PORT = 3307; START SLAVE;"}};
  if (!spread.reached.empty()) {
    remedies.push_back(sql_on(facts.topology.nodes[spread.reached.back().node].name + ", instead",
                              "STOP SLAVE; CHANGE MASTER TO MASTER_DELAY = 3600; START SLAVE;"));
  }
  return remedies;
}

void check_drops(const CheckFacts& facts, Findings& out) {
  const Topology& topology = facts.topology;
  for (std::size_t i = 0; i < topology.nodes.size(); ++i) {
    if (!topology.nodes[i].writable()) continue;
    const Spread spread = spread_from(topology, i);
    const Evidence seen{topology.nodes[i].name, spread_text(topology, spread)};
    if (!spread.reached.empty()) out.add(FindingId::kDropSpreads, seen, {});
    // A replica that should not take writes is a finding of its own, and has its source's copies.
    const bool of_others = replicates(topology.nodes[i]) && !is_source(topology, i);
    if (spread.guarded.empty() && spread.delayed.empty() && !of_others) {
      out.add(FindingId::kNoGuardedCopy, seen, guard_remedies(facts, i, spread));
    }
  }
}

void check_rings(const CheckFacts& facts, Findings& out) {
  const Topology& topology = facts.topology;
  for (const std::vector<std::size_t>& ring : find_rings(topology)) {
    std::vector<std::size_t> writable;
    for (const std::size_t each : ring) {
      if (topology.nodes[each].writable()) writable.push_back(each);
    }
    const std::string all = lifeboat::format("{}", fmt::join(names_of(topology, ring), ", "));
    if (writable.size() < 2) {
      out.add(FindingId::kRing,
              {all,
               "they replicate from each other; " +
                   (writable.empty() ? "none takes writes" : topology.nodes[writable[0]].name + " alone takes writes")},
              {});
      continue;
    }
    std::vector<Remedy> remedies;
    for (std::size_t i = 1; i < writable.size(); ++i) {
      remedies.push_back(sql_on(topology.nodes[writable[i]].name, "SET GLOBAL read_only = 1;"));
      remedies.push_back(option_on(topology.nodes[writable[i]].name, "read_only = 1"));
    }
    out.add(FindingId::kCoMasters,
            {all, lifeboat::format("they replicate from each other; {} take writes (read_only = OFF)",
                                   writable.size() == ring.size() ? "all" : some_of(names_of(topology, writable)))},
            remedies);
  }
}

void check_asked(const CheckFacts& facts, Findings& out) {
  for (const Node& node : facts.topology.nodes) {
    if (node.problem && !node.relay) {
      std::vector<Remedy> remedies;
      if (node.problem->code == Code::kDenied) {
        remedies.push_back(
            sql_on(node.name, format("CREATE USER '{}'@'%' IDENTIFIED BY 'the same password';", facts.user)));
        remedies.push_back(
            sql_on(node.name, format("GRANT PROCESS, SLAVE MONITOR, BINLOG MONITOR, REPLICATION MASTER ADMIN, "
                                     "SHOW VIEW ON *.* TO '{}'@'%';",
                                     facts.user)));
      }
      out.add(FindingId::kServerNotAsked, {node.name, node.problem->message}, remedies);
    }
    if (!node.asked()) continue;
    if (!node.facts->mariadb) out.add(FindingId::kServerUnsupported, {node.name, node.facts->version}, {});
    if (node.facts->on("wsrep_on")) {
      out.add(FindingId::kGalera, {node.name, "wsrep_on = ON, " + node.facts->variable("wsrep_cluster_address")}, {});
    }
    for (const Unanswered& each : node.facts->unanswered) {
      std::vector<Remedy> remedies;
      if (!each.grant.empty()) remedies.push_back(sql_on(node.name, each.grant));
      out.add(FindingId::kNotAllowed, {node.name, format("{}: {}", each.wanted, each.why)}, remedies);
    }
  }
}

void check_readers(const CheckFacts& facts, Findings& out) {
  for (const UnknownReader& each : facts.topology.unknown) {
    std::string seen = format("server id {} reads its log", each.replica.server_id);
    if (!each.hosts.empty()) seen += lifeboat::format(", from one of {}", fmt::join(each.hosts, ", "));
    const std::string& at = facts.topology.nodes[each.at].name;
    if (each.replica.port == 0) {
      out.add(FindingId::kReaderNotFound, {at, seen + "; it is no server: a relay, or a tool that reads logs"},
              {shell_here("lifeboat check … --dir RELAY_DIR     # if it is a relay, on its host")});
    } else {
      out.add(FindingId::kReaderNotFound, {at, seen + format("; it listens on port {}", each.replica.port)},
              {option_on("that replica", format("report_host = NAME    # and report_port = {}", each.replica.port))});
    }
  }
  if (facts.topology.cut_short) {
    out.add(FindingId::kTooManyServers, {"", format("{} were asked", facts.topology.nodes.size())}, {});
  }
}

}  // namespace

void check_reach(const CheckFacts& facts, Findings& out) {
  check_drops(facts, out);
  check_rings(facts, out);
  check_asked(facts, out);
  check_readers(facts, out);
}

}  // namespace lifeboat::rescue
