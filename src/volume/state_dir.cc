#include "volume/state_dir.h"

#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <limits>

#include "base/error.h"
#include "base/json.h"

namespace lifeboat::volume {
namespace {

constexpr std::size_t kNameMax = 64;
constexpr std::size_t kRecordBytesMax = std::size_t{64} << 10U;

bool legal_in_name(char c) {
  return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '.' || c == '_' || c == '-';
}

Path record_file(const Path& state_dir) {
  return state_dir / "volume.json";
}

json::object parse_object(ByteView content, std::string_view what) {
  json::value value = parse_json(as_text(content), what);
  if (!value.is_object()) fail(Code::kCorruption, format("{}: not a JSON object", what));
  return std::move(value.get_object());
}

ProcessIdentity read_process(const Path& state_dir) {
  const std::optional<Bytes> content = find_and_read_file(process_file(state_dir), kRecordBytesMax);
  if (!content) return {};
  return decode_process(*content, process_file(state_dir).string());
}

VolumeState state_of(const ProcessIdentity& process) {
  if (process.pid == 0) return VolumeState::kNotMounted;
  return process.alive() ? VolumeState::kMounted : VolumeState::kDead;
}

std::string names_of(const std::vector<VolumeRecord>& volumes) {
  std::string text;
  for (const VolumeRecord& each : volumes) text += (text.empty() ? "" : ", ") + each.name;
  return text;
}

}  // namespace

std::string_view volume_state_name(VolumeState state) {
  switch (state) {
    case VolumeState::kMounted:
      return "mounted";
    case VolumeState::kDead:
      return "dead";
    case VolumeState::kNotMounted:
      break;
  }
  return "not mounted";
}

Path default_state_root() {
  if (const char* set = std::getenv("LIFEBOAT_STATE"); set != nullptr && *set != '\0') return set;
  if (::geteuid() == 0) return "/var/lib/lifeboat";
  const char* home = std::getenv("HOME");
  if (home == nullptr || *home == '\0') {
    fail(Code::kUsage, "no directory for local state", "Pass --state DIR or set LIFEBOAT_STATE.");
  }
  return Path(home) / ".local/state/lifeboat";
}

Path volume_directory(const Path& state_root, std::string_view name) {
  return state_root / "volumes" / name;
}

void check_volume_name(std::string_view name) {
  if (!name.empty() && name.size() <= kNameMax && name.front() != '.' && name.front() != '-' &&
      std::ranges::all_of(name, legal_in_name)) {
    return;
  }
  fail(Code::kUsage, format("volume name \"{}\": not allowed", name),
       "Use up to 64 letters, digits, dots, dashes and underscores; the first is no dot and no dash.");
}

std::string volume_name_for(const Path& mountpoint) {
  const Path path = mountpoint.has_filename() ? mountpoint : mountpoint.parent_path();
  std::string name = path.filename().string().substr(0, kNameMax);
  std::ranges::replace_if(name, [](char c) { return !legal_in_name(c); }, '_');
  if (name.empty() || name.front() == '.' || name.front() == '-') name.insert(0, "v");
  return name.substr(0, kNameMax);
}

VolumeRecord decode_volume_record(ByteView content, std::string_view what) {
  const json::object object = parse_object(content, what);
  VolumeRecord record;
  record.mountpoint = json_string(object, "mountpoint");
  record.image = json_string(object, "image");
  record.space_max = static_cast<std::uint64_t>(json_integer(object, "space_max"));
  record.vault_url = json_string(object, "vault");
  record.passphrase_file = json_string(object, "passphrase_file");
  record.recovery_key_file = json_string(object, "recovery_key_file");
  if (object.contains("id")) record.id = json_string(object, "id");
  return record;
}

ProcessIdentity decode_process(ByteView content, std::string_view what) {
  const json::object object = parse_object(content, what);
  const std::int64_t pid = json_integer(object, "pid");
  if (pid < 0 || pid > std::numeric_limits<pid_t>::max()) {
    fail(Code::kCorruption, format("{}: not the number of a process", what));
  }
  return {.pid = static_cast<pid_t>(pid), .start_time = static_cast<std::uint64_t>(json_integer(object, "start_time"))};
}

std::optional<VolumeRecord> find_volume(const Path& state_root, std::string_view name) {
  check_volume_name(name);
  const Path directory = volume_directory(state_root, name);
  const std::optional<Bytes> content = find_and_read_file(record_file(directory), kRecordBytesMax);
  if (!content) return std::nullopt;
  VolumeRecord record = decode_volume_record(*content, record_file(directory).string());
  record.name = name;
  record.state_dir = directory;
  record.process = read_process(directory);
  record.state = state_of(record.process);
  return record;
}

std::vector<VolumeRecord> find_volumes(const Path& state_root) {
  std::vector<VolumeRecord> volumes;
  std::error_code error;
  if (!std::filesystem::is_directory(state_root / "volumes", error)) return volumes;
  for (const std::string& name : list_directory(state_root / "volumes")) {
    if (name.front() == '.') continue;
    if (std::optional<VolumeRecord> record = find_volume(state_root, name)) volumes.push_back(std::move(*record));
  }
  return volumes;
}

VolumeRecord open_volume_record(const Path& state_root, std::string_view name_or_mountpoint) {
  std::vector<VolumeRecord> volumes = find_volumes(state_root);
  if (name_or_mountpoint.empty()) {
    if (volumes.size() == 1) return volumes.front();
    if (volumes.empty()) {
      fail(Code::kNotFound, format("{}: no volume", state_root.string()),
           "Mount one with: lifeboat volume mount latest DIR");
    }
    fail(Code::kUsage, "which volume?", format("Name one of: {}", names_of(volumes)));
  }
  const Path path = std::filesystem::absolute(Path(name_or_mountpoint)).lexically_normal();
  for (VolumeRecord& each : volumes) {
    if (each.name == name_or_mountpoint || each.mountpoint == path || each.mountpoint / "" == path) {
      return std::move(each);
    }
  }
  fail(Code::kNotFound, format("volume {}: not found in {}", name_or_mountpoint, state_root.string()),
       volumes.empty() ? std::string("There is no volume yet; mount one with: lifeboat volume mount latest DIR")
                       : format("The volumes are: {}", names_of(volumes)));
}

void save_volume_record(const VolumeRecord& record) {
  const json::object object{{"id", record.id},
                            {"image", record.image},
                            {"mountpoint", record.mountpoint.string()},
                            {"space_max", record.space_max},
                            {"vault", record.vault_url},
                            {"passphrase_file", record.passphrase_file.string()},
                            {"recovery_key_file", record.recovery_key_file.string()}};
  write_file_durably(record_file(record.state_dir), as_bytes(json::serialize(object) + "\n"));
}

Path control_socket(const Path& state_dir) {
  return state_dir / "control";
}
Path log_file(const Path& state_dir) {
  return state_dir / "log";
}
Path process_file(const Path& state_dir) {
  return state_dir / "process.json";
}
Path last_status_file(const Path& state_dir) {
  return state_dir / "status.json";
}
Path engine_directory(const Path& state_dir) {
  return state_dir / "local";
}

}  // namespace lifeboat::volume
