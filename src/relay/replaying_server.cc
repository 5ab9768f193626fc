#include "relay/replaying_server.h"

#include <algorithm>
#include <charconv>
#include <thread>

#include "base/error.h"
#include "base/log.h"
#include "base/random.h"
#include "binlog/gtid.h"

namespace lifeboat::relay {
namespace {

using binlog::GtidPosition;

constexpr std::string_view kDurability = "innodb_flush_log_at_trx_commit";

struct Setting {
  std::string_view name;
  std::string_view value;  ///< as SQL
};

/// All can be changed while the server runs, and none lets a crash leave it in between two transactions.
constexpr Setting kWhileReplaying[] = {
    {kDurability, "0"},  // redo goes to the disk each second, not at each commit
    {"slave_parallel_mode", "'optimistic'"},
    // Of each applier. By default 128 KiB: a few rows with blobs, after which all wait for the slowest.
    {"slave_parallel_max_queued", "16777216"},
    // The place in the log is in gtid_slave_pos; relay logs are fetched again after a crash.
    {"sync_relay_log", "0"},
    {"sync_relay_log_info", "0"},
    {"sync_master_info", "0"},
};

/// Two threads read the log and hand it out. Where no two cores are left beside them, one thread that hands out and
/// applies is faster than appliers, which wait for each other to commit in the log's order.
unsigned choose_appliers() {
  constexpr unsigned kMost = 8;
  const unsigned cores = std::thread::hardware_concurrency();
  return cores < 4 ? 0 : std::min(cores - 2, kMost);
}

std::string as_sql(const std::string& value) {
  const bool number = !value.empty() && std::ranges::all_of(value, [](char c) { return c >= '0' && c <= '9'; });
  return number ? value : format("'{}'", value);
}

/// Above what people give to their servers.
std::uint32_t other_server_id(const std::set<std::uint32_t>& servers) {
  for (;;) {
    const auto id = static_cast<std::uint32_t>(random_number()) | 0x8000'0000U;
    if (!servers.contains(id)) return id;
  }
}

}  // namespace

ReplayingServer::ReplayingServer(server::Connection& connection, ReplayLogin login)
    : connection_(connection), login_(std::move(login)) {
  check_free();
}

ReplayingServer::~ReplayingServer() {
  if (finished_) return;
  try {
    finish();
  } catch (...) {
    log::warn("the server was not left as it should be: {}; restart it", current_error().text());
  }
}

void ReplayingServer::check_free() {
  auto status = connection_.named_row("SHOW SLAVE STATUS");
  if (status.empty()) return;
  if (status["Master_User"] != login_.user) {
    fail(Code::kBusy, format("the server follows {}:{} already", status["Master_Host"], status["Master_Port"]),
         "Replay into a server that nobody else changes; or end it there: STOP SLAVE; RESET SLAVE ALL");
  }
  stop_following();
}

std::string ReplayingServer::position() {
  const auto applied = GtidPosition::parse(connection_.value("SELECT @@GLOBAL.gtid_slave_pos"));
  const auto logged = GtidPosition::parse(connection_.value("SELECT @@GLOBAL.gtid_binlog_pos"));
  if (applied.empty()) return logged.format();
  if (applied.reached(logged)) return applied.format();
  fail(Code::kUsage,
       format("the server has applied {} as a replica, and logged {} itself: which it has of the log is not clear",
              applied.format(), logged.format()),
       "Say with --from which transactions it has.");
}

void ReplayingServer::follow(const Order& order) {
  finished_ = false;
  until_ = order.until;
  relax(order.servers);
  if (connection_.value("SELECT @@GLOBAL.gtid_slave_pos") != order.start) {
    connection_.query(format("SET GLOBAL gtid_slave_pos = '{}'", order.start));
  }
  connection_.query(
      format("CHANGE MASTER TO MASTER_HOST = '{}', MASTER_PORT = {}, MASTER_USER = '{}', MASTER_PASSWORD = '{}', "
             "MASTER_SSL = 0, MASTER_CONNECT_RETRY = 1, MASTER_USE_GTID = slave_pos",
             order.from.host, order.from.port, login_.user, login_.password));
  connection_.query(format("START SLAVE UNTIL master_gtid_pos = '{}'", order.until));
}

/// A server that logs what it applies, as a standby does, would come back from a crash with more in its binary log than
/// in its tables. So its commits wait for the disk, and the appliers that it has are worth what they cost; its number
/// is the one under which it replicates.
void ReplayingServer::relax(const std::set<std::uint32_t>& servers) {
  const bool logs = connection_.value("SELECT @@GLOBAL.log_bin AND @@GLOBAL.log_slave_updates") == "1";
  for (const Setting& each : kWhileReplaying) {
    if (!logs || each.name != kDurability) set(std::string(each.name), std::string(each.value));
  }
  if (logs) return;
  set("slave_parallel_threads", format("{}", choose_appliers()));
  set("server_id", format("{}", other_server_id(servers)));
}

void ReplayingServer::set(const std::string& name, const std::string& value) {
  before_[name] = as_sql(connection_.value(format("SELECT @@GLOBAL.{}", name)));
  connection_.query(format("SET GLOBAL {} = {}", name, value));
}

bool ReplayingServer::reached(std::chrono::milliseconds patience) {
  const auto wait = [&](std::chrono::milliseconds time) {
    return connection_.value(
               format("SELECT MASTER_GTID_WAIT('{}', {})", until_, std::chrono::duration<double>(time).count())) == "0";
  };
  if (wait(patience)) return true;
  auto status = connection_.named_row("SHOW SLAVE STATUS");
  const bool refused = status["Slave_IO_Running"] == "No" && status["Last_IO_Errno"] != "0";
  if (status["Slave_SQL_Running"] != "No" && !refused) return false;
  if (wait(std::chrono::milliseconds(10))) return true;  // it stopped there just now
  fail_stopped(status);
}

void ReplayingServer::fail_stopped(std::map<std::string, std::string>& status) {
  const bool applying = !status["Last_SQL_Error"].empty();
  std::string why = applying ? status["Last_SQL_Error"] : status["Last_IO_Error"];
  if (why.empty()) why = "somebody has stopped it";
  fail(Code::kRefused,
       format("the server stopped at '{}', before it had {}: {}", connection_.value("SELECT @@GLOBAL.gtid_slave_pos"),
              until_, why),
       applying ? "Had it what --from says, and does nobody else write to it? --skip leaves a transaction out."
                : "`lifeboat log ls` tells what each file of the log begins after.");
}

LogPosition ReplayingServer::applied() {
  auto status = connection_.named_row("SHOW SLAVE STATUS");
  LogPosition place{.file = status["Relay_Master_Log_File"], .position = 0};
  const std::string& position = status["Exec_Master_Log_Pos"];
  std::from_chars(position.data(), position.data() + position.size(), place.position);
  return place;
}

void ReplayingServer::stop_following() {
  connection_.query("STOP SLAVE");
  connection_.query("RESET SLAVE ALL");
}

/// Durability comes back as every server should have it, not as it was before: a replay that was killed left it off.
void ReplayingServer::finish() {
  stop_following();
  const auto durability = before_.find(std::string(kDurability));
  if (durability != before_.end()) durability->second = "1";
  for (const auto& [name, value] : before_) connection_.query(format("SET GLOBAL {} = {}", name, value));
  connection_.query("FLUSH LOCAL ENGINE LOGS");
  finished_ = true;
}

}  // namespace lifeboat::relay
