#include "rescue/standby_status.h"

#include <array>
#include <utility>

#include "base/error.h"
#include "base/json_file.h"

namespace lifeboat::rescue {
namespace {

constexpr std::string_view kStatusName = "standby.json";
constexpr std::string_view kCommitName = "standby-commit.json";
constexpr std::string_view kOriginName = "standby-origin.json";
constexpr std::string_view kTakenName = "standby-taken.json";
constexpr std::string_view kNextName = "standby-next.json";

constexpr std::array kStateNames = {
    std::pair{StandbyState::kStarting, std::string_view("starting")},
    std::pair{StandbyState::kFollowing, std::string_view("following")},
    std::pair{StandbyState::kHeld, std::string_view("held")},
    std::pair{StandbyState::kDisconnected, std::string_view("disconnected")},
    std::pair{StandbyState::kStopped, std::string_view("stopped")},
    std::pair{StandbyState::kDown, std::string_view("down")},
};

StandbyState state_named(std::string_view name) {
  for (const auto& [state, each] : kStateNames) {
    if (each == name) return state;
  }
  fail(Code::kCorruption, format("standby: state '{}' is not known", name));
}

const json::object* find_object_member(const json::object& object, std::string_view key) {
  const json::value* value = object.if_contains(key);
  return value != nullptr && value->is_object() ? &value->get_object() : nullptr;
}

json::object held_to_json(const HeldDanger& held) {
  return {{"id", held.id},
          {"class", held.danger_class},
          {"objects", held.objects},
          {"gtid", held.gtid},
          {"event_time", format_time(held.event_time)}};
}

HeldDanger held_from_json(const json::object& object) {
  return {.id = json_string(object, "id"),
          .danger_class = json_string(object, "class"),
          .objects = json_string(object, "objects"),
          .gtid = json_string(object, "gtid"),
          .event_time = parse_time(json_string(object, "event_time"))};
}

}  // namespace

std::string_view standby_state_name(StandbyState state) {
  for (const auto& [each, name] : kStateNames) {
    if (each == state) return name;
  }
  return "unknown";
}

json::object to_json(const StandbyCommit& commit) {
  return {{"image", commit.image},       {"gtid", commit.gtid.format()}, {"time", format_time(commit.time)},
          {"block_ms", commit.block_ms}, {"seconds", commit.seconds},    {"last_proven", commit.last_proven}};
}

StandbyCommit standby_commit_from_json(const json::object& object) {
  return {.image = json_string(object, "image"),
          .gtid = binlog::GtidPosition::parse(json_string(object, "gtid")),
          .time = parse_time(json_string(object, "time")),
          .block_ms = json_number(object, "block_ms"),
          .seconds = json_number(object, "seconds"),
          .last_proven = json_string(object, "last_proven")};
}

json::object to_json(const StandbyStatus& status, SystemTime time) {
  json::object out{{"pid", status.process.pid},
                   {"start_time", status.process.start_time},
                   {"updated", format_time(status.updated)},
                   {"standby", status.name},
                   {"state", standby_state_name(status.state)},
                   {"relay", status.relay},
                   {"source", status.source},
                   {"lag_seconds", nullptr},
                   {"gtid", status.gtid},
                   {"relay_gtid", status.relay_gtid},
                   {"last_commit", nullptr},
                   {"held", nullptr},
                   {"holds_known", status.holds_known},
                   {"committing", status.committing},
                   {"commit_every_ms", status.commit_every.count()},
                   {"delay_ms", status.delay.count()},
                   {"problem", status.problem},
                   {"hint", status.hint}};
  if (status.lag_seconds) out["lag_seconds"] = *status.lag_seconds;
  if (status.held) out["held"] = held_to_json(*status.held);
  if (status.last_commit) {
    json::object commit = to_json(*status.last_commit);
    commit["age_seconds"] = static_cast<double>(unix_ms(time) - unix_ms(status.last_commit->time)) / 1000;
    out["last_commit"] = std::move(commit);
  }
  return out;
}

StandbyStatus standby_status_from_json(const json::object& object) {
  StandbyStatus status;
  status.process = {.pid = static_cast<pid_t>(json_integer(object, "pid")),
                    .start_time = static_cast<std::uint64_t>(json_integer(object, "start_time"))};
  status.updated = parse_time(json_string(object, "updated"));
  status.name = json_string(object, "standby");
  status.state = state_named(json_string(object, "state"));
  status.relay = json_string(object, "relay");
  status.source = json_string(object, "source");
  if (const json::value* lag = object.if_contains("lag_seconds"); lag != nullptr && !lag->is_null()) {
    status.lag_seconds = json_number(object, "lag_seconds");
  }
  status.gtid = json_string(object, "gtid");
  status.relay_gtid = json_string(object, "relay_gtid");
  if (const auto* commit = find_object_member(object, "last_commit"))
    status.last_commit = standby_commit_from_json(*commit);
  if (const auto* held = find_object_member(object, "held")) status.held = held_from_json(*held);
  status.holds_known = json_flag(object, "holds_known");
  status.committing = json_flag(object, "committing");
  status.commit_every = std::chrono::milliseconds(json_integer(object, "commit_every_ms"));
  status.delay = std::chrono::milliseconds(json_integer(object, "delay_ms"));
  status.problem = json_string(object, "problem");
  status.hint = json_string(object, "hint");
  return status;
}

bool is_well(const StandbyStatus& status) {
  return status.process.alive() && status.state == StandbyState::kFollowing && status.problem.empty() && !status.held;
}

Path standby_status_file(const Path& branch_directory) {
  return branch_directory / kStatusName;
}

std::optional<StandbyStatus> find_standby_status(const Path& branch_directory) {
  const auto object = find_json_file(standby_status_file(branch_directory));
  if (!object) return std::nullopt;
  return standby_status_from_json(*object);
}

void save_standby_status(const Path& branch_directory, const StandbyStatus& status) {
  save_json_file(standby_status_file(branch_directory), to_json(status, status.updated));
}

std::optional<StandbyCommit> find_standby_commit(const Path& branch_directory) {
  const auto object = find_json_file(branch_directory / kCommitName);
  if (!object) return std::nullopt;
  return standby_commit_from_json(*object);
}

void save_standby_commit(const Path& branch_directory, const StandbyCommit& commit) {
  save_json_file(branch_directory / kCommitName, to_json(commit));
}

std::optional<StandbyOrigin> find_standby_origin(const Path& branch_directory) {
  const auto object = find_json_file(branch_directory / kOriginName);
  if (!object) return std::nullopt;
  return StandbyOrigin{.gtid = json_string(*object, "gtid"), .source = json_string(*object, "source")};
}

void save_standby_origin(const Path& branch_directory, const StandbyOrigin& origin) {
  save_json_file(branch_directory / kOriginName, {{"gtid", origin.gtid}, {"source", origin.source}});
}

std::optional<StandbyTaken> find_standby_taken(const Path& branch_directory) {
  const auto object = find_json_file(branch_directory / kTakenName);
  if (!object) return std::nullopt;
  return StandbyTaken{.rescue = json_string(*object, "rescue"), .time = parse_time(json_string(*object, "time"))};
}

void save_standby_taken(const Path& branch_directory, const StandbyTaken& taken) {
  save_json_file(branch_directory / kTakenName, {{"rescue", taken.rescue}, {"time", format_time(taken.time)}});
}

std::string find_next_standby(const Path& branch_directory) {
  const auto object = find_json_file(branch_directory / kNextName);
  return object ? json_string(*object, "standby") : "";
}

void save_next_standby(const Path& branch_directory, const std::string& name) {
  save_json_file(branch_directory / kNextName, {{"standby", name}});
}

void remove_standby_taken(const Path& branch_directory) {
  std::filesystem::remove(branch_directory / kTakenName);
  sync_directory(branch_directory);
}

void check_not_taken(const Path& branch_directory) {
  const auto taken = find_standby_taken(branch_directory);
  if (!taken) return;
  const std::string name = branch_directory.filename().string();
  fail(Code::kRefused,
       format("{} is no standby any more: rescue {} promoted it at {}", name, taken->rescue, format_time(taken->time)),
       "See: lifeboat rescue ls. Make another standby from the newest image: lifeboat standby run --name OTHER --image "
       "latest");
}

}  // namespace lifeboat::rescue
