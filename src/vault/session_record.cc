#include "vault/session_record.h"

#include <unistd.h>

#include <charconv>

#include "base/error.h"
#include "base/file.h"
#include "base/json.h"
#include "base/process.h"
#include "vault/format.h"

namespace lifeboat::vault {
namespace {

/// Empty where the kernel doesn't tell.
std::string machine_identity() {
  std::error_code error;
  const auto boot = find_and_read_file("/proc/sys/kernel/random/boot_id", 256);
  const Path pids = std::filesystem::read_symlink("/proc/self/ns/pid", error);
  if (!boot || error) return {};
  std::string_view id = as_text(*boot);
  return format("{}/{}", id.substr(0, id.find('\n')), pids.string());
}

SessionKind parse_kind(std::string_view text) {
  for (const SessionKind kind : {SessionKind::kWrite, SessionKind::kRead, SessionKind::kKeep, SessionKind::kPrune}) {
    if (session_kind_name(kind) == text) return kind;
  }
  fail(Code::kCorruption, format("session of unknown kind '{}'", text));
}

}  // namespace

std::string_view session_kind_name(SessionKind kind) {
  switch (kind) {
    case SessionKind::kWrite:
      return "write";
    case SessionKind::kRead:
      return "read";
    case SessionKind::kKeep:
      return "keep";
    case SessionKind::kPrune:
      return "prune";
  }
  return "?";
}

ProcessPlace ProcessPlace::ours() {
  const ProcessIdentity self = ProcessIdentity::of(::getpid());
  return {host_name(), machine_identity(), self.pid, self.start_time};
}

bool ProcessPlace::gone() const {
  if (machine.empty() || machine != machine_identity()) return false;
  return !ProcessIdentity{static_cast<pid_t>(pid), start}.alive();
}

std::string encode_session(const SessionRecord& record) {
  json::array knows;
  for (const Id& mark : record.info.knows) knows.emplace_back(id_text(mark));
  json::object object{{"kind", session_kind_name(record.info.kind)},
                      {"host", record.place.host},
                      {"pid", record.place.pid},
                      {"machine", record.place.machine},
                      {"process_start", record.place.start},
                      {"started", unix_ms(record.info.started)},
                      {"expires", record.info.ended ? 0 : unix_ms(record.info.expires)},
                      {"image", record.info.image},
                      {"knows", std::move(knows)}};
  if (record.info.kind == SessionKind::kKeep) object["holder"] = record.info.holder;
  return json::serialize(object);
}

SessionRecord decode_session(std::string_view payload) {
  const json::value value = parse_json(payload, "session");
  if (!value.is_object()) fail(Code::kCorruption, "session is not an object");
  const json::object& object = value.get_object();
  SessionRecord record;
  record.info.kind = parse_kind(json_string(object, "kind"));
  record.info.host = record.place.host = json_string(object, "host");
  record.info.pid = record.place.pid = json_integer(object, "pid");
  record.place.machine = json_string(object, "machine");
  record.place.start = static_cast<std::uint64_t>(json_integer(object, "process_start"));
  record.info.started = from_unix_ms(json_integer(object, "started"));
  record.info.expires = from_unix_ms(json_integer(object, "expires"));
  record.info.ended = unix_ms(record.info.expires) == 0;
  record.info.image = json_string(object, "image");
  if (record.info.kind == SessionKind::kKeep) record.info.holder = json_string(object, "holder");
  const json::value* knows = object.if_contains("knows");
  if (knows == nullptr || !knows->is_array()) fail(Code::kCorruption, "'knows' is not a list");
  for (const json::value& mark : knows->get_array()) {
    if (!mark.is_string()) fail(Code::kCorruption, "'knows' holds what is not a string");
    record.info.knows.insert(id_from_text(std::string_view(mark.get_string())));
  }
  return record;
}

std::string session_object_name(const Id& id, std::uint64_t number) {
  return format("{}{}-{}", kSessionsPrefix, id_text(id), number);
}

std::optional<SessionObject> parse_session_object_name(std::string_view name) {
  static constexpr std::size_t kIdDigits = 32;
  if (!name.starts_with(kSessionsPrefix)) return std::nullopt;
  name.remove_prefix(kSessionsPrefix.size());
  if (name.size() < kIdDigits + 2 || name[kIdDigits] != '-') return std::nullopt;
  SessionObject object;
  try {
    object.id = id_from_text(name.substr(0, kIdDigits));
  } catch (const Exception&) {
    return std::nullopt;
  }
  const auto [rest, error] = std::from_chars(name.data() + kIdDigits + 1, name.data() + name.size(), object.number);
  if (error != std::errc{} || rest != name.data() + name.size()) return std::nullopt;
  return object;
}

}  // namespace lifeboat::vault
