#include "rescue/homecoming.h"

#include <algorithm>
#include <array>
#include <thread>

#include "base/cancel.h"
#include "base/error.h"
#include "base/log.h"
#include "base/random.h"
#include "rescue/hand_over.h"
#include "rescue/history_identity.h"
#include "rescue/standby_begin.h"
#include "server/instance.h"
#include "vault/image_reader.h"

namespace lifeboat::rescue {
namespace {

constexpr std::chrono::seconds kStopPatience{600};
constexpr std::chrono::milliseconds kHomeLookEvery{20};
/// Who has come so close within that time is no further behind than the switch waits.
constexpr std::chrono::milliseconds kCloseEnough{1000};
constexpr std::chrono::seconds kTellEvery{10};
// What MariaDB says to who may not replicate (access denied, host not allowed, privilege missing), or comes too late.
constexpr std::array<std::uint64_t, 3> kDenials{1045, 1130, 1227};
constexpr std::uint64_t kLogIsGone = 1236;

/// The number is of the command that failed at production; why it did may only be in the words then.
bool is_denied(const ReplicaState& state) {
  return std::ranges::any_of(kDenials, [&](std::uint64_t number) {
    return state.fetch_error_number == number ||
           state.fetch_error.find(format("Errno: {}", number)) != std::string::npos;
  });
}

/// All that a server has: what it was brought to, and what it has logged.
binlog::GtidPosition position_of_all(StandbyServer& server) {
  return later_of(server.applied(), server.logged());
}

}  // namespace

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
  if (!record_.finish.contains("exported")) run_phase(record_, "export", [this] { export_home(record_, means_); });
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
  server::stop_server(home_server(record_).process, kStopPatience);
  log::info("{} is given up: remove it when you like", said("directory"));
  record_.finish = {};
}

/// Once: where it will be is not to change in the middle.
void Homecoming::choose() {
  if (!record_.finish.empty()) return;
  record_.finish = {{"directory", order_.directory.string()},
                    {"socket", choose_home_socket(order_.directory).string()},
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

void Homecoming::start() {
  home_ = launch_home(record_, means_, false);
  place_home(record_, *home_);
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
  if (is_denied(state)) {
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
  const std::optional<FileLock> switching = lock_switch(order_.relay);
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
  const std::optional<FileLock> switching = lock_switch(order_.relay);
  home_ = launch_home(record_, means_, record_.finish.contains("opened"));
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
