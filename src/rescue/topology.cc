#include "rescue/topology.h"

#include <algorithm>
#include <deque>
#include <map>
#include <set>

namespace lifeboat::rescue {
namespace {

/// An address as `teller` wrote it, as we reach it: its own loopback is not ours.
net::Endpoint seen_from_here(net::Endpoint address, const Node& teller) {
  if (address.is_loopback()) address.host = teller.addresses.front().host;
  return address;
}

/// By whatever address it is met, the same server says the same.
std::string identity_of(const ServerFacts& facts, const net::Endpoint& address) {
  if (facts.relay) return format("relay of {} on port {}", facts.server_id, address.port);
  return format("{} {} {} {}", facts.variable("hostname"), facts.variable("port"), facts.variable("datadir"),
                facts.server_id);
}

class Discovery {
 public:
  Discovery(const Connect& connect, const DiscoverOptions& options) : connect_(connect), options_(options) {}

  Topology run() {
    out_.taken = options_.clock();
    for (const net::Endpoint& each : options_.starts) queue_.push_back(each);
    do {
      while (!queue_.empty()) {
        const net::Endpoint next = queue_.front();
        queue_.pop_front();
        visit(next);
      }
    } while (find_one_reader() || take_up_others());
    link_all();
    return std::move(out_);
  }

 private:
  void visit(const net::Endpoint& address) {
    if (out_.find(address)) return;
    try {
      take(address, ask_server(connect_(address), options_.clock));
    } catch (const Exception& e) {
      if (e.code() == Code::kCancelled) throw;
      if (!room()) return;
      out_.nodes.push_back({.name = address.text(), .addresses = {address}, .facts = {}, .problem = e.error()});
    }
  }

  bool room() {
    if (out_.nodes.size() < options_.servers_max) return true;
    out_.cut_short = true;
    return false;
  }

  /// A node more, or an address more of one; and who is to be visited next.
  void take(const net::Endpoint& address, ServerFacts facts) {
    const std::string identity = identity_of(facts, address);
    if (const auto known = identities_.find(identity); known != identities_.end()) {
      out_.nodes[known->second].addresses.push_back(address);
      return;
    }
    if (!room()) return;
    const std::size_t index = out_.nodes.size();
    identities_.emplace(identity, index);
    const bool relay = facts.relay;
    out_.nodes.push_back({.name = address.text(),
                          .addresses = {address},
                          .relay = relay,
                          .guarded = relay,  // its rules are its own; who knows them may say otherwise
                          .facts = std::move(facts),
                          .problem = {}});
    const Node& node = out_.nodes[index];
    for (const ReplicationChannel& each : node.facts->channels) {
      if (!each.source.host.empty()) queue_.push_back(seen_from_here(each.source, node));
    }
    for (const RegisteredReplica& each : node.facts->replicas) {
      if (!each.host.empty() && each.port != 0) {
        queue_.push_back(seen_from_here({each.host, each.port}, node));
      } else {
        readers_.push_back({.at = index, .replica = each, .hosts = {}});
      }
    }
  }

  bool is_met(std::uint32_t server_id) const {
    return std::ranges::any_of(out_.nodes,
                               [&](const Node& node) { return node.asked() && node.facts->server_id == server_id; });
  }

  /// A replica that did not register where it is: tried at each host that reads the log. Whether anybody was met, who
  /// may know others.
  bool find_one_reader() {
    while (!readers_.empty()) {
      UnknownReader reader = readers_.front();
      readers_.pop_front();
      if (is_met(reader.replica.server_id)) continue;
      if (reader.replica.port != 0 && knock_at_readers(reader)) return true;
      reader.hosts = out_.nodes[reader.at].facts->readers;
      out_.unknown.push_back(std::move(reader));
    }
    return false;
  }

  /// Whether any of those named otherwise is to be visited.
  bool take_up_others() {
    for (const RegisteredReplica& each : std::exchange(others_, {})) {
      if (each.port != 0 && !is_met(each.server_id)) queue_.push_back({each.host, each.port});
    }
    return !queue_.empty();
  }

  /// Whether it was found, be it that it lets nobody in.
  bool knock_at_readers(const UnknownReader& reader) {
    const std::vector<std::string> hosts = out_.nodes[reader.at].facts->readers;
    for (const std::string& host : hosts) {
      const net::Endpoint address = seen_from_here({host, reader.replica.port}, out_.nodes[reader.at]);
      if (out_.find(address)) continue;
      try {
        ServerFacts facts = ask_server(connect_(address), options_.clock);
        if (facts.server_id != reader.replica.server_id || facts.relay) continue;
        take(address, std::move(facts));
        return true;
      } catch (const Exception& e) {
        if (e.code() == Code::kCancelled) throw;
        if (e.code() != Code::kDenied || !room()) continue;  // a guess that was wrong
        out_.links.push_back(link_of_reader(reader.at, out_.nodes.size()));
        out_.nodes.push_back({.name = address.text(), .addresses = {address}, .facts = {}, .problem = e.error()});
        return true;
      }
    }
    return false;
  }

  static Link link_of_reader(std::size_t from, std::size_t to) {
    return {.from = from, .to = to, .channel = {}, .running = true, .behind_s = {}, .delay_s = 0};
  }

  void link_all() {
    for (std::size_t i = 0; i < out_.nodes.size(); ++i) {
      const Node& node = out_.nodes[i];
      if (!node.facts) continue;
      for (const ReplicationChannel& each : node.facts->channels) {
        const auto from = out_.find(seen_from_here(each.source, node));
        if (!from) continue;
        out_.links.push_back({.from = *from,
                              .to = i,
                              .channel = each.name,
                              .running = each.running(),
                              .behind_s = each.behind_s,
                              .delay_s = each.delay_s});
      }
      if (node.relay) link_relay(i);
      link_registered(i);
    }
  }

  /// What registered here and cannot be asked itself replicates from here all the same.
  void link_registered(std::size_t source) {
    for (const RegisteredReplica& each : out_.nodes[source].facts->replicas) {
      const auto to = out_.find(seen_from_here({each.host, each.port}, out_.nodes[source]));
      if (!to || out_.nodes[*to].facts || out_.linked(source, *to)) continue;
      out_.links.push_back(link_of_reader(source, *to));
    }
  }

  /// A relay gives itself out as its source.
  void link_relay(std::size_t relay) {
    for (std::size_t i = 0; i < out_.nodes.size(); ++i) {
      if (out_.nodes[i].asked() && out_.nodes[i].facts->server_id == out_.nodes[relay].facts->server_id) {
        out_.links.push_back(link_of_reader(i, relay));
      }
    }
  }

  const Connect& connect_;
  const DiscoverOptions& options_;
  Topology out_;
  std::deque<net::Endpoint> queue_;
  std::deque<UnknownReader> readers_;
  std::map<std::string, std::size_t> identities_;
  std::vector<RegisteredReplica> others_{options_.also};
};

}  // namespace

std::optional<std::size_t> Topology::find(const net::Endpoint& address) const {
  for (std::size_t i = 0; i < nodes.size(); ++i) {
    if (std::ranges::find(nodes[i].addresses, address) != nodes[i].addresses.end()) return i;
  }
  return std::nullopt;
}

bool Topology::linked(std::size_t from, std::size_t to) const {
  return std::ranges::any_of(links, [&](const Link& each) { return each.from == from && each.to == to; });
}

Topology discover(const Connect& connect, const DiscoverOptions& options) {
  return Discovery(connect, options).run();
}

}  // namespace lifeboat::rescue
