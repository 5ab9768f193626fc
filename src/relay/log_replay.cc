#include "relay/log_replay.h"

#include <algorithm>
#include <mutex>

#include "base/cancel.h"
#include "base/error.h"
#include "base/random.h"
#include "relay/gate.h"
#include "relay/history_log.h"
#include "relay/replaying_server.h"
#include "relay/replica_server.h"

namespace lifeboat::relay {
namespace {

constexpr std::string_view kReplayUser = "lifeboat-replay";
constexpr std::chrono::milliseconds kProgressEvery{100};

class LeavingOut : public Gate {
 public:
  explicit LeavingOut(const std::set<binlog::Gtid>& skip) {
    for (const binlog::Gtid& each : skip) skip_.insert(format_gtid(each));
  }
  GateAnswer answer(const GroupPlace& place, const ReplicaName& /*replica*/) override {
    if (!skip_.contains(place.gtid)) return {};
    const std::scoped_lock lock(mutex_);
    met_.insert(place.gtid);
    return {.verdict = Verdict::kSkip, .reason = {}};
  }
  bool left_out(const GroupPlace& place, const ReplicaName& /*replica*/) const override {
    return skip_.contains(place.gtid);
  }
  std::size_t met() const {
    const std::scoped_lock lock(mutex_);
    return met_.size();
  }

 private:
  std::set<std::string> skip_;
  mutable std::mutex mutex_;  ///< guards what follows
  std::set<std::string> met_;
};

/// Where the log's older files are brought to. A relay that runs on the log has a place of its own.
class ReplayedLog {
 public:
  ReplayedLog(std::shared_ptr<LogDirectory> log, std::shared_ptr<VaultDoor> door) : log_(std::move(log)) {
    if (door == nullptr) return;
    const Path place = log_->path() / "replay";
    make_directories(place);
    lock_.emplace(place / "lock", format("{}: its replay from the vault", log_->path().string()));
    history_.emplace(log_, std::move(door), place / "history");
  }
  ServedLog& served() { return history_ ? static_cast<ServedLog&>(*history_) : *log_; }

 private:
  std::shared_ptr<LogDirectory> log_;
  std::optional<FileLock> lock_;
  std::optional<HistoryLog> history_;
};

/// Tells how many bytes of the log are done, from the places that the server has reached.
class ReplayProgress {
 public:
  /// `whole`: all of the log is on the disk, so that its size is known.
  ReplayProgress(ServedLog& log, bool whole, Progress* progress) : log_(log), whole_(whole), progress_(progress) {}
  void at(const LogPosition& place) {
    if (progress_ == nullptr || place.file.empty()) return;
    if (last_.file.empty()) begin(place);
    if (place.file != last_.file) {
      add(log_.end_of(last_.file).readable);
      last_ = {.file = place.file, .position = 0};
    }
    add(place.position);
  }

 private:
  void begin(const LogPosition& place) {
    last_ = place;
    if (!whole_) return;
    std::uint64_t left = 0;
    bool ahead = false;
    for (const ServedLog::File& file : log_.files()) {
      ahead = ahead || file.name == place.file;
      if (ahead) left += log_.end_of(file.name).readable;
    }
    progress_->set_total(left - std::min(left, place.position));
  }
  void add(std::uint64_t to) {
    if (to <= last_.position) return;
    progress_->add(to - last_.position);
    last_.position = to;
  }

  ServedLog& log_;
  bool whole_;
  Progress* progress_;
  LogPosition last_{.file = {}, .position = 0};
};

[[noreturn]] void fail_beyond(const binlog::Gtid& gtid, const binlog::GtidState& log) {
  fail(Code::kNotFound,
       format("the log has no transaction {}: it ends at {}", format_gtid(gtid), log.position().format()));
}

void check_until(const std::string& until, const binlog::GtidState& log) {
  for (const binlog::Gtid& each : binlog::GtidPosition::parse(until).gtids()) {
    if (!log.covers(each)) fail_beyond(each, log);
  }
}

/// A server may have domains of which the log knows nothing.
void check_from(const std::string& from, const binlog::GtidState& log) {
  for (const binlog::Gtid& each : binlog::GtidPosition::parse(from).gtids()) {
    if (log.last(each.domain) && !log.covers(each)) fail_beyond(each, log);
  }
}

std::set<std::uint32_t> servers_of(const ServedLog& log) {
  std::set<std::uint32_t> servers;
  for (const binlog::Gtid& each : log.state().list()) servers.insert(each.server);
  if (const auto source = log.source()) servers.insert(source->server_id);
  return servers;
}

/// What the server had already counts as left out: a replay that goes on has passed it.
void check_left_out(const std::set<binlog::Gtid>& skip, std::size_t met, const binlog::GtidPosition& from) {
  const auto wanted = static_cast<std::size_t>(
      std::ranges::count_if(skip, [&](const binlog::Gtid& each) { return !from.reached(each); }));
  if (met == wanted) return;
  fail(Code::kNotFound,
       format("{} of {} transactions to be left out are not in what was replayed", wanted - met, wanted),
       "All else was applied. `lifeboat log dangers` tells the right GTID; begin again from the image.");
}

}  // namespace

LogReplayReport replay_log(const std::shared_ptr<LogDirectory>& log, const std::shared_ptr<VaultDoor>& door,
                           server::Connection& connection, const LogReplayRequest& request) {
  const Stopwatch watch;
  if (log->files().empty()) fail(Code::kNotFound, format("{}: holds no log", log->path().string()));
  ReplayedLog replayed(log, door);
  LogReplayReport report;
  report.until = request.until.value_or(log->state().position().format());
  check_until(report.until, log->state());

  const ReplayLogin login{.user = std::string(kReplayUser), .password = random_hex(16)};
  ReplicaServerOptions options{.listen = {.host = "127.0.0.1", .port = 0}, .rules_file = {}};
  options.accounts.add(login.user, codec::Secret(std::string_view(login.password)));
  LeavingOut gate(request.skip);
  ReplayingServer server(connection, login);
  report.from = request.from ? *request.from : server.position();
  check_from(report.from, log->state());
  {
    ReplicaPort port(options);
    const ReplicaServer serving(options, port, replayed.served(), gate);
    ReplayProgress progress(replayed.served(), door == nullptr, request.progress);
    server.follow({.from = {.host = "127.0.0.1", .port = serving.port()},
                   .start = report.from,
                   .until = report.until,
                   .servers = servers_of(*log)});
    while (!server.reached(kProgressEvery)) {
      progress.at(server.applied());
      throw_if_cancelled();
    }
    server.finish();
  }
  report.skipped = gate.met();
  report.seconds = watch.seconds();
  check_left_out(request.skip, gate.met(), binlog::GtidPosition::parse(report.from));
  return report;
}

}  // namespace lifeboat::relay
