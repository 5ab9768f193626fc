// What a server does to keep its commits: binary log, format, durability, semi-sync, how long the log is kept.

#include <algorithm>

#include "base/units.h"
#include "relay/reply.h"
#include "rescue/check.h"

namespace lifeboat::rescue {
namespace {

using std::chrono::seconds;

constexpr seconds kBriefly = std::chrono::hours(48);
constexpr std::chrono::milliseconds kSkewMax{1'000};

/// Nothing: for ever.
std::optional<seconds> log_kept(const ServerFacts& server) {
  const std::uint64_t s = relay::told_number(server.variable("binlog_expire_logs_seconds"));
  const std::uint64_t days =
      relay::told_number(server.variable("expire_logs_days"));  // a fraction, of the same setting
  constexpr std::uint64_t kDayS = 86'400;
  const std::uint64_t kept = s != 0 ? s : days * kDayS;
  if (kept == 0) return std::nullopt;
  return seconds(std::min<std::uint64_t>(kept, 1'000'000'000));
}

void check_format(const Node& node, Findings& out) {
  const std::string& format_now = node.facts->variable("binlog_format");
  if (format_now != "STATEMENT" && format_now != "MIXED") return;
  out.add(format_now == "MIXED" ? FindingId::kMixedFormat : FindingId::kStatementFormat,
          {node.name, "binlog_format = " + format_now},
          {sql_on(node.name, "SET GLOBAL binlog_format = 'ROW';"), option_on(node.name, "binlog_format = ROW")});
}

void check_syncs(const Node& node, Findings& out) {
  if (const std::string& value = node.facts->variable("sync_binlog"); value != "1") {
    out.add(FindingId::kSyncBinlog, {node.name, "sync_binlog = " + value},
            {sql_on(node.name, "SET GLOBAL sync_binlog = 1;"), option_on(node.name, "sync_binlog = 1")});
  }
}

void check_flushes(const Node& node, Findings& out) {
  const std::string& value = node.facts->variable("innodb_flush_log_at_trx_commit");
  if (value.empty() || value == "1" || value == "3") return;
  out.add(FindingId::kFlushLog, {node.name, "innodb_flush_log_at_trx_commit = " + value},
          {sql_on(node.name, "SET GLOBAL innodb_flush_log_at_trx_commit = 1;"),
           option_on(node.name, "innodb_flush_log_at_trx_commit = 1")});
}

void check_semi_sync(const Node& node, Findings& out) {
  const ServerFacts& server = *node.facts;
  const std::vector<Remedy> on{
      sql_on(node.name, "SET GLOBAL rpl_semi_sync_master_wait_point = AFTER_SYNC;"),
      sql_on(node.name, "SET GLOBAL rpl_semi_sync_master_enabled = ON;"),
      option_on(node.name, "rpl_semi_sync_master_wait_point = AFTER_SYNC"),
      option_on(node.name, "rpl_semi_sync_master_enabled = ON"),
  };
  if (!server.on("rpl_semi_sync_master_enabled")) {
    return out.add(FindingId::kSemiSyncOff, {node.name, "rpl_semi_sync_master_enabled = OFF"}, on);
  }
  const auto status = [&](const std::string& name) {
    const auto found = server.status.find(name);
    return found == server.status.end() ? std::string() : found->second;
  };
  if (status("rpl_semi_sync_master_status") != "ON" ||
      relay::told_number(status("rpl_semi_sync_master_clients")) == 0) {
    out.add(
        FindingId::kSemiSyncDegraded,
        {node.name, format("Rpl_semi_sync_master_status = {}, Rpl_semi_sync_master_clients = {}",
                           status("rpl_semi_sync_master_status"), status("rpl_semi_sync_master_clients"))},
        {sql_on("a replica of " + node.name, "SET GLOBAL rpl_semi_sync_slave_enabled = ON; STOP SLAVE; START SLAVE;")});
  } else if (const std::string& point = server.variable("rpl_semi_sync_master_wait_point"); point != "AFTER_SYNC") {
    out.add(FindingId::kSemiSyncDegraded,
            {node.name, format("rpl_semi_sync_master_wait_point = {}: others see a commit before it is safe", point)},
            {on[0], on[2]});
  }
}

void check_log_filters(const Node& node, Findings& out) {
  const ServerFacts& server = *node.facts;
  if (!server.binlog_do_db.empty()) {
    out.add(FindingId::kBinlogFilter,
            {node.name, format("binlog_do_db = {}: nothing else is logged", server.binlog_do_db)},
            {option_on(node.name, "# remove binlog_do_db, then restart it")});
  }
  if (!server.binlog_ignore_db.empty()) {
    out.add(FindingId::kBinlogFilter, {node.name, format("binlog_ignore_db = {}", server.binlog_ignore_db)},
            {option_on(node.name, "# remove binlog_ignore_db, then restart it")});
  }
}

/// The longest that a backup's log had to reach, as the vault shows: the newest image's age, or the time between the
/// last two.
std::optional<seconds> backup_interval(const CheckFacts& facts) {
  if (!facts.vault || !facts.vault->newest) return std::nullopt;
  const SystemTime newest = facts.vault->newest->time;
  auto interval = facts.topology.taken - newest;
  if (facts.vault->before) interval = std::max(interval, newest - *facts.vault->before);
  return std::chrono::duration_cast<seconds>(interval);
}

void check_kept(const CheckFacts& facts, std::size_t node, Findings& out) {
  const auto kept = log_kept(*facts.topology.nodes[node].facts);
  if (!kept || is_followed(facts.topology, node)) return;  // a relay keeps it
  const std::string& name = facts.topology.nodes[node].name;
  const std::string value = format("binlog_expire_logs_seconds = {} ({})", kept->count(), format_duration(*kept));
  const std::vector<Remedy> remedies{sql_on(name, "SET GLOBAL binlog_expire_logs_seconds = 1209600;"),
                                     option_on(name, "binlog_expire_logs_seconds = 1209600    # two weeks")};
  const auto interval = backup_interval(facts);
  if (interval && *interval > *kept) {
    out.add(FindingId::kLogTooShort,
            {name, format("{}; images of the vault are up to {} apart, or old", value, format_duration(*interval))},
            remedies);
  } else if (!interval && *kept < kBriefly) {
    out.add(FindingId::kLogKeptBriefly, {name, value}, remedies);
  }
}

void check_clock(const Node& node, Findings& out) {
  const auto off = std::chrono::abs(node.facts->clock_ahead);
  if (off <= kSkewMax + node.facts->clock_doubt) return;
  out.add(FindingId::kClockSkew,
          {node.name, format("its clock is {} {} this host's", format_duration(off),
                             node.facts->clock_ahead.count() > 0 ? "ahead of" : "behind")},
          {{.where = "shell there and here", .text = "timedatectl set-ntp true"}});
}

}  // namespace

void check_logging(const CheckFacts& facts, Findings& out) {
  const Topology& topology = facts.topology;
  for (std::size_t i = 0; i < topology.nodes.size(); ++i) {
    const Node& node = topology.nodes[i];
    if (!node.asked() || !node.facts->mariadb) continue;
    check_clock(node, out);
    check_flushes(node, out);
    if (!node.facts->on("log_bin")) {
      if (node.writable() && !replicates(node)) {
        out.add(FindingId::kBinlogOff, {node.name, "log_bin = OFF"},
                {option_on(node.name, "log_bin = mysql-bin    # then restart it"),
                 option_on(node.name, "log_slave_updates = 1"),
                 option_on(node.name, "server_id = 1    # another on each server")});
      }
      continue;
    }
    check_syncs(node, out);
    check_format(node, out);
    check_log_filters(node, out);
    if (!node.writable() || (replicates(node) && !is_source(topology, i))) continue;
    check_semi_sync(node, out);
    check_kept(facts, i, out);
  }
}

}  // namespace lifeboat::rescue
