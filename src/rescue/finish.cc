#include "rescue/finish.h"

#include <sys/un.h>

#include <thread>

#include "base/cancel.h"
#include "base/error.h"
#include "base/log.h"
#include "base/random.h"
#include "relay/relay.h"
#include "relay/succession.h"
#include "rescue/cut_over.h"
#include "rescue/hand_over.h"
#include "rescue/standby_begin.h"
#include "rescue/standby_commit.h"
#include "server/inspect.h"
#include "server/instance.h"
#include "server/options.h"
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
constexpr std::chrono::seconds kBranchLocksPatience{15};
constexpr std::string_view kReplicator = "lifeboat_home";

Path choose_socket(const Path& directory) {
  Path socket = directory / "mariadbd.sock";
  if (socket.string().size() < sizeof(sockaddr_un{}.sun_path)) return socket;
  return std::filesystem::temp_directory_path() / format("lifeboat-home-{}.sock", random_hex(6));
}

/// All that a server has: what it was brought to, and what it has logged.
binlog::GtidPosition position_of_all(StandbyServer& server) {
  return later_of(server.applied(), server.logged());
}

void check_empty(const Path& directory) {
  if (!std::filesystem::exists(directory)) return;
  if (std::filesystem::is_directory(directory) && list_directory(directory).empty()) return;
  fail(Code::kRefused, format("{} is not an empty directory", directory.string()),
       "Name one that is empty or does not exist yet.");
}

}  // namespace

FinishState finish_state(const RescueRecord& record) {
  if (!record.finish.contains("state")) return FinishState::kNone;
  const std::string state = json_string(record.finish, "state");
  if (state == "home") return FinishState::kHome;
  return state == "opening" ? FinishState::kOpening : FinishState::kBegun;
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

Finish::Finish(RescueRecord& record, RescueRun& run, const RescueMeans& means, const FinishOrder& order)
    : record_(record), run_(run), means_(means), order_(order) {}

void Finish::run() {
  check_order();
  choose();
  if (finish_state(record_) == FinishState::kBegun) {
    run_.ensure_running();
    if (!record_.finish.contains("image")) run_phase(record_, "commit", [this] { commit(); });
    if (!record_.finish.contains("exported")) run_phase(record_, "export", [this] { export_files(); });
    run_phase(record_, "start", [this] { start(); });
    run_phase(record_, "replicate", [this] { replicate(); });
    run_phase(record_, "switch", [this] { switch_over(); });
    return;
  }
  launch(true);  // the branch is none of ours any more
  if (finish_state(record_) == FinishState::kOpening) run_phase(record_, "switch", [this] { open_home(); });
}

void Finish::check_order() const {
  if (cut_over_state(record_) != CutOverState::kSwitched) {
    fail(Code::kRefused, format("rescue {} is not in place: production does not run on it", record_.name),
         format("First: lifeboat rescue cut-over {}", record_.name));
  }
  order_.door.check();
  if (!record_.finish.empty() && said("directory") != order_.directory) {
    fail(Code::kExists, format("rescue {} comes home to {}", record_.name, said("directory")),
         "Go on with that directory, by the same command.");
  }
}

/// Once: where it will be is not to change in the middle.
void Finish::choose() {
  if (!record_.finish.empty()) return;
  check_empty(order_.directory);
  if (server::open_branch(means_.branch.mount.state_root, record_.branch()).has_keys) {
    fail(Code::kUnsupported, "the database is encrypted, and its keys lie in the vault alone",
         "Set up a server with the keys of production, and let it replicate from the branch.");
  }
  record_.finish = {{"directory", order_.directory.string()},
                    {"socket", choose_socket(order_.directory).string()},
                    {"address", order_.door.address},
                    {"port", order_.port == 0 ? server::pick_free_port() : order_.port},
                    {"server_id", std::max<std::uint32_t>(static_cast<std::uint32_t>(random_number()), 2)}};
  save("begun");
}

void Finish::commit() {
  const StandbyCommit made =
      commit_primary({.branch = run_.branch(),
                      .source = net::Endpoint{cut_over_address(record_), run_.branch().port}.text(),
                      .logins = means_.branch.logins,
                      .boot = {}});
  record_.finish["gtid"] = made.gtid.format();
  record_.finish["image"] = made.image;
  save("begun");
}

/// What a run that was killed has left there is ours: it was empty before, and no server has run on it.
void Finish::export_files() {
  const Path& directory = order_.directory;
  if (std::filesystem::is_directory(directory)) {
    for (const std::string& name : list_directory(directory)) std::filesystem::remove_all(directory / name);
  }
  const auto vault = means_.branch.open_vault();
  const vault::ReadSession in_use(*vault, said("image"));
  vault::ImageReader image(*vault, said("image"));
  Progress progress(means_.progress, "export", 0);
  export_image(image, {.directory = directory, .progress = &progress});
  record_.finish["exported"] = format_time(now());
  save("begun");
}

void Finish::start() {
  launch(false);
  place();
}

/// It runs, and answers; `open`: it may take writes.
void Finish::launch(bool open) {
  HomeServer home = home_server(record_);
  if (!home.process.alive()) {
    const server::BranchRecord branch = server::open_branch(means_.branch.mount.state_root, record_.branch());
    const server::ServerInfo info = server::inspect_for_boot(home.directory, branch.server);
    const std::string text = server::home_option_file(
        info,
        {.data_directory = home.directory,
         .socket = home.socket,
         .address = home.address,
         .port = home.port,
         .server_id = static_cast<std::uint32_t>(json_integer(record_.finish, "server_id")),
         .buffer_pool_bytes = server::choose_buffer_pool(
             vault::ImageReader(*means_.branch.open_vault(), said("image")).info().bytes, server::available_memory())});
    if (!std::filesystem::exists(home.option_file())) write_file_durably(home.option_file(), as_bytes(text), 0644);
    server::StartRequest request{
        .argv = {branch.binary, format("--defaults-file={}", home.option_file().string()), "--skip-slave-start"},
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

/// Once: what the image's server was a replica of, long ago, is forgotten.
void Finish::place() {
  if (record_.finish.contains("placed")) return;
  home_->stop_following();
  home_->connection().query("RESET SLAVE ALL");
  home_->begin_at(binlog::GtidPosition::parse(said("gtid")));
  home_->connection().query("SET SESSION sql_log_bin = 1");
  record_.finish["placed"] = true;
  save("begun");
}

void Finish::replicate() {
  follow_branch();
  const Stopwatch watch;
  for (double told = 0; !wait_for_branch(kCloseEnough);) {
    if (watch.seconds() - told < std::chrono::duration<double>(kTellEvery).count()) continue;
    told = watch.seconds();
    log::info("{} comes after the branch: it is at {}", order_.directory.string(), home_->applied().format());
  }
}

/// By an account for this alone, which is in no log and no image.
void Finish::follow_branch() {
  home_->stop_following();
  home_->recover_position();
  server::Connection& branch = run_.connection();
  const std::string password = random_hex(20);
  branch.query("SET SESSION sql_log_bin = 0");
  branch.query(format("CREATE OR REPLACE USER {}@'127.0.0.1' IDENTIFIED BY '{}'", kReplicator, password));
  branch.query(format("GRANT REPLICATION SLAVE ON *.* TO {}@'127.0.0.1'", kReplicator));
  branch.query("SET SESSION sql_log_bin = 1");
  home_->follow({.address = {.host = "127.0.0.1", .port = run_.branch().port},
                 .user = std::string(kReplicator),
                 .password = codec::Secret(password)});
}

void Finish::check_replicates() {
  const ReplicaState state = home_->state();
  if (!state.apply_error.empty()) {
    fail(Code::kRefused, format("the server in {} does not apply: {}", order_.directory.string(), state.apply_error),
         "The branch goes on as production. Remove that directory's server and files, and begin with another.");
  }
  if (!state.fetch_error.empty()) log::debug("replicate: {}", state.fetch_error);
}

/// Whether it comes within that time to where the branch is now.
bool Finish::wait_for_branch(std::chrono::milliseconds patience) {
  const auto deadline = std::chrono::steady_clock::now() + patience;
  const auto wanted = binlog::GtidPosition::parse(run_.connection().value("SELECT @@GLOBAL.gtid_binlog_pos"));
  for (;;) {
    throw_if_cancelled();
    if (home_->applied().reached(wanted)) return true;
    check_replicates();
    if (std::chrono::steady_clock::now() > deadline) return false;
    std::this_thread::sleep_for(kHomeLookEvery);
  }
}

void Finish::switch_over() {
  try {
    fence_branch();
  } catch (...) {
    give_back();
    throw;
  }
  open_home();
}

/// Nothing is written any more, by whomever, until this ends; and the new server has all.
void Finish::fence_branch() {
  const std::string hint = "Give the same command again. The branch goes on as production.";
  order_.door.call_hook({"fence"}, hint);
  order_.door.take_out();
  server::Connection& branch = run_.connection();
  branch.query(format("SET SESSION lock_wait_timeout = {}", kBranchLocksPatience.count()));
  branch.query("SET GLOBAL read_only = 1");
  branch.query("FLUSH TABLES WITH READ LOCK");
  if (!wait_for_branch(order_.patience)) {
    fail(Code::kTimeout, format("the server in {} has not caught up in time", order_.directory.string()), hint);
  }
  const auto wanted = binlog::GtidPosition::parse(branch.value("SELECT @@GLOBAL.gtid_binlog_pos"));
  const binlog::GtidPosition has = position_of_all(*home_);
  if (!has.reached(wanted) || !wanted.reached(home_->logged())) {
    fail(Code::kConflict,
         format("the branch is at {}, and the server in {} at {}", wanted.format(), order_.directory.string(),
                has.format()),
         "Somebody wrote to that server. " + hint);
  }
  record_.finish["place"] = home_->logged().format();
  save("opening");
}

/// As it was before: production.
void Finish::give_back() noexcept {
  if (finish_state(record_) != FinishState::kBegun) return;
  try {
    run_.connection().query("UNLOCK TABLES");
    run_.connection().query("SET GLOBAL read_only = 0");
    Door door = order_.door;
    door.address = cut_over_address(record_);
    door.put_in(run_.branch().port);
    door.call_hook({"unfence"}, "");
  } catch (...) {
    log::warn("the branch is not yet production again: {}. The same command goes on", current_error().text());
  }
}

/// From here on only forward. The branch stays read only.
void Finish::open_home() {
  server::Connection& home = home_->connection();
  home_->stop_following();
  home.query("RESET SLAVE ALL");
  const HomeServer server = home_server(record_);
  const relay::Succession succession =
      record_.relay.empty() ? relay::Succession() : relay::read_succession(record_.relay);
  const auto branch = std::ranges::find(succession.successors, record_.name, &relay::Successor::by);
  if (branch != succession.successors.end()) {
    hand_over_log(record_.relay, relay::source_name(branch->source.endpoint),
                  {.by = format("home of {}", record_.name),
                   .address = server.address,
                   .port = server.port,
                   .retired = {},
                   .moved = true},
                  home);
  } else {
    log::warn("no relay keeps what is written from now on: lifeboat relay run");
  }
  home.query("SET GLOBAL read_only = 0");
  order_.door.put_in(server.port);
  order_.door.call_hook({"switch", server.address, format("{}", server.port)}, "Give the same command again.");
  record_.finish["time"] = format_time(now());
  save("home");
}

void Finish::save(std::string_view state) {
  record_.finish["state"] = state;
  save_rescue(record_);
}

}  // namespace lifeboat::rescue
