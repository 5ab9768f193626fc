#include "relay/source_log.h"

#include <algorithm>

#include "base/error.h"
#include "base/json.h"
#include "base/random.h"
#include "base/units.h"

namespace lifeboat::relay {
namespace {

constexpr std::string_view kServerIdFile = "server-id";

/// One that was killed may have made directories and not synced them.
Path prepared(Path directory) {
  make_directories(directory);
  sync_directory(directory.parent_path());
  sync_directory(directory);
  return directory;
}

constexpr std::string_view kNoteFile = "incarnation.json";
constexpr std::string_view kStreamIdFile = "stream-id";
constexpr std::size_t kNameMax = 255;

void write_note(const Path& incarnation, const std::string& why, const std::string& after_gtid) {
  const json::object note{{"why", why}, {"after_gtid", after_gtid}, {"begun", format_time(now())}};
  write_incarnation_note(incarnation, json::serialize(note) + "\n");
}

}  // namespace

bool is_incarnation_name(std::string_view name) {
  return name.size() == 6 && std::ranges::all_of(name, [](char c) { return c >= '0' && c <= '9'; });
}

bool is_source_name(std::string_view name) {
  return !name.empty() && name.size() <= kNameMax && name.front() != '.' &&
         std::ranges::all_of(name, [](char c) { return c > ' ' && c < 127 && c != '/'; });
}

std::string incarnation_note(const Path& incarnation) {
  const auto content = find_and_read_file(incarnation / kNoteFile);
  return content ? std::string(as_text(*content)) : "";
}

void write_incarnation_note(const Path& incarnation, std::string_view note) {
  write_file_durably(incarnation / kNoteFile, as_bytes(note));
}

vault::Id stream_id(const Path& incarnation) {
  const Path path = incarnation / kStreamIdFile;
  if (const auto kept = find_and_read_file(path)) {
    if (const auto id = vault::find_id(as_text(*kept))) return *id;
    fail(Code::kCorruption, format("{}: no stream id", path.string()),
         "Remove the file: the log is then sealed into the vault anew, under a new id.");
  }
  const vault::Id id = vault::random_id();
  write_stream_id(incarnation, id);
  return id;
}

void write_stream_id(const Path& incarnation, const vault::Id& id) {
  write_file_durably(incarnation / kStreamIdFile, as_bytes(vault::id_text(id)));
}

SourceLog::SourceLog(Path directory)
    : directory_(prepared(std::move(directory))),
      lock_(directory_ / "lock", format("the log in {}", directory_.string())) {}

std::uint32_t random_server_id() {
  return static_cast<std::uint32_t>(random_number()) | 1U << 31U;
}

/// Random, so that two relays of one source differ.
std::uint32_t SourceLog::server_id() {
  const Path path = directory_ / kServerIdFile;
  if (const auto kept = find_and_read_file(path)) {
    return static_cast<std::uint32_t>(std::stoul(std::string(as_text(*kept))));
  }
  const std::uint32_t id = random_server_id();
  write_file_durably(path, as_bytes(std::to_string(id)));
  return id;
}

std::shared_ptr<LogDirectory> SourceLog::open_newest() {
  const std::vector<Path> all = list_incarnations(directory_);
  return all.empty() ? begin("the first", "") : std::make_shared<LogDirectory>(all.back());
}

Path SourceLog::next_path() const {
  const std::vector<Path> all = list_incarnations(directory_);
  const unsigned long last = all.empty() ? 0 : std::stoul(all.back().filename().string());
  return directory_ / format("{:06}", last + 1);
}

std::shared_ptr<LogDirectory> SourceLog::begin(const std::string& why, const std::string& after_gtid) {
  const Path path = next_path();
  make_directories(path);
  write_note(path, why, after_gtid);
  sync_directory(directory_);
  return std::make_shared<LogDirectory>(path);
}

std::shared_ptr<LogDirectory> SourceLog::take(const Path& files, const std::string& why,
                                              const std::string& after_gtid) {
  const Path path = next_path();
  write_note(files, why, after_gtid);
  std::filesystem::rename(files, path);
  sync_directory(directory_);
  return std::make_shared<LogDirectory>(path);
}

std::vector<Path> list_incarnations(const Path& directory) {
  std::vector<Path> paths;
  for (const std::string& name : list_directory(directory)) {
    if (is_incarnation_name(name)) paths.push_back(directory / name);
  }
  return paths;
}

}  // namespace lifeboat::relay
