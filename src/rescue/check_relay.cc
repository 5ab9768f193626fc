#include "rescue/check_relay.h"

#include <algorithm>

#include "base/json.h"
#include "relay/guard_rules.h"
#include "relay/source_connection.h"
#include "relay/status_file.h"

namespace lifeboat::rescue {
namespace {

/// By the rules in force, for whatever replica, database and hour.
bool would_hold_drop(const relay::GuardConfig& config) {
  relay::GroupFacts facts;
  facts.danger.effects.push_back({.danger = binlog::DangerClass::kDropDatabase,
                                  .objects = {{.database = "any database of yours", .name = ""}},
                                  .rows = 0,
                                  .why = {}});
  facts.danger.severity = binlog::severity_of(binlog::DangerClass::kDropDatabase);
  facts.danger.time_s = unix_ms(now()) / 1000;
  return relay::judge(facts, config, std::nullopt, nullptr).action == relay::GuardAction::kHold;
}

void judge_guard(const json::object& status, RelayFacts& relay) {
  relay.guard_config = json_string(status.at("guard").as_object(), "config");
  if (relay.guard_config.empty()) return;
  try {
    relay.holds_drops = would_hold_drop(relay::read_guard_config(relay.guard_config));
  } catch (const Exception& e) {
    relay.holds_drops = false;
    relay.guard_problem = e.what();
  }
}

RegisteredReplica read_replica(const json::object& object) {
  RegisteredReplica replica{.server_id = static_cast<std::uint32_t>(json_integer(object, "server_id")),
                            .host = json_string(object, "report_host"),
                            .port = static_cast<std::uint16_t>(json_integer(object, "report_port"))};
  if (replica.host.empty()) replica.host = net::Endpoint::parse(json_string(object, "peer")).host;
  return replica;
}

WatchedSource read_relayed(const json::object& object) {
  WatchedSource source{.source = relay::SourceAddress::parse(json_string(object, "source")).endpoint,
                       .state = json_string(object, "state"),
                       .problem = json_string(object, "problem"),
                       .listen = {},
                       .replicas = {}};
  if (object.contains("listen")) source.listen = net::Endpoint::parse(json_string(object, "listen"));
  if (const json::value* replicas = object.if_contains("replicas"); replicas != nullptr && replicas->is_array()) {
    for (const json::value& each : replicas->get_array()) {
      source.replicas.push_back(read_replica(each.as_object()));
    }
  }
  return source;
}

bool is_any_address(const std::string& host) {
  return host == "0.0.0.0" || host == "::";
}

bool is_served(const WatchedSource& source, const Node& node) {
  return std::ranges::any_of(source.replicas, [&](const RegisteredReplica& each) {
    if (node.asked()) return node.facts->server_id == each.server_id;
    return !node.relay && node.addresses.front() == net::Endpoint{each.host, each.port};
  });
}

/// The node that replicas connect to when they mean this relay: it was met as a relay, or could not be asked (its
/// accounts are its own).
std::optional<std::size_t> find_met(const Topology& topology, const WatchedSource& source) {
  for (std::size_t i = 0; i < topology.nodes.size(); ++i) {
    const Node& node = topology.nodes[i];
    const bool ours = std::ranges::any_of(
        node.addresses, [&](const net::Endpoint& each) { return source.listen && each.port == source.listen->port; });
    if (!ours || node.asked()) continue;
    const bool serves = std::ranges::any_of(
        topology.links, [&](const Link& each) { return each.from == i && is_served(source, topology.nodes[each.to]); });
    if (serves || node.relay || is_any_address(source.listen->host) || node.addresses.front() == *source.listen) {
      return i;
    }
  }
  return std::nullopt;
}

std::size_t place_one(Topology& topology, const WatchedSource& source, const std::string& here) {
  if (const auto met = find_met(topology, source)) return *met;
  net::Endpoint address = source.listen.value_or(net::Endpoint{.host = here, .port = 0});
  if (is_any_address(address.host)) address.host = here;
  topology.nodes.push_back(
      {.name = address.port == 0 ? address.host : address.text(), .addresses = {address}, .facts = {}, .problem = {}});
  return topology.nodes.size() - 1;
}

/// It registers at its source as a replica that is no server.
void forget_reader(Topology& topology, std::size_t source) {
  const auto found = std::ranges::find_if(
      topology.unknown, [&](const UnknownReader& each) { return each.at == source && each.replica.port == 0; });
  if (found != topology.unknown.end()) topology.unknown.erase(found);
}

void link_replicas(Topology& topology, std::size_t relay, const WatchedSource& source) {
  for (std::size_t i = 0; i < topology.nodes.size(); ++i) {
    const Node& node = topology.nodes[i];
    if (!is_served(source, node) || topology.linked(relay, i)) continue;
    topology.links.push_back({.from = relay, .to = i, .channel = {}, .running = true, .behind_s = {}, .delay_s = 0});
  }
}

}  // namespace

RelayFacts read_relay(const Path& directory) {
  const json::object status = relay::read_status(directory);
  RelayFacts relay;
  relay.directory = directory;
  relay.updated = json_string(status, "updated");
  relay.running = relay::is_running(status);
  for (const json::value& each : status.at("sources").as_array()) {
    if (!relay::is_retired(each.as_object())) relay.sources.push_back(read_relayed(each.as_object()));
  }
  judge_guard(status, relay);
  return relay;
}

std::vector<RegisteredReplica> replicas_behind(const RelayFacts& relay) {
  std::vector<RegisteredReplica> all;
  for (const WatchedSource& each : relay.sources) all.insert(all.end(), each.replicas.begin(), each.replicas.end());
  return all;
}

void place_relay(Topology& topology, const RelayFacts& relay, const std::string& here) {
  for (const WatchedSource& each : relay.sources) {
    const std::size_t at = place_one(topology, each, here);
    topology.nodes[at].relay = true;
    topology.nodes[at].guarded = relay.holds_drops;
    topology.nodes[at].problem.reset();
    link_replicas(topology, at, each);
    const auto source = topology.find(each.source);
    if (!source) continue;
    forget_reader(topology, *source);
    const bool running = relay.running && each.state == "following";
    const auto known =
        std::ranges::find_if(topology.links, [&](const Link& link) { return link.from == *source && link.to == at; });
    if (known != topology.links.end()) {
      known->running = running;
    } else {
      topology.links.push_back(
          {.from = *source, .to = at, .channel = {}, .running = running, .behind_s = {}, .delay_s = 0});
    }
  }
}

}  // namespace lifeboat::rescue
