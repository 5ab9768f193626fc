#include "server/branch_record.h"

#include "base/error.h"
#include "volume/mount_table.h"

namespace lifeboat::server {
namespace {

constexpr std::string_view kFile = "branch.json";

json::object to_json(const BranchRecord& record) {
  json::object out{{"image", record.image},
                   {"server", to_json(record.server)},
                   {"has_keys", record.has_keys},
                   {"version", record.version},
                   {"binary", record.binary.string()},
                   {"socket", record.socket.string()},
                   {"port", record.port},
                   {"server_id", record.server_id},
                   {"pid", record.process.pid},
                   {"start_time", record.process.start_time},
                   {"starter_pid", record.starter.pid},
                   {"starter_start_time", record.starter.start_time},
                   {"started", unix_ms(record.started)}};
  if (record.first_query_seconds) out["first_query_seconds"] = *record.first_query_seconds;
  return out;
}

BranchRecord from_json(const json::object& object) {
  BranchRecord record;
  record.image = json_string(object, "image");
  const json::value* server = object.if_contains("server");
  if (server == nullptr || !server->is_object()) fail(Code::kCorruption, "branch.json: no description of the server");
  record.server = server_info_from_json(server->get_object());
  const json::value* keys = object.if_contains("has_keys");
  record.has_keys = keys != nullptr && keys->is_bool() && keys->get_bool();
  record.version = json_string(object, "version");
  record.binary = json_string(object, "binary");
  record.socket = json_string(object, "socket");
  record.port = static_cast<std::uint16_t>(json_integer(object, "port"));
  record.server_id = static_cast<std::uint32_t>(json_integer(object, "server_id"));
  record.process.pid = static_cast<pid_t>(json_integer(object, "pid"));
  record.process.start_time = static_cast<std::uint64_t>(json_integer(object, "start_time"));
  if (object.contains("starter_pid")) {
    record.starter.pid = static_cast<pid_t>(json_integer(object, "starter_pid"));
    record.starter.start_time = static_cast<std::uint64_t>(json_integer(object, "starter_start_time"));
  }
  record.started = from_unix_ms(json_integer(object, "started"));
  const json::value* seconds = object.if_contains("first_query_seconds");
  if (seconds != nullptr && seconds->is_number()) record.first_query_seconds = seconds->to_number<double>();
  return record;
}

BranchState find_state(const BranchRecord& record) {
  const bool server = record.process.alive();
  if (!server && record.starter.alive()) return BranchState::kStarting;
  if (!record.volume || record.volume->state == volume::VolumeState::kNotMounted) {
    return server ? BranchState::kVolumeDead : BranchState::kStopped;
  }
  if (record.volume->state == volume::VolumeState::kDead) return BranchState::kVolumeDead;
  return server ? BranchState::kRunning : BranchState::kServerDead;
}

}  // namespace

std::string_view branch_state_name(BranchState state) {
  switch (state) {
    case BranchState::kStopped:
      return "stopped";
    case BranchState::kRunning:
      return "running";
    case BranchState::kServerDead:
      return "server dead";
    case BranchState::kStarting:
      return "starting";
    case BranchState::kVolumeDead:
      return "volume dead";
  }
  return "unknown";
}

Path branches_directory(const Path& state_root) {
  return state_root / "branches";
}

std::optional<BranchRecord> find_branch(const Path& state_root, std::string_view name) {
  volume::check_volume_name(name);
  const Path directory = branches_directory(state_root) / name;
  const auto content = find_and_read_file(directory / kFile, std::size_t{16} << 20U);
  if (!content) return std::nullopt;
  BranchRecord record = from_json(parse_json_object(as_text(*content), (directory / kFile).string()));
  record.name = name;
  record.directory = directory;
  record.volume = volume::find_volume(state_root, name);
  record.state = find_state(record);
  return record;
}

std::vector<BranchRecord> find_branches(const Path& state_root) {
  std::vector<BranchRecord> out;
  if (!std::filesystem::is_directory(branches_directory(state_root))) return out;
  for (const std::string& name : list_directory(branches_directory(state_root))) {
    if (name.starts_with('.')) continue;  // being removed
    if (auto record = find_branch(state_root, name)) out.push_back(std::move(*record));
  }
  return out;
}

BranchRecord open_branch(const Path& state_root, std::string_view name) {
  if (auto record = find_branch(state_root, name)) return std::move(*record);
  std::string known;
  for (const BranchRecord& record : find_branches(state_root)) known += (known.empty() ? "" : ", ") + record.name;
  fail(Code::kNotFound, format("branch {} does not exist", name),
       known.empty() ? "There are no branches here; start one with: lifeboat branch start latest"
                     : format("There are: {}.", known));
}

void save_branch(const BranchRecord& record) {
  write_file_durably(record.directory / kFile, as_bytes(json::serialize(to_json(record))));
}

void check_mountpoint(const BranchRecord& record, const Path& mountpoint) {
  if (volume::mount_path(mountpoint) == volume::mount_path(record.data_directory())) return;
  fail(Code::kBusy,
       format("volume {} is branch {}'s, which has it nowhere but at {}", record.name, record.name,
              record.data_directory().string()),
       format("Start the branch with: lifeboat branch start --name {}. If its volume is mounted elsewhere, unmount it "
              "first: lifeboat volume umount {}",
              record.name, record.name));
}

}  // namespace lifeboat::server
