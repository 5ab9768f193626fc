#include "rescue/homecoming.h"

#include <sys/un.h>

#include <algorithm>
#include <array>
#include <thread>

#include "base/cancel.h"
#include "base/error.h"
#include "base/log.h"
#include "base/random.h"
#include "rescue/cut_over.h"
#include "rescue/hand_over.h"
#include "rescue/history_identity.h"
#include "rescue/standby_begin.h"
#include "server/inspect.h"
#include "server/instance.h"
#include "server/options.h"
#include "server/server_binary.h"
#include "vault/export.h"
#include "vault/image_reader.h"
#include "vault/session.h"

namespace lifeboat::rescue {
namespace {

constexpr std::chrono::seconds kHomePatience{600};
constexpr std::chrono::milliseconds kHomeLookEvery{20};
/// Who has come so close within that time is no further behind than the switch waits.
constexpr std::chrono::milliseconds kCloseEnough{1000};
constexpr std::chrono::seconds kTellEvery{10};
// What MariaDB says to who may not replicate (access denied, host not allowed, privilege missing), or comes too late.
constexpr std::array<std::uint64_t, 3> kDenials{1045, 1130, 1227};
constexpr std::uint64_t kLogIsGone = 1236;
/// In a directory that an export works in; holds whose.
constexpr std::string_view kMark = "unfinished-lifeboat-home";

Path choose_socket(const Path& directory) {
  Path socket = directory / "mariadbd.sock";
  if (socket.string().size() < sizeof(sockaddr_un{}.sun_path)) return socket;
  return std::filesystem::temp_directory_path() / format("lifeboat-home-{}.sock", random_hex(6));
}

/// All that a server has: what it was brought to, and what it has logged.
binlog::GtidPosition position_of_all(StandbyServer& server) {
  return later_of(server.applied(), server.logged());
}

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

void check_empty(const Path& directory) {
  if (!std::filesystem::exists(directory)) return;
  if (std::filesystem::is_directory(directory) && list_directory(directory).empty()) return;
  fail_not_empty(directory);
}

}  // namespace

FinishState finish_state(const RescueRecord& record) {
  if (!record.finish.contains("state")) return FinishState::kNone;
  const std::string state = json_string(record.finish, "state");
  if (state == "home") return FinishState::kHome;
  return state == "opening" ? FinishState::kOpening : FinishState::kBegun;
}

void check_in_place(const RescueRecord& record) {
  if (cut_over_state(record) != CutOverState::kSwitched) {
    fail(Code::kRefused, format("rescue {} is not in place: production does not run on it", record.name),
         format("First: lifeboat rescue cut-over {}", record.name));
  }
  const FinishState state = finish_state(record);
  const bool given_way_to_home = state == FinishState::kOpening || state == FinishState::kHome;
  if (given_way_to_home || !replaced_by_another(record)) return;
  fail(Code::kRefused, format("rescue {} is not in place any more: another has taken over from it", record.name),
       "Finish the one that is: lifeboat rescue ls");
}

void check_not_home(const RescueRecord& record) {
  const FinishState state = finish_state(record);
  if (state != FinishState::kOpening && state != FinishState::kHome) return;
  fail(Code::kRefused,
       format("rescue {} is finished: production is at home, in {}", record.name,
              json_string(record.finish, "directory")),
       format("Its branch is not production any more: lifeboat branch stop {}", record.branch()));
}

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

Homecoming::Homecoming(RescueRecord& record, Origin& origin, const RescueMeans& means, const HomecomingOrder& order)
    : record_(record), origin_(origin), means_(means), order_(order) {}

void Homecoming::run() {
  check_order();
  const FinishState state = finish_state(record_);
  if (state == FinishState::kHome) return;  // what runs there is none of ours any more
  if (state == FinishState::kOpening) return run_phase(record_, "switch", [this] { go_on_opening(); });
  origin_.ensure();
  begin_anew();
  choose();
  if (!record_.finish.contains("image")) run_phase(record_, "commit", [this] { commit(); });
  if (!record_.finish.contains("exported")) run_phase(record_, "export", [this] { export_files(); });
  run_phase(record_, "start", [this] { start(); });
  run_phase(record_, "replicate", [this] { replicate(); });
  run_phase(record_, "switch", [this] { switch_over(); });
}

void Homecoming::check_order() const {
  order_.door.check();
  if (record_.finish.empty()) return check_empty(order_.directory);
  if (finish_state(record_) == FinishState::kHome) {
    if (!goes_elsewhere()) return;
    fail(Code::kExists, format("{} is at home, in {}", record_.name, said("directory")),
         "From there on: lifeboat move --source, with the server at home.");
  }
  if (record_.finish.contains("haproxy") && order_.door.haproxy_socket.empty()) {
    fail(Code::kUsage, "HAProxy keeps the application out: it is needed to let it in again",
         "Pass --haproxy-socket, --backend and --server as before.");
  }
  const HomeServer home = home_server(record_);
  if (goes_elsewhere() && finish_state(record_) == FinishState::kBegun) return check_empty(order_.directory);
  const bool same_port = order_.port == 0 || order_.port == home.port;
  if (!goes_elsewhere() && same_port && order_.door.address == home.address) return;
  fail(Code::kExists,
       format("{} comes home to {}, at {}:{}", record_.name, home.directory.string(), home.address, home.port),
       "Go on with that, by the same command; as long as production is where it was, another empty directory begins "
       "anew.");
}

bool Homecoming::goes_elsewhere() const {
  return said("directory") != order_.directory;
}

/// What lies in the directory that was named before stays there.
void Homecoming::begin_anew() {
  if (record_.finish.empty() || !goes_elsewhere()) return;
  if (record_.finish.contains("switching") && !give_back()) {
    fail(Code::kUnavailable,
         format("{} is not yet production again, which a run that was killed had fenced", said("origin")),
         "Give the same command again.");
  }
  stop_server(home_server(record_).process, kHomePatience);
  log::info("{} is given up: remove it when you like", said("directory"));
  record_.finish = {};
}

/// Once: where it will be is not to change in the middle.
void Homecoming::choose() {
  if (!record_.finish.empty()) return;
  record_.finish = {{"directory", order_.directory.string()},
                    {"socket", choose_socket(order_.directory).string()},
                    {"address", order_.door.address},
                    {"port", order_.port == 0 ? server::pick_free_port() : order_.port},
                    {"server_id", std::max<std::uint32_t>(static_cast<std::uint32_t>(random_number()), 2)}};
  save("begun");
}

void Homecoming::commit() {
  const Origin::Image made = origin_.image();
  const auto vault = means_.branch.open_vault();
  if (!vault::ImageReader(*vault, made.name).info().attachments.empty()) {
    fail(Code::kUnsupported, "the database is encrypted, and its keys lie in the vault alone",
         "Set up a server with the keys of production, and let it replicate from there.");
  }
  record_.finish["gtid"] = made.gtid.format();
  record_.finish["origin"] = origin_.address().text();
  record_.finish["image"] = made.name;
  save("begun");
}

/// An error lets go of the directory: what is there afterwards may be somebody's.
void Homecoming::export_files() {
  const HomeServer home = home_server(record_);
  claim(home.directory, record_.name);
  try {
    const auto vault = means_.branch.open_vault();
    const vault::ReadSession in_use(*vault, said("image"));
    vault::ImageReader image(*vault, said("image"));
    Progress progress(means_.progress, "export", 0);
    export_image(image, {.directory = home.directory, .progress = &progress, .mark = kMark});
    write_file_durably(home.option_file(), as_bytes(option_file_text(home)), 0644);  // an earlier home's may be there
  } catch (...) {
    release_claim(home.directory);
    throw;
  }
  record_.finish["exported"] = format_time(now());
  save("begun");
}

void Homecoming::start() {
  release_claim(home_server(record_).directory);
  launch(false);
  place();
}

/// It runs, and answers; `open`: it may take writes.
void Homecoming::launch(bool open) {
  const HomeServer home = home_server(record_);
  if (!home.process.alive()) {
    const server::ServerBinary binary = server::find_server_binary(means_.branch.binary);
    server::StartRequest request{
        .argv = {binary.path.string(), format("--defaults-file={}", home.option_file().string()), "--skip-slave-start"},
        .socket = home.socket,
        .error_log = home.directory / "error.log",
        .logins = means_.branch.logins,
        .patience = kHomePatience,
        .cancelled = &stop_requested(),
        .before_run = [this](const ProcessIdentity& process) {
          record_.finish["pid"] = process.pid;
          record_.finish["start_time"] = process.start_time;
          save(said("state"));
        }};
    if (!open) request.argv.emplace_back("--read-only=ON");
    start_server(request);
  }
  home_ = std::make_unique<StandbyServer>(home.socket, means_.branch.logins, kHomePatience);
}

std::string Homecoming::option_file_text(const HomeServer& home) const {
  const auto vault = means_.branch.open_vault();
  const vault::ImageInfo image = vault::ImageReader(*vault, said("image")).info();
  return home_option_file(server::inspect_for_boot(home.directory, server::server_info_from_json(image.server)),
                          {.data_directory = home.directory,
                           .socket = home.socket,
                           .address = home.address,
                           .port = home.port,
                           .server_id = static_cast<std::uint32_t>(json_integer(record_.finish, "server_id")),
                           .buffer_pool_bytes = server::choose_buffer_pool(image.bytes, server::available_memory())});
}

/// Once: what the image's server was a replica of, long ago, is forgotten.
void Homecoming::place() {
  if (record_.finish.contains("placed")) return;
  home_->stop_following();
  home_->connection().query("RESET SLAVE ALL");
  home_->begin_at(binlog::GtidPosition::parse(said("gtid")));
  home_->connection().query("SET SESSION sql_log_bin = 1");
  record_.finish["placed"] = true;
  save("begun");
}

void Homecoming::follow_origin() {
  home_->stop_following();
  home_->recover_position();
  home_->follow(origin_.replication_login());
}

void Homecoming::replicate() {
  follow_origin();
  const Stopwatch watch;
  for (double told = 0; !wait_for_origin(kCloseEnough);) {
    if (watch.seconds() - told < std::chrono::duration<double>(kTellEvery).count()) continue;
    told = watch.seconds();
    const std::string hindered = what_hinders();
    log::write(hindered.empty() ? log::Level::kInfo : log::Level::kWarn,
               format("{} comes after production: it is at {} of {}{}", order_.directory.string(),
                      home_->applied().format(), origin_.position().format(), hindered));
  }
}

void Homecoming::check_replicates() {
  const ReplicaState state = home_->state();
  if (!state.apply_error.empty()) {
    fail(Code::kRefused, format("the server in {} does not apply: {}", order_.directory.string(), state.apply_error),
         "Production stays where it is. Begin anew: the same command with another empty directory.");
  }
  if (std::ranges::find(kDenials, state.fetch_error_number) != kDenials.end()) {
    fail(Code::kDenied, format("{} lets nobody replicate: {}", said("origin"), state.fetch_error),
         "Production stays where it is. Grant REPLICATION SLAVE to the account, from this host, and give the same "
         "command again.");
  }
  if (state.fetch_error_number == kLogIsGone) {
    fail(Code::kRefused, format("{} no longer has what follows the image: {}", said("origin"), state.fetch_error),
         "Production stays where it is. Make a newer image, and begin anew: the same command with another empty "
         "directory.");
  }
}

/// Why nothing comes, as far as it says.
std::string Homecoming::what_hinders() {
  const std::string error = home_->state().fetch_error;
  return error.empty() ? "" : format(": {}", error);
}

/// Whether it comes within that time to where production is now.
bool Homecoming::wait_for_origin(std::chrono::milliseconds patience) {
  const auto deadline = std::chrono::steady_clock::now() + patience;
  const binlog::GtidPosition wanted = origin_.position();
  for (;;) {
    throw_if_cancelled();
    if (home_->applied().reached(wanted)) return true;
    check_replicates();
    if (std::chrono::steady_clock::now() > deadline) return false;
    std::this_thread::sleep_for(kHomeLookEvery);
  }
}

void Homecoming::switch_over() {
  try {
    fence();
  } catch (...) {
    give_back();
    throw;
  }
  open_home();
}

/// The lock on production went with who held it, and read_only may be gone as well: what was written there since comes
/// along, as long as nobody has written at home.
void Homecoming::go_on_opening() {
  launch(record_.finish.contains("opened"));
  if (origin_.still_answers()) {
    if (!record_.finish.contains("opened")) {
      follow_origin();
      fence();
    } else {
      fence_origin();
      const binlog::GtidPosition left = origin_.position();
      if (!home_->logged().reached(left)) {
        log::warn("{} has taken writes since, which stay behind: it is at {}", said("origin"), left.format());
      }
    }
  }
  open_home();
}

/// Nothing is written any more; and the new server has all.
void Homecoming::fence() {
  std::string hint = "Give the same command again.";
  if (finish_state(record_) == FinishState::kBegun) hint += " Production stays where it is.";
  if (!order_.door.haproxy_socket.empty() &&
      !record_.finish.contains("haproxy")) {  // once: after a kill it would be the state in the middle
    record_.finish["haproxy"] = order_.door.states();
  }
  record_.finish["switching"] = true;
  save(said("state"));  // in any case: whoever has no room for that has none for what comes
  order_.door.call_hook({"hold"}, hint);
  order_.door.take_out();
  fence_origin();
  if (!wait_for_origin(order_.patience)) {
    fail(Code::kTimeout,
         format("the server in {} has not caught up in time: it is at {} of {}{}", order_.directory.string(),
                home_->applied().format(), origin_.position().format(), what_hinders()),
         hint);
  }
  const binlog::GtidPosition wanted = origin_.position();
  const binlog::GtidPosition has = position_of_all(*home_);
  if (!has.reached(wanted) || !wanted.reached(home_->logged())) {
    fail(Code::kConflict,
         format("{} is at {}, and the server in {} at {}", said("origin"), wanted.format(), order_.directory.string(),
                has.format()),
         "Somebody wrote meanwhile. " + hint);
  }
  record_.finish["place"] = home_->logged().format();
  save("opening");
}

void Homecoming::fence_origin() {
  origin_.fence();
  fenced_ = true;
}

/// As it was before: production. What of it fails keeps nothing else shut; false then.
bool Homecoming::give_back() noexcept {
  bool whole = true;
  const auto attempt = [&](const auto& work) {
    try {
      work();
    } catch (...) {
      whole = false;
      log::warn("{} is not yet production again: {}. The same command goes on", said("origin"), current_error().text());
    }
  };
  attempt([&] { forget_unsaved(); });
  if (!whole || finish_state(record_) != FinishState::kBegun) return false;
  attempt([&] { whole = origin_.give_back(); });
  attempt([&] { open_door(); });
  attempt([&] { order_.door.call_hook({"release"}, ""); });
  if (whole) record_.finish.erase("switching");
  attempt([&] { save("begun"); });
  return whole;
}

/// What is on the disk decides: "opening" that could not be written there has not come.
void Homecoming::forget_unsaved() {
  auto kept = find_record(record_.directory);
  if (!kept) fail(Code::kNotFound, format("{}: the record of {} is gone", record_.directory.string(), record_.name));
  record_.finish = std::move(kept->finish);
}

/// As it was found; next time it is looked at anew.
void Homecoming::open_door() {
  if (!record_.finish.contains("haproxy")) return;
  order_.door.restore(record_.finish.at("haproxy").as_object());
  record_.finish.erase("haproxy");
}

/// From here on only forward. What production has left stays fenced.
void Homecoming::open_home() {
  server::Connection& home = home_->connection();
  home_->stop_following();
  home.query("RESET SLAVE ALL");
  const HomeServer server = home_server(record_);
  if (order_.relay.empty()) {
    log::warn("no relay keeps what is written from now on: lifeboat relay run");
  } else {
    hand_over_log(
        order_.relay, log_name_of(said("origin")),
        {.by = order_.by, .address = server.address, .port = server.port, .retired = origin_.others(), .moved = true},
        home);
  }
  record_.finish["opened"] = true;
  save("opening");
  home.query("SET GLOBAL read_only = 0");
  order_.door.put_in(server.port);
  if (fenced_) origin_.leave();
  order_.door.call_hook({"switch", server.address, format("{}", server.port)}, "Give the same command again.");
  record_.finish["time"] = format_time(now());
  save("home");
}

void Homecoming::save(std::string_view state) {
  record_.finish["state"] = state;
  save_rescue(record_);
}

}  // namespace lifeboat::rescue
