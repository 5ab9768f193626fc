#include "rescue/standby_server.h"

#include <algorithm>

#include "base/error.h"
#include "base/log.h"
#include "relay/source_connection.h"

namespace lifeboat::rescue {
namespace {

constexpr std::string_view kPositionTables =
    "FROM information_schema.tables WHERE table_schema = 'mysql' AND table_name LIKE 'gtid\\\\_slave\\\\_pos%'";

std::string column_text(const std::map<std::string, std::string>& row, const std::string& name) {
  const auto found = row.find(name);
  return found == row.end() ? "" : found->second;
}

std::string change_master_statement(const RelayLogin& login) {
  return format(
      "CHANGE MASTER TO MASTER_HOST = {}, MASTER_PORT = {}, MASTER_USER = {}, MASTER_PASSWORD = {}, "
      "MASTER_CONNECT_RETRY = 1, MASTER_HEARTBEAT_PERIOD = 5, MASTER_DELAY = {}, MASTER_USE_GTID = slave_pos",
      relay::quote_sql(login.address.host), login.address.port, relay::quote_sql(login.user),
      relay::quote_sql(as_text(login.password.view())), login.delay.count());
}

}  // namespace

bool ReplicaState::follows(const RelayLogin& login) const {
  return configured && address == login.address && delay == login.delay && fetching == "Yes" && applying;
}

StandbyServer::StandbyServer(const Path& socket, const std::vector<server::Login>& logins,
                             std::chrono::seconds patience) {
  server::KnockResult knocked = server::knock(socket, logins, patience);
  if (knocked.knock == server::Knock::kDenied) {
    fail(Code::kDenied, format("the standby's server lets nobody in: {}", knocked.why),
         "Give an account of the database itself with --server-user and --server-password-file; docs/guide/standby.md "
         "lists what it has to be allowed.");
  }
  if (knocked.knock == server::Knock::kSilent) {
    fail(Code::kUnavailable, format("the standby's server does not answer: {}", knocked.why),
         format("See the end of {}.", (socket.parent_path() / "error.log").string()));
  }
  connection_ = std::move(knocked.connection);
  connection_->query("SET SESSION sql_mode = ''");  // so that quoting is what we think it is
}

bool StandbyServer::is_replica() {
  return connection_->value("SELECT @@log_bin AND @@log_slave_updates AND @@gtid_strict_mode") == "1";
}

void StandbyServer::begin_at(const binlog::GtidPosition& position) {
  connection_->query("SET SESSION sql_log_bin = 0");
  // A position in a table that is not transactional would not survive a crash together with the rows it is of.
  for (const server::Row& row :
       connection_->query(format("SELECT table_name {} AND engine <> 'InnoDB'", kPositionTables))) {
    connection_->query(format("ALTER TABLE mysql.`{}` ENGINE = InnoDB", row.front().value_or("")));
  }
  begin_log_at(position);
  set_position(position);
}

/// A replica that stands where this one begins is turned away (gtid_strict_mode) if the log does not say that it goes
/// on from there.
void StandbyServer::begin_log_at(const binlog::GtidPosition& position) {
  if (logged() == position) return;
  connection_->query("RESET MASTER");
  connection_->query(format("SET GLOBAL gtid_binlog_state = {}", relay::quote_sql(position.format())));
}

std::optional<binlog::Gtid> StandbyServer::own_write() {
  const std::uint32_t own = server_id();
  for (const binlog::Gtid& gtid : logged().gtids()) {
    if (gtid.server == own) return gtid;
  }
  return std::nullopt;
}

binlog::GtidPosition StandbyServer::done() {
  return done_of_source(applied(), logged(), server_id());
}

void StandbyServer::recover_position() {
  const binlog::GtidPosition recorded = applied();
  const binlog::GtidPosition position = done();
  if (position == recorded) return;
  log::info("{} is done already, by the server's own log; recorded was {}", position.format(), recorded.format());
  set_position(position);
}

void StandbyServer::set_position(const binlog::GtidPosition& position) {
  connection_->query(format("SET GLOBAL gtid_slave_pos = {}", relay::quote_sql(position.format())));
}

void StandbyServer::follow(const RelayLogin& login) {
  stop_following();
  try {
    connection_->query(change_master_statement(login));
  } catch (const Exception& e) {
    // A server that quotes the statement would quote the password.
    const bool tells = e.error().message.find(as_text(login.password.view())) != std::string::npos;
    fail(e.code(), tells ? "the standby's server refuses CHANGE MASTER" : e.error().message, e.error().hint);
  }
  connection_->query("START SLAVE");
}

void StandbyServer::stop_following() {
  connection_->query("STOP SLAVE");
}

ReplicaState StandbyServer::state() {
  const auto row = connection_->named_row("SHOW SLAVE STATUS");
  ReplicaState state;
  state.configured = !row.empty();
  state.address.host = column_text(row, "Master_Host");
  state.address.port = static_cast<std::uint16_t>(relay::told_number(column_text(row, "Master_Port")));
  state.delay = std::chrono::seconds(relay::told_number(column_text(row, "SQL_Delay")));
  state.fetching = column_text(row, "Slave_IO_Running");
  state.applying = column_text(row, "Slave_SQL_Running") == "Yes";
  const std::string lag = column_text(row, "Seconds_Behind_Master");
  if (!lag.empty()) state.lag_seconds = static_cast<double>(relay::told_number(lag));
  state.fetch_error = column_text(row, "Last_IO_Error");
  state.fetch_error_number = relay::told_number(column_text(row, "Last_IO_Errno"));
  state.apply_error = column_text(row, "Last_SQL_Error");
  return state;
}

binlog::GtidPosition StandbyServer::applied() {
  if (position_query_.empty()) {
    std::string all;
    for (const server::Row& row : connection_->query(format("SELECT table_name {}", kPositionTables))) {
      all += format("{}SELECT domain_id, server_id, seq_no, sub_id FROM mysql.`{}`", all.empty() ? "" : " UNION ALL ",
                    row.front().value_or(""));
    }
    position_query_ = format("{} ORDER BY sub_id", all);
  }
  binlog::GtidPosition position;  // of each domain the row with the highest sub_id counts
  for (const server::Row& row : connection_->query(position_query_)) {
    position.update({.domain = static_cast<std::uint32_t>(relay::told_number(row[0].value_or(""))),
                     .server = static_cast<std::uint32_t>(relay::told_number(row[1].value_or(""))),
                     .sequence = relay::told_number(row[2].value_or(""))});
  }
  return position;
}

binlog::GtidPosition StandbyServer::logged() {
  return binlog::GtidPosition::parse(connection_->value("SELECT @@global.gtid_binlog_pos"));
}

std::uint32_t StandbyServer::server_id() {
  return static_cast<std::uint32_t>(relay::told_number(connection_->value("SELECT @@global.server_id")));
}

void StandbyServer::purge_binary_logs(std::uint64_t keep_bytes) {
  std::vector<std::pair<std::string, std::uint64_t>> logs;
  for (const server::Row& row : connection_->query("SHOW BINARY LOGS")) {
    logs.emplace_back(row.at(0).value_or(""), relay::told_number(row.at(1).value_or("")));
  }
  const std::string keep = oldest_log_to_keep(logs, keep_bytes);
  if (!keep.empty()) connection_->query(format("PURGE BINARY LOGS TO {}", relay::quote_sql(keep)));
}

binlog::GtidPosition done_of_source(const binlog::GtidPosition& applied, const binlog::GtidPosition& logged,
                                    std::uint32_t server_id) {
  binlog::GtidPosition position = applied;
  for (const binlog::Gtid& gtid : logged.gtids()) {
    if (gtid.server != server_id && !position.reached(gtid)) position.update(gtid);
  }
  return position;
}

std::string oldest_log_to_keep(const std::vector<std::pair<std::string, std::uint64_t>>& logs,
                               std::uint64_t keep_bytes) {
  constexpr std::size_t kNewest = 2;  // after a crash the server reads the one that it wrote last
  std::uint64_t bytes = 0;
  std::size_t oldest = logs.size();
  while (oldest > 0 && (logs.size() - oldest < kNewest || bytes + logs[oldest - 1].second <= keep_bytes)) {
    bytes += logs[--oldest].second;
  }
  return oldest == 0 ? "" : logs[oldest].first;
}

}  // namespace lifeboat::rescue
