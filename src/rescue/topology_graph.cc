#include "rescue/topology_graph.h"

#include <algorithm>
#include <deque>
#include <map>
#include <set>

namespace lifeboat::rescue {
namespace {

std::set<std::size_t> reachable_from(const Topology& topology, std::size_t start) {
  std::set<std::size_t> found;
  std::deque<std::size_t> next{start};
  while (!next.empty()) {
    const std::size_t at = next.front();
    next.pop_front();
    for (const Link& each : topology.links) {
      if (each.from == at && found.insert(each.to).second) next.push_back(each.to);
    }
  }
  return found;
}

/// What keeps a statement from a copy, the least first: a copy counts by the best way that leads to it.
enum class Hindrance : std::uint8_t { kNone, kStopped, kDelayed, kGuarded };

struct Way {
  Hindrance hindrance = Hindrance::kNone;
  std::optional<std::uint64_t> after_s = 0;
};

bool better(const Way& a, const Way& b) {
  if (a.hindrance != b.hindrance) return a.hindrance < b.hindrance;
  if (!a.after_s || !b.after_s) return a.after_s && !b.after_s;
  return *a.after_s < *b.after_s;
}

Way along(const Topology& topology, const Way& way, const Link& link) {
  Way out = way;
  if (!link.running) out.hindrance = std::max(out.hindrance, Hindrance::kStopped);
  if (link.delay_s > 0) out.hindrance = std::max(out.hindrance, Hindrance::kDelayed);
  if (topology.nodes[link.from].relay && topology.nodes[link.from].guarded) out.hindrance = Hindrance::kGuarded;
  const bool through_relay = topology.nodes[link.to].relay;
  if (through_relay) return out;
  out.after_s = out.after_s && link.behind_s ? std::optional(*out.after_s + *link.behind_s) : std::nullopt;
  return out;
}

}  // namespace

std::vector<std::vector<std::size_t>> find_rings(const Topology& topology) {
  std::vector<std::set<std::size_t>> reach;
  for (std::size_t i = 0; i < topology.nodes.size(); ++i) reach.push_back(reachable_from(topology, i));
  std::vector<std::vector<std::size_t>> rings;
  std::set<std::size_t> taken;
  for (std::size_t i = 0; i < topology.nodes.size(); ++i) {
    if (topology.nodes[i].relay || taken.contains(i)) continue;
    std::vector<std::size_t> ring{i};
    for (std::size_t j = i + 1; j < topology.nodes.size(); ++j) {
      if (!topology.nodes[j].relay && reach[i].contains(j) && reach[j].contains(i)) ring.push_back(j);
    }
    taken.insert(ring.begin(), ring.end());
    if (ring.size() > 1) rings.push_back(std::move(ring));
  }
  return rings;
}

Spread spread_from(const Topology& topology, std::size_t start) {
  std::map<std::size_t, Way> ways{{start, Way{}}};
  for (bool changed = true; changed;) {  // as often as the longest way has links, at most
    changed = false;
    for (const Link& each : topology.links) {
      const auto from = ways.find(each.from);
      if (from == ways.end() || each.to == start) continue;
      const Way way = along(topology, from->second, each);
      const auto known = ways.find(each.to);
      if (known != ways.end() && !better(way, known->second)) continue;
      ways[each.to] = way;
      changed = true;
    }
  }
  Spread spread;
  for (const auto& [node, way] : ways) {
    if (node == start || topology.nodes[node].relay) continue;
    if (way.hindrance == Hindrance::kNone) spread.reached.push_back({node, way.after_s});
    if (way.hindrance == Hindrance::kStopped) spread.stopped.push_back(node);
    if (way.hindrance == Hindrance::kDelayed) spread.delayed.push_back(node);
    if (way.hindrance == Hindrance::kGuarded) spread.guarded.push_back(node);
  }
  return spread;
}

}  // namespace lifeboat::rescue
