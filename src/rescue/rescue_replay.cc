// The part of RescueRun that brings its server along the log.

#include <algorithm>
#include <span>

#include "base/error.h"
#include "base/log.h"
#include "relay/log_replay.h"
#include "rescue/cut_over.h"
#include "rescue/forecast_keeper.h"
#include "rescue/log_damage.h"
#include "rescue/rescue_run.h"
#include "rescue/standby_server.h"

namespace lifeboat::rescue {
namespace {

/// Times that a server which dies in the middle of the replay is started again.
constexpr int kRevivals = 2;

binlog::GtidPosition position_before(const RescueLog& log, const binlog::Gtid& gtid) {
  const auto found = relay::LogIndex(*log.log()).find(format_gtid(gtid));
  if (!found) fail(Code::kNotFound, format("the log has no transaction {}", format_gtid(gtid)));
  return log.moment(format("{}:{}", found->file.name, found->entry.begin));
}

/// What leaves it out. A rescue that is being cut over goes on by that command alone.
std::string conflict_hint(const RescueRecord& record, const std::string& gtid) {
  if (cut_over_state(record) == CutOverState::kBegun) {
    return format("Leave it out as well: lifeboat rescue cut-over {} --skip {}, with the other options as they were.",
                  record.name, gtid);
  }
  return format("Leave it out, and all like it: lifeboat rescue --name {} --on-conflict skip", record.name);
}

}  // namespace

void RescueRun::replay(const std::string& until) {
  for (int revivals = 0;;) {
    try {
      return replay_once(until);
    } catch (const Exception& e) {
      if (e.code() == Code::kUnavailable && revivals++ < kRevivals) {
        log::warn("{}; it is started again", e.error().text());
        ensure_running();
      } else if (e.code() == Code::kRefused && tells_damage(e.error().message)) {
        fail(Code::kIo, e.error().message, "The image may be damaged: lifeboat vault scrub says what is.");
      } else if (e.code() == Code::kRefused && tells_conflict(e.error().message)) {
        leave_out_conflict(e.error());
      } else {
        if (e.code() == Code::kRefused) fail_if_log_is_damaged();
        throw;
      }
    }
  }
}

/// In parts, each of which ends before a transaction that is left out. Left out in the middle of the stream, it would
/// be in gtid_slave_pos while parallel appliers are still at work on what lies before it: after a crash, or a
/// transaction that fails, those would be taken for applied.
void RescueRun::replay_once(const std::string& until) {
  place_at_start();
  // By default a replica takes CREATE TABLE for CREATE OR REPLACE TABLE: made anew after a DROP that is left out, a
  // table would lose what was saved.
  if (!record_.skip.empty()) connection_->query("SET GLOBAL slave_ddl_exec_mode = 'STRICT'");
  RescueLog log(record_.log);
  const auto end = binlog::GtidPosition::parse(until);
  const auto door =
      record_.relay.empty() ? nullptr : std::make_shared<relay::VaultDoor>(means_.vault_url, means_.branch.open_vault);
  binlog::GtidPosition at = standing();
  const auto come_to = [&](const binlog::GtidPosition& to) {
    std::vector<binlog::Gtid> missing = to.gtids();
    std::erase_if(missing, [&](const binlog::Gtid& gtid) { return log.has(at, gtid); });
    if (missing.empty()) return;
    Progress progress(means_.progress, "replay", 0);
    relay::LogReplayRequest request;
    request.from = at.format();
    request.until = to.format();
    request.progress = &progress;
    const WatchedPart watched(means_.forecast, progress);
    relay::replay_log(log.log(), door, *connection_, request);
    for (const binlog::Gtid& gtid : missing) at.update(gtid);
  };
  const bool logs = logs_what_it_applies();
  for (const binlog::Gtid& gtid : in_order_of_log(log, left_out_from(at))) {
    if (!log.has(end, gtid)) continue;
    come_to(position_before(log, gtid));
    if (logs) fill_hole(gtid);
    at.update(gtid);
  }
  come_to(end);
}

/// Before anything is replayed: an image's server may have been a replica once, and still say where it was then, in a
/// history that the log knows nothing of.
void RescueRun::place_at_start() {
  if (!record_.standby.empty() || record_.placed) return;
  connection_->query(format("SET GLOBAL gtid_slave_pos = '{}'", record_.start));
  connection_->query("FLUSH LOCAL ENGINE LOGS");
  record_.placed = true;
  save_rescue(record_);
}

/// What the server has of the log. What a standby did and logged may not be recorded as applied, if it was killed in
/// between.
binlog::GtidPosition RescueRun::standing() {
  if (record_.standby.empty()) return record_.placed ? applied() : binlog::GtidPosition::parse(record_.start);
  return done_of_source(applied(), logged(), branch_.server_id);
}

binlog::GtidPosition RescueRun::applied() {
  return binlog::GtidPosition::parse(connection_->value("SELECT @@GLOBAL.gtid_slave_pos"));
}

binlog::GtidPosition RescueRun::logged() {
  return binlog::GtidPosition::parse(connection_->value("SELECT @@GLOBAL.gtid_binlog_pos"));
}

bool RescueRun::logs_what_it_applies() {
  return connection_->value("SELECT @@GLOBAL.log_bin AND @@GLOBAL.log_slave_updates") == "1";
}

/// A replica that stands at a transaction which its source's binary log lacks is turned away (gtid_strict_mode). So
/// something that does nothing takes its place there, while it is the next in its domain. The number is set last: it is
/// checked against the domain that the session had before the statement.
void RescueRun::fill_hole(const binlog::Gtid& gtid) {
  connection_->query(format("SET SESSION gtid_domain_id = {}, SESSION server_id = {}", gtid.domain, gtid.server));
  connection_->query(format("SET SESSION gtid_seq_no = {}", gtid.sequence));
  connection_->query(format("FLUSH HOSTS /* lifeboat: in place of {}, which was left out */", format_gtid(gtid)));
  connection_->query("SET SESSION gtid_domain_id = @@GLOBAL.gtid_domain_id, SESSION server_id = @@GLOBAL.server_id");
}

/// Those that the server has not passed yet.
std::set<binlog::Gtid> RescueRun::left_out_from(const binlog::GtidPosition& position) {
  RescueLog log(record_.log);
  std::set<binlog::Gtid> out;
  const auto add = [&](const std::string& text) {
    const binlog::Gtid gtid = binlog::parse_gtid(text);
    if (!log.has(position, gtid)) out.insert(gtid);
  };
  for (const std::string& gtid : record_.skip) add(gtid);
  for (const RescueNote& conflict : record_.conflicts) add(conflict.subject);
  return out;
}

void RescueRun::fail_if_log_is_damaged() {
  RescueLog log(record_.log);
  fail_if_damaged(log, standing(), record_.skip);
}

void RescueRun::leave_out_conflict(const Error& error) {
  RescueLog log(record_.log);
  const binlog::GtidPosition at = standing();
  const auto failed = next_transaction(log, at, left_out_from(at));
  const std::string gtid = failed ? format_gtid(*failed) : "not known";
  if (!failed || !means_.leave_out_conflicts) {
    fail(Code::kRefused, format("transaction {} fails on what was rescued: {}", gtid, error.message),
         format("It needs what was left out, or what was left out is in its way. {}", conflict_hint(record_, gtid)));
  }
  log::warn("{} is left out: {}", gtid, error.message);
  record_.conflicts.push_back({.subject = gtid, .said = error.message});
  save_rescue(record_);
}

binlog::GtidPosition position_in_log(RescueLog& log, const binlog::GtidPosition& applied,
                                     const binlog::GtidPosition& logged) {
  const binlog::GtidState state = log.log()->state();
  const auto known = [&](const std::optional<binlog::Gtid>& gtid) { return gtid && state.covers(*gtid); };
  binlog::GtidPosition position = logged;
  for (const binlog::Gtid& gtid : applied.gtids()) {
    const auto of_its_log = logged.find(gtid.domain);
    if (known(of_its_log) && known(gtid) && !log.has(logged, gtid)) {
      fail(Code::kConflict,
           format("where it lies is not clear: its server has applied {} as a replica, and logged {} itself",
                  format_gtid(gtid), format_gtid(*of_its_log)));
    }
    if (!known(of_its_log) && (known(gtid) || !of_its_log)) position.update(gtid);
  }
  return position;
}

std::vector<binlog::Gtid> in_order_of_log(RescueLog& log, const std::set<binlog::Gtid>& gtids) {
  std::vector<binlog::Gtid> ordered(gtids.begin(), gtids.end());
  std::ranges::sort(ordered, {}, [&](const binlog::Gtid& gtid) { return log.find(gtid).value_or(LogPlace()); });
  return ordered;
}

std::optional<binlog::Gtid> next_transaction(RescueLog& log, const binlog::GtidPosition& position,
                                             const std::set<binlog::Gtid>& left_out) {
  const relay::LogIndex index(*log.log());
  std::optional<binlog::Gtid> next;
  for (const relay::ServedLog::File& file : log.files_from(position)) {
    index.visit(file, [&](const relay::IndexEntry& entry) {
      if (!entry.gtid || left_out.contains(*entry.gtid) || log.has(position, *entry.gtid)) return true;
      next = entry.gtid;
      return false;
    });
    if (next) break;
  }
  return next;
}

namespace {

bool has_any_of(std::string_view said, std::span<const std::string_view> all) {
  return std::ranges::any_of(all, [&](std::string_view words) { return said.find(words) != std::string_view::npos; });
}

}  // namespace

bool tells_damage(std::string_view said) {
  constexpr std::string_view kWords[] = {
      "from storage engine",           "doesn't exist in engine", "is corrupt",         "marked as crashed",
      "Incorrect information in file", "Incorrect key file",      "Error reading file", "Input/output error"};
  return !tells_full_disk(said) && has_any_of(said, kWords);
}

bool tells_full_disk(std::string_view said) {
  constexpr std::string_view kWords[] = {"No space left", "rror 28", "errno: 28", "Errcode: 28", "isk full", "is full"};
  return has_any_of(said, kWords);
}

bool tells_conflict(std::string_view said) {
  if (tells_damage(said)) return false;
  constexpr std::string_view kWords[] = {"HA_ERR_KEY_NOT_FOUND",
                                         "HA_ERR_FOUND_DUPP_KEY",
                                         "HA_ERR_END_OF_FILE",
                                         "doesn't exist",
                                         "does not exist",
                                         "already exists",
                                         "database exists",
                                         "Unknown table",
                                         "Unknown database",
                                         "Unknown column",
                                         "Unknown SEQUENCE",
                                         "Can't DROP",
                                         "Can't drop",
                                         "Can't find record",
                                         "Duplicate entry",
                                         "Duplicate column",
                                         "Duplicate key",
                                         "a foreign key constraint fails",
                                         "cannot be converted from type",
                                         "USER failed for",
                                         "XAER_NOTA"};
  return has_any_of(said, kWords);
}

}  // namespace lifeboat::rescue
