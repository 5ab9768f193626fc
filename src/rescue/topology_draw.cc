#include "rescue/topology_draw.h"

#include <algorithm>
#include <set>

#include "base/units.h"
#include "rescue/topology_graph.h"
#include "server/version.h"

namespace lifeboat::rescue {
namespace {

std::string version_text(const ServerFacts& facts) {
  const auto version = server::find_version(facts.version);
  return format("{} {}", facts.mariadb ? "MariaDB" : "MySQL", version ? version->text() : facts.version);
}

std::string node_text(const Node& node) {
  if (node.relay) return format("relay {}  {}", node.name, node.guarded ? "holds a DROP" : "lets a DROP through");
  if (!node.facts) return format("{}  could not be asked", node.name);
  return format("{}  {}, {}, id {}", node.name, node.writable() ? "takes writes" : "read only",
                version_text(*node.facts), node.facts->server_id);
}

std::string link_text(const Link& link) {
  std::string text;
  if (!link.running) text += ", STOPPED";
  if (link.delay_s > 0) text += format(", delayed by {}", format_duration(std::chrono::seconds(link.delay_s)));
  if (link.running && link.behind_s) text += format(", {} s behind", *link.behind_s);
  return text;
}

class Drawing {
 public:
  explicit Drawing(const Topology& topology) : topology_(topology) {}

  std::string text() {
    for (std::size_t i = 0; i < topology_.nodes.size(); ++i) {
      if (std::ranges::none_of(topology_.links, [&](const Link& each) { return each.to == i; })) root(i);
    }
    for (std::size_t i = 0; i < topology_.nodes.size(); ++i) {
      if (!drawn_.contains(i)) root(i);
    }
    return text_;
  }

 private:
  void root(std::size_t node) {
    text_ += node_text(topology_.nodes[node]) + "\n";
    below(node, "");
  }

  void below(std::size_t node, const std::string& indent) {
    drawn_.insert(node);
    path_.push_back(node);
    std::vector<const Link*> links;
    for (const Link& each : topology_.links) {
      if (each.from == node) links.push_back(&each);
    }
    for (const Link* each : links) {
      child(*each, indent, each == links.back());
    }
    path_.pop_back();
  }

  void child(const Link& link, const std::string& indent, bool last) {
    const Node& node = topology_.nodes[link.to];
    text_ += indent + "+-> ";
    if (drawn_.contains(link.to)) {
      const bool ring = std::ranges::find(path_, link.to) != path_.end();
      text_ += format("{}{}  ({})\n", node.name, link_text(link), ring ? "see above: a ring" : "see above");
      return;
    }
    text_ += node_text(node) + link_text(link) + "\n";
    below(link.to, indent + (last ? "    " : "|   "));
  }

  const Topology& topology_;
  std::string text_;
  std::set<std::size_t> drawn_;
  std::vector<std::size_t> path_;
};

json::value number_or_null(const std::optional<std::uint64_t>& number) {
  return number ? json::value(*number) : json::value(nullptr);
}

json::object node_to_json(const Node& node) {
  json::array addresses;
  for (const net::Endpoint& each : node.addresses) addresses.emplace_back(each.text());
  json::object out{{"name", node.name},
                   {"kind", node.relay ? "relay" : "server"},
                   {"addresses", std::move(addresses)},
                   {"asked", node.asked()}};
  if (node.problem) out["problem"] = node.problem->message;
  if (node.relay) out["guarded"] = node.guarded;
  if (!node.asked()) return out;
  out["version"] = node.facts->version;
  out["server_id"] = node.facts->server_id;
  out["writable"] = node.writable();
  out["clock_ahead_ms"] = node.facts->clock_ahead.count();
  out["innodb_bytes"] = number_or_null(node.facts->innodb_bytes);
  return out;
}

json::array names_to_json(const Topology& topology, const std::vector<std::size_t>& nodes) {
  json::array out;
  for (const std::size_t each : nodes) out.emplace_back(topology.nodes[each].name);
  return out;
}

json::object spread_to_json(const Topology& topology, std::size_t from) {
  const Spread spread = spread_from(topology, from);
  json::array reached;
  for (const Spread::Copy& each : spread.reached) {
    reached.push_back(
        json::object{{"server", topology.nodes[each.node].name}, {"after_s", number_or_null(each.after_s)}});
  }
  return {{"at", topology.nodes[from].name},
          {"reached", std::move(reached)},
          {"stopped", names_to_json(topology, spread.stopped)},
          {"delayed", names_to_json(topology, spread.delayed)},
          {"guarded", names_to_json(topology, spread.guarded)}};
}

}  // namespace

std::string draw(const Topology& topology) {
  return Drawing(topology).text();
}

json::object topology_to_json(const Topology& topology) {
  json::array servers;
  json::array drops;
  for (std::size_t i = 0; i < topology.nodes.size(); ++i) {
    servers.push_back(node_to_json(topology.nodes[i]));
    if (topology.nodes[i].writable()) drops.push_back(spread_to_json(topology, i));
  }
  json::array links;
  for (const Link& each : topology.links) {
    links.push_back(json::object{{"from", topology.nodes[each.from].name},
                                 {"to", topology.nodes[each.to].name},
                                 {"channel", each.channel},
                                 {"running", each.running},
                                 {"behind_s", number_or_null(each.behind_s)},
                                 {"delay_s", each.delay_s}});
  }
  json::array rings;
  for (const auto& each : find_rings(topology)) rings.push_back(names_to_json(topology, each));
  return {{"servers", std::move(servers)},
          {"links", std::move(links)},
          {"rings", std::move(rings)},
          {"drops", std::move(drops)}};
}

}  // namespace lifeboat::rescue
