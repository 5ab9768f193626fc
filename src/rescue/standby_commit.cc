#include "rescue/standby_commit.h"

#include <expected>
#include <thread>

#include "base/error.h"
#include "base/log.h"
#include "rescue/standby_begin.h"
#include "volume/commit_call.h"
#include "volume/control_client.h"

namespace lifeboat::rescue {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

/// The server is held still no longer than this; then the commit is given up.
constexpr seconds kBlockPatience{10};
constexpr milliseconds kTryAgain{20};
/// Enough for recovery, and for replicas that join a promoted standby soon; the whole log is the relay's.
constexpr std::uint64_t kBinaryLogKept = std::uint64_t{256} << 20U;

/// The server commits nothing from construction to end(). The end of the connection ends it, too.
class CommitBlock {
 public:
  explicit CommitBlock(server::Connection& connection) : connection_(connection) {
    try {
      connection_.query("BACKUP STAGE START");
      connection_.query("BACKUP STAGE FLUSH");
      connection_.query("BACKUP STAGE BLOCK_DDL");
      watch_ = Stopwatch();
      connection_.query("BACKUP STAGE BLOCK_COMMIT");
    } catch (const Exception& e) {
      release();
      if (e.error().message.find("Lock wait timeout") == std::string::npos) throw;
      fail(
          Code::kTimeout, format("the standby's server was not to be held still within {} s", kBlockPatience.count()),
          "A long statement runs on it, or somebody locks its tables (SHOW PROCESSLIST). It is tried again at the next "
          "commit.");
    }
  }
  CommitBlock(const CommitBlock&) = delete;
  CommitBlock& operator=(const CommitBlock&) = delete;
  ~CommitBlock() {
    if (!ended_) release();
  }

  /// Throws if the server was not held until now. Returns for how long it was.
  double end() {
    ended_ = true;
    connection_.query("BACKUP STAGE END");
    return watch_.seconds() * 1000;
  }

 private:
  void release() noexcept {
    try {
      connection_.query("BACKUP STAGE END");
    } catch (...) {
      log::debug("BACKUP STAGE END: {}", current_error().text());  // then the connection's end does it
    }
  }

  server::Connection& connection_;
  Stopwatch watch_;
  bool ended_ = false;
};

/// Where a server stands, told while nothing commits; or why this is no moment for an image of it.
using TellPosition = std::function<std::expected<binlog::GtidPosition, std::string>(StandbyServer& server)>;

class CommitUnderBlock {
 public:
  CommitUnderBlock(const StandbyCommitRequest& request, TellPosition tell)
      : request_(request),
        tell_(std::move(tell)),
        volume_(volume::volume_directory(request.branch.directory.parent_path().parent_path(), request.branch.name)),
        server_(request.branch.socket, request.logins, kBlockPatience + seconds(5)) {}

  StandbyServer& server() { return server_; }

  StandbyCommit run() {
    server_.connection().query(format("SET SESSION lock_wait_timeout = {}", kBlockPatience.count()));
    static_cast<void>(server_.applied());  // what that has to find out first is not found out in the block
    volume::control_call(volume_, "settle");
    const auto deadline = std::chrono::steady_clock::now() + kBlockPatience;
    for (;;) {
      const std::optional<std::string> why_not = try_once();
      if (!why_not) return std::move(made_);
      if (std::chrono::steady_clock::now() > deadline) {
        fail(Code::kTimeout, format("{}: no moment to commit it was found: {}", request_.branch.name, *why_not),
             "It is tried again at the next commit; lifeboat standby status shows how old the last one is.");
      }
      std::this_thread::sleep_for(kTryAgain);
    }
  }

 private:
  std::optional<std::string> try_once() {
    CommitBlock block(server_.connection());
    const auto at = tell_(server_);
    if (!at) return at.error();
    const ImagePosition position{.gtid = *at, .file = "", .source = request_.source, .taken = now()};
    made_.gtid = position.gtid;
    made_.time = position.taken;
    const json::object made =
        volume::commit_described(volume_, {.at_snapshot =
                                               [&] {
                                                 made_.block_ms = block.end();
                                                 return json::object{{"position", to_json(position)}};
                                               },
                                           .snapshot_patience = kBlockPatience,
                                           .on_progress = {}});
    made_.image = json_string(made, "image");
    made_.seconds = watch_.seconds();
    return std::nullopt;
  }

  const StandbyCommitRequest& request_;
  TellPosition tell_;
  Path volume_;
  StandbyServer server_;
  Stopwatch watch_;
  StandbyCommit made_;
};

std::string proving_branch(const server::BranchRecord& standby) {
  return format("{}-proof", standby.name);
}

std::expected<binlog::GtidPosition, std::string> position_of_standby(StandbyServer& server) {
  binlog::GtidPosition applied = server.applied();
  if (auto why_not = reason_to_wait(applied, server.logged(), server.server_id())) return std::unexpected(*why_not);
  return applied;
}

/// What it was brought to, and what it has logged since.
std::expected<binlog::GtidPosition, std::string> position_of_primary(StandbyServer& server) {
  return later_of(server.applied(), server.logged());
}

void prove_image(const StandbyCommitRequest& request, const StandbyCommit& made) {
  const binlog::GtidPosition said = position_when_booted(made.image, request);
  if (said == made.gtid) return;
  fail(Code::kCorruption,
       format("image {} says that it is at {}, but booted it is at {}", made.image, made.gtid.format(), said.format()),
       "Do not replay a log onto it by what it says of itself. An older image: lifeboat image ls.");
}

}  // namespace

std::optional<std::string> reason_to_wait(const binlog::GtidPosition& applied, const binlog::GtidPosition& logged,
                                          std::uint32_t server_id) {
  for (const binlog::Gtid& gtid : logged.gtids()) {
    if (applied.reached(gtid)) continue;
    if (gtid.server == server_id) {
      return format(
          "somebody wrote to the standby itself, or its server finished DDL after a kill ({} is not of its source)",
          binlog::format_gtid(gtid));
    }
    // DDL, XA and what is not transactional: done and logged, but its position is a transaction of its own.
    return format("{} is done and not yet recorded", binlog::format_gtid(gtid));
  }
  return std::nullopt;
}

StandbyCommit commit_standby(const StandbyCommitRequest& request) {
  const Path& directory = request.branch.directory;
  const FileLock lock(directory / "standby-commit.lock", format("a commit of standby {}", request.branch.name));
  check_not_taken(directory);
  const auto before = find_standby_commit(directory);
  CommitUnderBlock commit(request, position_of_standby);
  commit.server().purge_binary_logs(kBinaryLogKept);
  StandbyCommit made = commit.run();
  if (before) made.last_proven = before->last_proven;
  save_standby_commit(directory, made);
  if (!request.prove && !made.last_proven.empty()) return made;
  prove_image(request, made);
  made.last_proven = made.image;
  save_standby_commit(directory, made);
  return made;
}

StandbyCommit commit_primary(const StandbyCommitRequest& request) {
  const FileLock lock(request.branch.directory / "standby-commit.lock", format("a commit of {}", request.branch.name));
  return CommitUnderBlock(request, position_of_primary).run();
}

void remove_proving_branch(const server::BranchRecord& standby) {
  const Path root = standby.directory.parent_path().parent_path();
  if (const auto left = server::find_branch(root, proving_branch(standby))) server::discard_branch(*left);
}

binlog::GtidPosition position_when_booted(const std::string& image, const StandbyCommitRequest& request) {
  remove_proving_branch(request.branch);
  server::BranchRequest boot = request.boot;
  boot.image = image;
  boot.name = proving_branch(request.branch);
  boot.mount.hydrate = false;
  const server::StartedBranch started = server::start_branch(boot);
  struct Remover {
    const server::BranchRecord& standby;
    ~Remover() {
      try {
        remove_proving_branch(standby);
      } catch (...) {
        log::warn("the branch that proved an image is left: {}", current_error().text());
      }
    }
  } const remover{request.branch};
  StandbyServer booted(started.record.socket, request.logins, kBlockPatience);
  return binlog::GtidPosition::parse(booted.connection().value("SELECT @@global.gtid_slave_pos"));
}

}  // namespace lifeboat::rescue
