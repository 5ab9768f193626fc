#include "rescue/check.h"

#include <algorithm>

#include "base/format.h"

namespace lifeboat::rescue {

std::vector<Finding> check_cluster(const CheckFacts& facts) {
  Findings out;
  check_reach(facts, out);
  check_replication(facts, out);
  check_logging(facts, out);
  check_contents(facts, out);
  check_keeping(facts, out);
  check_rescue_host(facts, out);
  return out.sorted();
}

bool replicates(const Node& node) {
  return node.asked() && !node.facts->channels.empty();
}

bool is_source(const Topology& topology, std::size_t node) {
  return std::ranges::any_of(topology.links, [&](const Link& each) { return each.from == node; });
}

bool is_followed(const Topology& topology, std::size_t node) {
  return std::ranges::any_of(topology.links, [&](const Link& each) {
    return each.from == node && each.running && topology.nodes[each.to].relay;
  });
}

std::string some_of(const std::vector<std::string>& names, std::size_t shown_max) {
  const std::vector<std::string> shown(names.begin(),
                                       names.begin() + static_cast<std::ptrdiff_t>(std::min(shown_max, names.size())));
  std::string text = lifeboat::format("{}", fmt::join(shown, ", "));
  if (names.size() > shown.size()) text += format(" and {} more", names.size() - shown.size());
  return text;
}

}  // namespace lifeboat::rescue
