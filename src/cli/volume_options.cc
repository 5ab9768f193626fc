#include "cli/volume_options.h"

#include "base/error.h"
#include "base/printable.h"
#include "server/branch_record.h"
#include "volume/control_client.h"

namespace lifeboat::cli {
namespace {

json::object from_record(const volume::VolumeRecord& record) {
  return {{"volume", record.name},
          {"state", volume::volume_state_name(record.state)},
          {"mountpoint", record.mountpoint.string()},
          {"image", record.image},
          {"space_max", record.space_max}};
}

/// What a clean unmount left behind; after a crash nothing is known until the next mount.
json::object as_left(const volume::VolumeRecord& record) {
  json::object out = from_record(record);
  if (record.state != volume::VolumeState::kNotMounted) return out;
  const std::optional<Bytes> content = find_and_read_file(volume::last_status_file(record.state_dir));
  if (!content) return out;
  const json::value last = parse_json(as_text(*content), volume::last_status_file(record.state_dir).string());
  if (!last.is_object()) return out;
  for (const std::string_view key : {"image", "bytes", "local_bytes", "dirty_bytes", "hydrated_bytes", "hydrated"}) {
    if (const json::value* value = last.get_object().if_contains(key)) out[key] = *value;
  }
  return out;
}

}  // namespace

void require_mounted(const volume::VolumeRecord& record) {
  if (record.state == volume::VolumeState::kMounted) return;
  const Path state_root = record.state_dir.parent_path().parent_path();
  const std::string again =
      server::find_branch(state_root, record.name)
          ? format("lifeboat branch start --name {}", record.name)
          : format("lifeboat volume mount {} {} --name {}", record.image.empty() ? "latest" : record.image,
                   record.mountpoint.string(), record.name);
  fail(Code::kUnavailable, format("volume {} is not mounted ({})", record.name, volume_state_name(record.state)),
       format("Mount it again with: {}", again));
}

json::object volume_to_json(const volume::VolumeRecord& record) {
  if (record.state == volume::VolumeState::kMounted) {
    try {
      return volume::control_call(record.state_dir, "status", {}, std::chrono::seconds(10));
    } catch (const Exception& e) {
      json::object out = from_record(record);
      if (e.code() == Code::kUnavailable) {  // it does not listen yet
        out["state"] = "mounting";
        return out;
      }
      out["problem"] = e.error().text();
      return out;
    }
  }
  return as_left(record);
}

std::string hydrated_text(const json::object& status) {
  const json::value* hydrated = status.if_contains("hydrated");
  if (hydrated == nullptr || !hydrated->is_bool()) return "not known";
  if (hydrated->get_bool()) return "100 %";
  const std::int64_t total = json_integer(status, "bytes");
  const std::int64_t done = json_integer(status, "hydrated_bytes");
  // Never 100 before it is complete.
  return format("{} %", total == 0 ? 0 : std::min<std::int64_t>(99, done * 100 / total));
}

std::string size_text(const json::object& status, std::string_view key) {
  return status.contains(key) ? format_size(static_cast<std::uint64_t>(json_integer(status, key))) : "not known";
}

}  // namespace lifeboat::cli
