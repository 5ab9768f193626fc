#include "rescue/rescue_run.h"

#include <algorithm>
#include <thread>

#include "base/cancel.h"
#include "base/error.h"
#include "base/log.h"
#include "relay/log_replay.h"
#include "rescue/image_position.h"
#include "rescue/rescue_check.h"
#include "vault/image_reader.h"

namespace lifeboat::rescue {
namespace {

constexpr std::chrono::seconds kQueryPatience{600};
constexpr std::chrono::minutes kBootPatience{10};
constexpr std::chrono::milliseconds kKnockEvery{100};
constexpr std::chrono::seconds kStopPatience{60};
/// Times that a server which dies in the middle of the replay is started again.
constexpr int kRevivals = 2;

binlog::GtidPosition position_before(const RescueLog& log, const binlog::Gtid& gtid) {
  const auto found = relay::LogIndex(*log.log()).find(format_gtid(gtid));
  if (!found) fail(Code::kNotFound, format("the log has no transaction {}", format_gtid(gtid)));
  return log.moment(format("{}:{}", found->file.name, found->entry.begin));
}

std::vector<binlog::Gtid> in_order_of_log(RescueLog& log, const std::set<binlog::Gtid>& gtids) {
  std::vector<binlog::Gtid> ordered(gtids.begin(), gtids.end());
  std::ranges::sort(ordered, {}, [&](const binlog::Gtid& gtid) { return log.find(gtid).value_or(LogPlace()); });
  return ordered;
}

}  // namespace

void RescueRun::run() {
  for (;;) {
    try {
      return try_image();
    } catch (const Exception& e) {
      if (!may_pass_over(e.error())) throw;
      pass_over(e.error().text());
    }
  }
}

void RescueRun::try_image() {
  ensure_running();
  if (record_.start.empty()) find_start();
  run_phase(record_, "replay", [this] { replay(record_.until); });
  run_phase(record_, "check", [this] { record_.checks = check_rescued(*connection_, record_.objects); });
  record_.ready = true;
  save_rescue(record_);
}

void RescueRun::ensure_running() {
  const auto found = server::find_branch(means_.branch.mount.state_root, record_.name);
  if (found && found->state == server::BranchState::kRunning) {
    branch_ = *found;
    if (!phase_is_through(record_, "boot")) note_phase(record_, "boot", branch_.started, branch_.first_query_seconds);
  } else {
    start_branch();
  }
  connect();
}

void RescueRun::start_branch() {
  server::BranchRequest request = means_.branch;
  request.name = record_.name;
  request.image = record_.images.front();
  const SystemTime begun = now();
  note_phase(record_, "mount", begun, std::nullopt);
  save_rescue(record_);
  const server::StartedBranch started = server::start_branch(request);
  branch_ = started.record;
  const auto mounted =
      std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::duration<double>(started.mount_seconds));
  note_phase(record_, "mount", begun, started.mount_seconds);
  note_phase(record_, "boot", begun + mounted, started.boot_seconds);
  save_rescue(record_);
}

void RescueRun::connect() {
  const auto deadline = std::chrono::steady_clock::now() + kBootPatience;
  for (;;) {
    throw_if_cancelled();
    server::KnockResult knocked = server::knock(branch_.socket, means_.branch.logins, kQueryPatience);
    if (knocked.connection != nullptr) {
      connection_ = std::move(knocked.connection);
      return;
    }
    if (knocked.knock == server::Knock::kDenied) {
      fail(Code::kDenied, format("branch {}: its server lets nobody in: {}", record_.name, knocked.why),
           "Give an account with SUPER: lifeboat rescue --user NAME --password-file FILE");
    }
    if (!branch_.process.alive() || std::chrono::steady_clock::now() > deadline) {
      fail(Code::kUnavailable, format("branch {}: its server does not answer: {}", record_.name, knocked.why),
           format("It says why in {}", branch_.error_log().string()));
    }
    std::this_thread::sleep_for(kKnockEvery);
  }
}

/// What the server has of the log: what it applied as a replica, else what it logged itself.
binlog::GtidPosition RescueRun::position() {
  auto applied = binlog::GtidPosition::parse(connection_->value("SELECT @@GLOBAL.gtid_slave_pos"));
  auto logged = binlog::GtidPosition::parse(connection_->value("SELECT @@GLOBAL.gtid_binlog_pos"));
  return applied.reached(logged) ? applied : logged;
}

/// As the image says, else as its server does, which is believed once and then written down.
void RescueRun::find_start() {
  const auto vault = means_.branch.open_vault();
  if (const auto known = position_of(vault::ImageReader(*vault, record_.images.front()).info())) {
    record_.start = known->gtid.format();
  } else {
    const binlog::GtidPosition at = position();
    check_start(at);
    record_.start = at.format();
  }
  save_rescue(record_);
}

/// Whether an image will do that did not say where it lies, so that its plan was made by times.
void RescueRun::check_start(const binlog::GtidPosition& at) {
  RescueLog log(record_.log);
  if (at.empty() || !log.knows(at)) {
    fail(Code::kConflict,
         format("image {} does not say where it lies in this log ('{}')", record_.images.front(), at.format()));
  }
  const binlog::GtidPosition until = binlog::GtidPosition::parse(record_.until);
  for (const std::string& gtid : record_.skip) {
    if (!log.has(at, binlog::parse_gtid(gtid))) continue;
    fail(Code::kConflict, format("image {} holds {} already", record_.images.front(), gtid));
  }
  for (const binlog::Gtid& gtid : at.gtids()) {
    if (!log.end().find(gtid.domain) || log.has(until, gtid)) continue;
    fail(Code::kConflict, format("image {} lies after {}", record_.images.front(), record_.until));
  }
}

void RescueRun::replay(const std::string& until) {
  for (int revivals = 0;;) {
    try {
      return replay_once(until);
    } catch (const Exception& e) {
      if (e.code() == Code::kUnavailable && revivals++ < kRevivals) {
        log::warn("{}; it is started again", e.error().text());
        ensure_running();
      } else if (e.code() == Code::kRefused && tells_conflict(e.error().message)) {
        leave_out_conflict(e.error());
      } else {
        throw;
      }
    }
  }
}

/// In parts, each of which ends before a transaction that is left out. Left out in the middle of the stream, it would
/// be in gtid_slave_pos while parallel appliers are still at work on what lies before it: after a crash, or a
/// transaction that fails, those would be taken for applied.
void RescueRun::replay_once(const std::string& until) {
  // By default a replica takes CREATE TABLE for CREATE OR REPLACE TABLE: made anew after a DROP that is left out, a
  // table would lose what was saved.
  if (!record_.skip.empty()) connection_->query("SET GLOBAL slave_ddl_exec_mode = 'STRICT'");
  RescueLog log(record_.log);
  const auto end = binlog::GtidPosition::parse(until);
  const auto start = binlog::GtidPosition::parse(record_.start);
  const auto standing = [&] {
    auto applied = binlog::GtidPosition::parse(connection_->value("SELECT @@GLOBAL.gtid_slave_pos"));
    return applied.reached(start) ? applied : start;
  };
  const auto door =
      record_.relay.empty() ? nullptr : std::make_shared<relay::VaultDoor>(means_.vault_url, means_.branch.open_vault);
  const auto replay_part = [&](const binlog::GtidPosition& from, const binlog::GtidPosition& to) {
    if (to.empty()) return;
    Progress progress(means_.progress, "replay", 0);
    relay::LogReplayRequest request;
    request.from = from.format();
    request.until = to.format();
    request.progress = &progress;
    relay::replay_log(log.log(), door, *connection_, request);
  };
  binlog::GtidPosition at = standing();
  for (const binlog::Gtid& gtid : in_order_of_log(log, left_out_from(at))) {
    if (!log.has(end, gtid)) continue;
    replay_part(at, position_before(log, gtid));
    at = standing();
    at.update(gtid);
  }
  replay_part(at, end);
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

void RescueRun::leave_out_conflict(const Error& error) {
  RescueLog log(record_.log);
  const binlog::GtidPosition at = binlog::GtidPosition::parse(connection_->value("SELECT @@GLOBAL.gtid_slave_pos"));
  const auto failed = next_transaction(log, at, left_out_from(at));
  const std::string gtid = failed ? format_gtid(*failed) : "not known";
  if (!failed || !means_.leave_out_conflicts) {
    fail(Code::kRefused, format("transaction {} fails on what was rescued: {}", gtid, error.message),
         format("It needs what was left out, or what was left out is in its way. Leave it out, and all like it: "
                "lifeboat rescue --name {} --on-conflict skip",
                record_.name));
  }
  log::warn("{} is left out: {}", gtid, error.message);
  record_.conflicts.push_back({.subject = gtid, .said = error.message});
  save_rescue(record_);
}

/// An image that is damaged, or that a server cannot live on, unless it is the last one, or the vault is away.
bool RescueRun::may_pass_over(const Error& error) const {
  if (record_.images.size() < 2 || stop_requested()) return false;
  switch (error.code) {
    case Code::kCorruption:
    case Code::kNotFound:
    case Code::kIo:
    case Code::kConflict:
      return true;
    case Code::kUnavailable:
      try {
        static_cast<void>(means_.branch.open_vault());
        return true;
      } catch (const Exception&) {
        return false;
      }
    default:
      return false;
  }
}

void RescueRun::pass_over(const std::string& why) {
  log::warn("image {} will not do: {}", record_.images.front(), why);
  connection_.reset();
  if (auto branch = server::find_branch(means_.branch.mount.state_root, record_.name)) {
    server::stop_branch(*branch, kStopPatience);
    server::remove_branch(server::open_branch(means_.branch.mount.state_root, record_.name), true);
  }
  record_.passed_over.push_back({.subject = record_.images.front(), .said = why});
  record_.images.erase(record_.images.begin());
  std::erase_if(record_.phases, [](const RescuePhase& phase) { return phase.name != "log"; });
  record_.conflicts.clear();
  record_.start.clear();
  save_rescue(record_);
}

std::optional<binlog::Gtid> next_transaction(RescueLog& log, const binlog::GtidPosition& position,
                                             const std::set<binlog::Gtid>& left_out) {
  const auto place = log.place_of(position);
  const relay::LogIndex index(*log.log());
  std::optional<binlog::Gtid> next;
  for (const relay::ServedLog::File& file : log.log()->files()) {
    if (place && relay::log_file_number(file.name) < place->file) continue;
    index.visit(file, [&](const relay::IndexEntry& entry) {
      if (!entry.gtid || left_out.contains(*entry.gtid) || log.has(position, *entry.gtid)) return true;
      next = entry.gtid;
      return false;
    });
    if (next) break;
  }
  return next;
}

bool tells_conflict(std::string_view said) {
  constexpr std::string_view kWords[] = {
      "HA_ERR_KEY_NOT_FOUND", "HA_ERR_FOUND_DUPP_KEY", "HA_ERR_END_OF_FILE", "doesn't exist",    "already exists",
      "Unknown table",        "Unknown database",      "Unknown column",     "Unknown SEQUENCE", "Can't DROP",
      "Can't drop",           "Can't find record",     "Duplicate entry",    "Duplicate column", "Duplicate key"};
  return std::ranges::any_of(kWords,
                             [&](std::string_view words) { return said.find(words) != std::string_view::npos; });
}

}  // namespace lifeboat::rescue
