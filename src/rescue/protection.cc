#include "rescue/protection.h"

#include <algorithm>

#include "base/error.h"
#include "relay/source_connection.h"
#include "relay/status_file.h"
#include "server/branch_record.h"

namespace lifeboat::rescue {
namespace {

void worsen(Protection& protection, ProtectionState state, std::string reason) {
  protection.state = std::max(protection.state, state);
  protection.reasons.push_back(std::move(reason));
}

std::string endpoint_of(const json::object& source) {
  return relay::SourceAddress::parse(json_string(source, "source")).endpoint.text();
}

/// Nothing if it stands behind what counts, and is well.
std::optional<std::string> trouble_of(const StandbyStatus& standby, const std::vector<std::string>& sources) {
  if (!standby.process.alive()) return format("standby {} does not run", standby.name);
  if (std::ranges::find(sources, standby.source) == sources.end()) {
    return format("standby {} follows {}, which counts no more", standby.name, standby.source);
  }
  if (!is_well(standby)) {
    return format("standby {} is {}{}{}", standby.name, standby_state_name(standby.state),
                  standby.problem.empty() ? "" : ": ", standby.problem);
  }
  if (!standby.last_commit || standby.last_commit->last_proven.empty()) {
    return format("standby {} has no image yet that was proven", standby.name);
  }
  return std::nullopt;
}

}  // namespace

std::string_view protection_name(ProtectionState state) {
  switch (state) {
    case ProtectionState::kProtected:
      return "protected";
    case ProtectionState::kAtRisk:
      return "at risk";
    case ProtectionState::kNotProtected:
      break;
  }
  return "not protected";
}

Protection judge_protection(const std::optional<json::object>& relay, bool running,
                            const std::vector<StandbyStatus>& standbys) {
  Protection protection;
  if (!relay || !running) {
    worsen(protection, ProtectionState::kNotProtected, "no relay runs: nobody keeps what is committed");
    return protection;
  }
  std::vector<std::string> sources;
  for (const json::value& each : relay->at("sources").as_array()) {
    const json::object& source = each.as_object();
    if (relay::is_retired(source)) continue;
    sources.push_back(endpoint_of(source));
    for (const std::string& trouble : relay::troubles_of(source)) {
      worsen(protection, ProtectionState::kAtRisk, format("{}: {}", sources.back(), trouble));
    }
  }
  if (sources.empty()) worsen(protection, ProtectionState::kNotProtected, "the relay follows nothing that counts");
  std::vector<std::string> troubles;
  for (const StandbyStatus& standby : standbys) {
    const auto trouble = trouble_of(standby, sources);
    if (!trouble) return protection;
    troubles.push_back(*trouble);
  }
  if (troubles.empty())
    troubles.emplace_back("no standby stands behind the guard: what destroys is held before nobody");
  for (std::string& trouble : troubles) worsen(protection, ProtectionState::kAtRisk, std::move(trouble));
  return protection;
}

std::vector<StandbyStatus> living_standbys(const Path& state_root) {
  std::vector<StandbyStatus> standbys;
  for (const server::BranchRecord& branch : server::find_branches(state_root)) {
    if (find_standby_taken(branch.directory)) continue;
    if (auto status = find_standby_status(branch.directory)) standbys.push_back(std::move(*status));
  }
  return standbys;
}

}  // namespace lifeboat::rescue
