// Whether a rescue could take place on this host: mounts, a server that fits, room.

#include <algorithm>

#include "base/units.h"
#include "rescue/check.h"
#include "server/private_directory.h"

namespace lifeboat::rescue {
namespace {

constexpr std::string_view kHere = "this host";

/// As a branch is judged when it boots: older cannot read it, newer would upgrade it.
void check_server(const CheckFacts& facts, const Node& node, Findings& out) {
  const auto wanted = server::find_version(node.facts->version);
  const server::ServerBinary& ours = *facts.host.server;
  if (!wanted || (ours.flavour == server::Flavour::kMariaDb && wanted->series() == ours.version.series())) return;
  out.add(FindingId::kRescueServer,
          {std::string(kHere),
           format("{} is {}; {} runs {}", ours.path.string(), ours.version.text(), node.name, node.facts->version)},
          {{.where = "this host, package", .text = server::package_for(wanted->series())}});
}

void check_plugins(const CheckFacts& facts, const Node& node, Findings& out) {
  std::vector<std::string> missing;
  for (const std::string& each : node.facts->plugin_libraries) {
    const bool has = std::ranges::find(facts.host.plugins, each) != facts.host.plugins.end();
    if (server::plugin_allowed(each) && !has) missing.push_back(each);
  }
  if (missing.empty()) return;
  out.add(
      FindingId::kRescuePlugin,
      {std::string(kHere), format("{} uses {}; {} is not in {}", node.name, some_of(missing, 10),
                                  missing.size() == 1 ? "it" : "they", facts.host.server->plugin_directory.string())},
      {shell_here("apt-get install mariadb-server mariadb-plugin-…    # as on the server")});
}

void check_room(const CheckFacts& facts, const Node& node, Findings& out) {
  const auto bytes = node.facts->innodb_bytes;
  if (!bytes || *bytes <= facts.host.free_bytes) return;
  out.add(FindingId::kRescueRoom,
          {std::string(kHere), format("{} holds {} (InnoDB's files); {} are free in {}", node.name, format_size(*bytes),
                                      format_size(facts.host.free_bytes), facts.host.state_root.string())},
          {shell_here("export LIFEBOAT_STATE=DIRECTORY_ON_A_LARGER_DISK")});
}

}  // namespace

void check_rescue_host(const CheckFacts& facts, Findings& out) {
  if (!facts.host.fuse_problem.empty()) {
    out.add(FindingId::kFuseNotUsable, {std::string(kHere), facts.host.fuse_problem},
            {shell_here("modprobe fuse; apt-get install fuse3"),
             shell_here("lifeboat image export latest DIRECTORY    # the way without it")});
  }
  if (facts.host.server_problem) {
    out.add(FindingId::kRescueServer, {std::string(kHere), facts.host.server_problem->message},
            {shell_here("apt-get install mariadb-server-core")});
  }
  for (std::size_t i = 0; i < facts.topology.nodes.size(); ++i) {
    const Node& node = facts.topology.nodes[i];
    if (!node.asked() || !node.facts->mariadb || (replicates(node) && !is_source(facts.topology, i))) continue;
    if (facts.host.server) check_server(facts, node, out);
    if (facts.host.server) check_plugins(facts, node, out);
    check_room(facts, node, out);
  }
}

}  // namespace lifeboat::rescue
