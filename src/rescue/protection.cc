#include "rescue/protection.h"

#include <algorithm>

#include "base/error.h"
#include "relay/source_connection.h"
#include "relay/status_file.h"
#include "rescue/cut_over.h"
#include "rescue/homecoming.h"
#include "server/branch_record.h"

namespace lifeboat::rescue {
namespace {

/// Relay and standby speak each second. Whose disk is full, or who hangs, says for ever that all is well.
constexpr std::chrono::seconds kSilentAfter{15};

void worsen(Protection& protection, ProtectionState state, std::string reason) {
  protection.state = std::max(protection.state, state);
  protection.reasons.push_back(std::move(reason));
}

std::string endpoint_of(const json::object& source) {
  return relay::SourceAddress::parse(json_string(source, "source")).endpoint.text();
}

/// Nothing if it stands behind what counts, and is well.
std::optional<std::string> trouble_of(const StandbyStatus& standby, const std::vector<std::string>& sources,
                                      SystemTime time) {
  if (!standby.process.alive()) return format("standby {} does not run", standby.name);
  if (time - standby.updated > kSilentAfter) {
    return format("standby {} has said nothing since {}", standby.name, format_time(standby.updated));
  }
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

void judge_relay(const json::object& relay, SystemTime time, Protection& protection) {
  const std::string updated = json_string(relay, "updated");
  if (time - parse_time(updated) > kSilentAfter) {
    worsen(protection, ProtectionState::kAtRisk, format("the relay has said nothing since {}", updated));
  }
  if (const std::string problem = json_string(relay.at("guard").as_object(), "problem"); !problem.empty()) {
    worsen(protection, ProtectionState::kAtRisk, format("the guard: {}", problem));
  }
}

/// Returns those that count: "host:port".
std::vector<std::string> judge_sources(const json::object& relay, Protection& protection) {
  std::vector<std::string> sources;
  for (const json::value& each : relay.at("sources").as_array()) {
    const json::object& source = each.as_object();
    if (relay::is_retired(source)) continue;
    sources.push_back(endpoint_of(source));
    for (const std::string& trouble : relay::troubles_of(source)) {
      worsen(protection, ProtectionState::kAtRisk, format("{}: {}", sources.back(), trouble));
    }
  }
  if (sources.empty()) worsen(protection, ProtectionState::kNotProtected, "the relay follows nothing that counts");
  return sources;
}

void judge_places(const std::vector<InPlace>& places, const std::vector<std::string>& sources, Protection& protection) {
  for (const InPlace& place : places) {
    if (std::ranges::find(sources, place.address) != sources.end()) continue;
    worsen(protection, ProtectionState::kNotProtected,
           format("the relay does not follow {}, branch {}, which production runs on since {}: {}", place.address,
                  place.branch, place.rescue, place.follow));
  }
}

/// One that is well behind each source, or behind another that has all of that.
void judge_standbys(const ProtectionView& view, const std::vector<std::string>& sources, Protection& protection) {
  std::vector<std::string> backed;
  std::vector<std::string> troubles;
  for (const StandbyStatus& standby : view.standbys) {
    if (auto trouble = trouble_of(standby, sources, view.time)) {
      troubles.push_back(std::move(*trouble));
    } else {
      backed.push_back(standby.source);
    }
  }
  std::vector<std::string> bare;
  for (const std::string& source : sources) {
    const bool has_one = std::ranges::find(backed, source) != backed.end() ||
                         std::ranges::any_of(backed, [&](const auto& each) { return view.has_all_of(each, source); });
    if (!has_one) bare.push_back(source);
  }
  if (bare.empty()) return;
  for (std::string& trouble : troubles) worsen(protection, ProtectionState::kAtRisk, std::move(trouble));
  if (view.standbys.empty()) {
    worsen(protection, ProtectionState::kAtRisk,
           "no standby stands behind the guard: what destroys is held before nobody");
  } else if (!backed.empty()) {
    worsen(protection, ProtectionState::kAtRisk, lifeboat::format("no standby is behind {}", fmt::join(bare, ", ")));
  }
}

std::optional<std::string> switch_left(const RescueRecord& record, const std::string& command, bool finish) {
  const json::object& state = finish ? record.finish : record.cut_over;
  const bool opening = finish && finish_state(record) == FinishState::kOpening;
  const bool begun = finish ? finish_state(record) == FinishState::kBegun && !replaced_by_another(record)
                            : cut_over_state(record) == CutOverState::kBegun;
  if (!opening && !(begun && (state.contains("haproxy") || state.contains("fenced")))) return std::nullopt;
  if (FileLock::held(record.directory / "lock"))
    return format("`{}` is at work: production is shut meanwhile", command);
  return format("`{}` was left in the middle of the switch, and production may be shut: give the same command again",
                command);
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

Protection judge_protection(const ProtectionView& view) {
  Protection protection;
  for (const std::string& left : view.switches) worsen(protection, ProtectionState::kAtRisk, left);
  if (!view.relay || !view.running) {
    worsen(protection, ProtectionState::kNotProtected, "no relay runs: nobody keeps what is committed");
    return protection;
  }
  judge_relay(*view.relay, view.time, protection);
  const std::vector<std::string> sources = judge_sources(*view.relay, protection);
  judge_places(view.places, sources, protection);
  judge_standbys(view, sources, protection);
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

std::vector<InPlace> rescues_in_place(const Path& state_root, const Path& relay_directory) {
  std::vector<InPlace> places;
  for (const RescueRecord& record : find_rescues(state_root)) {
    if (cut_over_state(record) != CutOverState::kSwitched || replaced_by_another(record)) continue;
    const FinishState finish = finish_state(record);
    if (finish == FinishState::kHome || finish == FinishState::kOpening) continue;
    if (!record.relay.empty() && !relay_directory.empty() && record.relay != relay_directory) continue;
    const auto branch = server::find_branch(state_root, record.branch());
    if (!branch || branch->state != server::BranchState::kRunning) continue;
    const std::string address = net::Endpoint{cut_over_address(record), branch->port}.text();
    places.push_back({.rescue = record.name,
                      .branch = branch->name,
                      .address = address,
                      .follow = record.relay.empty() ? format("lifeboat relay run --source mysql://USER@{} …", address)
                                                     : format("lifeboat rescue cut-over {}", record.name)});
  }
  return places;
}

std::vector<std::string> switches_left(const Path& state_root) {
  std::vector<std::string> left;
  const auto note = [&](std::optional<std::string> text) {
    if (text) left.push_back(std::move(*text));
  };
  for (const RescueRecord& record : find_rescues(state_root)) {
    note(switch_left(record, format("lifeboat rescue cut-over {}", record.name), false));
    note(switch_left(record, format("lifeboat rescue finish {}", record.name), true));
  }
  const Path moves = state_root / "moves";
  if (!std::filesystem::is_directory(moves)) return left;
  for (const std::string& name : list_directory(moves)) {
    if (const auto record = find_record(moves / name)) note(switch_left(*record, "lifeboat move", true));
  }
  return left;
}

}  // namespace lifeboat::rescue
