#include "rescue/home_server.h"

#include <sys/un.h>

#include "base/cancel.h"
#include "base/error.h"
#include "base/random.h"
#include "server/inspect.h"
#include "server/instance.h"
#include "server/options.h"
#include "server/server_binary.h"
#include "vault/export.h"
#include "vault/image_reader.h"
#include "vault/session.h"

namespace lifeboat::rescue {
namespace {

constexpr std::chrono::seconds kHomeBootPatience{600};
/// In a directory that an export works in; holds whose.
constexpr std::string_view kMark = "unfinished-lifeboat-home";

[[noreturn]] void fail_not_empty(const Path& directory) {
  fail(Code::kRefused, format("{} is not an empty directory", directory.string()),
       "Name one that is empty or does not exist yet.");
}

/// The directory is ours from before the first file on. Only what a run that was killed left beside its own mark goes.
void claim(const Path& directory, const std::string& name) {
  const Path mark = directory / kMark;
  make_directories(directory);
  const auto claimed = find_and_read_file(mark);
  const bool ours = claimed && as_text(*claimed) == name;
  for (const std::string& each : list_directory(directory)) {
    const bool of_ours = each.starts_with(kMark) || each == vault::kUnfinishedExport;
    if (!ours && !of_ours) fail_not_empty(directory);
    if (!ours || each != kMark) std::filesystem::remove_all(directory / each);
  }
  if (!ours) write_file_durably(mark, as_bytes(name));
}

void release_claim(const Path& directory) {
  std::error_code ignored;  // it does no harm in a data directory
  std::filesystem::remove(directory / kMark, ignored);
}

std::string option_file_text(const RescueRecord& record, const RescueMeans& means) {
  const HomeServer home = home_server(record);
  const auto vault = means.branch.open_vault();
  const vault::ImageInfo image = vault::ImageReader(*vault, json_string(record.finish, "image")).info();
  return home_option_file(server::inspect_for_boot(home.directory, server::server_info_from_json(image.server)),
                          {.data_directory = home.directory,
                           .socket = home.socket,
                           .address = home.address,
                           .port = home.port,
                           .server_id = static_cast<std::uint32_t>(json_integer(record.finish, "server_id")),
                           .buffer_pool_bytes = server::choose_buffer_pool(image.bytes, server::available_memory())});
}

}  // namespace

HomeServer home_server(const RescueRecord& record) {
  const json::object& finish = record.finish;
  HomeServer home{.directory = json_string(finish, "directory"),
                  .socket = json_string(finish, "socket"),
                  .address = json_string(finish, "address"),
                  .port = static_cast<std::uint16_t>(json_integer(finish, "port")),
                  .process = {}};
  if (finish.contains("pid")) {
    home.process = {.pid = static_cast<pid_t>(json_integer(finish, "pid")),
                    .start_time = static_cast<std::uint64_t>(json_integer(finish, "start_time"))};
  }
  return home;
}

void check_empty(const Path& directory) {
  if (!std::filesystem::exists(directory)) return;
  if (std::filesystem::is_directory(directory) && list_directory(directory).empty()) return;
  fail_not_empty(directory);
}

Path choose_home_socket(const Path& directory) {
  Path socket = directory / "mariadbd.sock";
  if (socket.string().size() < sizeof(sockaddr_un{}.sun_path)) return socket;
  return std::filesystem::temp_directory_path() / format("lifeboat-home-{}.sock", random_hex(6));
}

void export_home(RescueRecord& record, const RescueMeans& means) {
  const HomeServer home = home_server(record);
  claim(home.directory, record.name);
  try {
    const auto vault = means.branch.open_vault();
    const vault::ReadSession in_use(*vault, json_string(record.finish, "image"));
    vault::ImageReader image(*vault, json_string(record.finish, "image"));
    Progress progress(means.progress, "export", 0);
    export_image(image, {.directory = home.directory, .progress = &progress, .mark = kMark});
    const std::string options = option_file_text(record, means);
    write_file_durably(home.option_file(), as_bytes(options), 0644);  // an earlier home's may be there
  } catch (...) {
    release_claim(home.directory);
    throw;
  }
  record.finish["exported"] = format_time(now());
  save_rescue(record);
}

std::unique_ptr<StandbyServer> launch_home(RescueRecord& record, const RescueMeans& means, bool open) {
  const HomeServer home = home_server(record);
  release_claim(home.directory);
  if (!home.process.alive()) {
    const server::ServerBinary binary = server::find_server_binary(means.branch.binary);
    server::StartRequest request{
        .argv = {binary.path.string(), format("--defaults-file={}", home.option_file().string()), "--skip-slave-start"},
        .socket = home.socket,
        .error_log = home.directory / "error.log",
        .logins = means.branch.logins,
        .patience = kHomeBootPatience,
        .cancelled = &stop_requested(),
        .before_run = [&record](const ProcessIdentity& process) {
          record.finish["pid"] = process.pid;
          record.finish["start_time"] = process.start_time;
          save_rescue(record);
        }};
    if (!open) request.argv.emplace_back("--read-only=ON");
    start_server(request);
  }
  return std::make_unique<StandbyServer>(home.socket, means.branch.logins, kHomeBootPatience);
}

void place_home(RescueRecord& record, StandbyServer& home) {
  if (record.finish.contains("placed")) return;
  home.stop_following();
  home.connection().query("RESET SLAVE ALL");
  home.begin_at(binlog::GtidPosition::parse(json_string(record.finish, "gtid")));
  home.connection().query("SET SESSION sql_log_bin = 1");
  record.finish["placed"] = true;
  save_rescue(record);
}

}  // namespace lifeboat::rescue
