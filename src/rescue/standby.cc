#include "rescue/standby.h"

#include <unistd.h>

#include <future>
#include <thread>

#include "base/error.h"
#include "base/log.h"
#include "rescue/standby_begin.h"
#include "rescue/standby_commit.h"
#include "rescue/standby_judgement.h"
#include "rescue/standby_next.h"
#include "rescue/standby_relay.h"
#include "volume/control_client.h"

namespace lifeboat::rescue {
namespace {

using std::chrono::seconds;

constexpr seconds kStandbyServerPatience{10};
constexpr seconds kStandbyStopPatience{60};

class Standby {
 public:
  explicit Standby(const StandbyOptions& options)
      : options_(options),
        root_(options.boot.mount.state_root),
        directory_(server::branches_directory(root_) / options.name),
        lock_(locked(directory_, options.name)),
        commits_(options.commit_every) {
    if (!options.relay_directory.empty()) relay_.emplace(options.relay_directory);
    status_.process = ProcessIdentity::of(::getpid());
    status_.name = options.name;
    status_.commit_every = options.commit_every;
    status_.delay = options.delay;
  }

  void run(const std::atomic<bool>& stop) {
    if (taken()) return;
    find_relay();
    if (replaced_) return;
    try {
      start_server();
      begin();
      remove_proving_branch(record_);
    } catch (...) {
      if (started_) server::stop_branch(record_, kStandbyStopPatience);
      throw;
    }
    log::info("standby {} follows {} from {}", options_.name, login_.address.text(), server_->applied().format());
    while (!stop && !taken() && !replaced_) {
      tick();
      for (int i = 0; i < 20 && !stop && !taken(); ++i) std::this_thread::sleep_for(std::chrono::milliseconds(50));
    }
    if (taken()) return let_go();
    end();
  }

 private:
  static FileLock locked(const Path& directory, const std::string& name) {
    volume::check_volume_name(name);
    make_directories(directory);
    return {directory / "standby.lock", format("standby {}", name)};
  }

  bool taken() const { return find_standby_taken(directory_).has_value(); }

  /// A rescue waits for the lock: from here on nothing is said to the server. An image that is under way is finished.
  void let_go() {
    server_.reset();
    lock_.reset();
    if (committing_.valid()) committing_.wait();
  }

  void find_relay() {
    login_.user = options_.user;
    login_.password = options_.password;
    login_.delay = options_.delay;
    if (options_.relay) login_.address = *options_.relay;
    if (relay_) {
      const RelayedSource source = relay_->source(options_.relay, known_source(), applied());
      login_.address = address_of(source);
      status_.source = source.source;
      replaced_ = !source.replaced_by.empty();
    }
    status_.relay = login_.address.text();
  }

  /// At the last look.
  binlog::GtidPosition applied() const { return binlog::GtidPosition::parse(status_.gtid); }

  std::string known_source() const {
    const auto origin = find_standby_origin(directory_);
    return origin ? origin->source : "";
  }

  /// As it was given, unless the source has moved since.
  net::Endpoint address_of(const RelayedSource& source) const {
    return options_.relay && options_.relay->port == source.listen.port ? *options_.relay : source.listen;
  }

  void start_server() {
    status_.state = StandbyState::kStarting;
    server_.reset();
    auto found = server::find_branch(root_, options_.name);
    if (!found) check_can_begin(options_.boot, options_.image);
    save();
    if (!found || found->state != server::BranchState::kRunning) {
      server::BranchRequest request = options_.boot;
      request.name = options_.name;
      request.image = options_.image;
      request.replica.emplace();
      server::start_branch(request);
      started_ = true;
      found = server::open_branch(root_, options_.name);
    }
    record_ = std::move(*found);
    server_.emplace(record_.socket, options_.logins, kStandbyServerPatience);
    if (!server_->is_replica()) {
      fail(Code::kBusy, format("branch {} runs, and was not started as a standby", options_.name),
           format("Stop it first: lifeboat branch stop {}", options_.name));
    }
    if (server_->state().idle()) server_->recover_position();
  }

  /// From its image's position if it never replicated, else from where it stands.
  void begin() {
    begin_standby(record_, options_.boot, *server_, status_.source);
    note_source();
    status_.last_commit = find_standby_commit(directory_);
    if (status_.last_commit) commits_.last_was(now() - status_.last_commit->time, std::chrono::steady_clock::now());
    follow();
  }

  /// The source may have another address by now.
  void note_source() {
    StandbyOrigin origin = find_standby_origin(record_.directory).value();
    if (!status_.source.empty() && origin.source != status_.source) {
      origin.source = status_.source;
      save_standby_origin(record_.directory, origin);
    }
    source_ = origin.source;
    status_.source = source_.empty() ? status_.relay : source_;
  }

  void follow() {
    if (!server_->state().follows(login_)) server_->follow(login_);
  }

  void tick() {
    try {
      keep_running();
      look();
      keep_following();
    } catch (...) {
      const Error error = current_error();
      if (error.code == Code::kCancelled) return;
      note_down(error);
    }
    take_commit();
    commit_if_due();
    save();
  }

  void keep_running() {
    const auto found = server::find_branch(root_, options_.name);
    if (found && found->state == server::BranchState::kRunning && server_) return;
    server_.reset();
    if (!restarts_.due(std::chrono::steady_clock::now())) {
      fail(Code::kUnavailable, status_.problem.empty() ? "its server does not run" : status_.problem, status_.hint);
    }
    restarts_.failed(std::chrono::steady_clock::now());
    log::warn("standby {}: its branch is {}, its server does not answer; that is mended", options_.name,
              found ? server::branch_state_name(found->state) : "gone");
    start_server();
    follow();
    restarts_.succeeded();
    log::info("standby {}: follows again from {}", options_.name, server_->applied().format());
  }

  void look() {
    StandbyView view{.replica = server_->state(), .held = std::nullopt, .relay_trouble = ""};
    status_.gtid = server_->applied().format();
    status_.holds_known = false;
    if (relay_) look_at_relay(view);
    judge(view, now(), status_);
    replica_ = view.replica;
  }

  void look_at_relay(StandbyView& view) {
    try {
      const RelayedSource source = relay_->source(options_.relay, known_source(), applied());
      // It was started anew with another port, or the source has moved.
      if (address_of(source) != login_.address || source.source != status_.source) {
        find_relay();
        note_source();
        server_->follow(login_);
      }
      replaced_ = !source.replaced_by.empty();
      status_.relay_gtid = source.gtid;
      view.relay_trouble = relay_->running() ? source.trouble : "the relay does not run";
      view.held = relay_->held(record_.server_id);
      status_.holds_known = true;
    } catch (const Exception& e) {
      view.relay_trouble = e.error().text();
    }
  }

  /// The server connects again by itself; threads that it gave up are started again.
  void keep_following() {
    if (replica_.fetching != "No" && replica_.applying) {
      follows_.succeeded();
      return;
    }
    if (!follows_.due(std::chrono::steady_clock::now())) return;
    follows_.failed(std::chrono::steady_clock::now());
    log::warn("standby {}: {}; replication is started again", options_.name, status_.problem);
    find_relay();
    server_->follow(login_);
  }

  void note_down(const Error& error) {
    if (error.code != Code::kRefused) server_.reset();  // what the server answers, it lives
    status_.state = StandbyState::kDown;
    status_.lag_seconds.reset();
    status_.problem = error.text();
    status_.hint = error.hint;
  }

  void commit_if_due() {
    if (!server_ || committing_.valid()) return;
    const bool something_new = !status_.last_commit || status_.last_commit->gtid.format() != status_.gtid;
    const auto time = std::chrono::steady_clock::now();
    if (!commits_.due(time, something_new, volume())) return;
    commits_.begin(time);
    StandbyCommitRequest request{.branch = record_,
                                 .source = source_,
                                 .logins = options_.logins,
                                 .prove = options_.prove_each,
                                 .boot = options_.boot};
    committing_ = std::async(std::launch::async, [request = std::move(request)] { return commit_standby(request); });
  }

  CommitClock::Volume volume() const {
    if (!record_.volume || record_.volume->space_max == 0) return {};
    try {
      const json::object status = volume::control_call(record_.volume->state_dir, "status", {}, kStandbyServerPatience);
      return {.dirty_bytes = static_cast<std::uint64_t>(json_integer(status, "dirty_bytes")),
              .space_max = record_.volume->space_max};
    } catch (const Exception& e) {
      log::debug("volume: {}", e.error().text());
      return {};
    }
  }

  void take_commit() {
    if (committing_.valid() && committing_.wait_for(seconds(0)) == std::future_status::ready) {
      try {
        const StandbyCommit made = committing_.get();
        commit_problem_ = {};
        log::info("standby {}: image {} at {}, commits held for {:.1f} ms", options_.name, made.image,
                  made.gtid.format(), made.block_ms);
      } catch (...) {
        const Error error = current_error();
        log::warn("standby {}: not committed: {}", options_.name, error.text());
        if (error.code != Code::kBusy) commit_problem_ = error;  // busy: somebody else commits it
      }
    }
    status_.committing = committing_.valid();
    status_.last_commit = find_standby_commit(directory_);  // `standby commit` may have made one
    if (status_.problem.empty() && !commit_problem_.message.empty()) {
      status_.problem = format("the last commit failed: {}", commit_problem_.text());
      status_.hint = commit_problem_.hint;
    }
  }

  /// A full disk must not end what still replicates.
  void save() {
    try {
      status_.updated = now();
      save_standby_status(directory_, status_);
    } catch (const Exception& e) {
      log::warn("{}", e.what());
    }
  }

  void end() {
    log::info("standby {}: stopping", options_.name);
    if (committing_.valid()) committing_.wait();
    server_.reset();
    if (!server::stop_branch(record_, kStandbyStopPatience)) log::warn("its server had to be killed");
  }

  const StandbyOptions& options_;
  Path root_;
  Path directory_;
  std::optional<FileLock> lock_;
  std::optional<StandbyRelay> relay_;
  RelayLogin login_;
  std::string source_;  ///< whose history it has; empty: the relay is on another host, and its image did not say
  server::BranchRecord record_;
  bool started_ = false;                 ///< the server, by this process
  bool replaced_ = false;                ///< another server is production since, and this one's source is not
  std::optional<StandbyServer> server_;  ///< empty: it does not answer
  ReplicaState replica_;                 ///< at the last look
  StandbyStatus status_;
  RetryClock restarts_;
  RetryClock follows_;
  CommitClock commits_;
  Error commit_problem_;
  std::future<StandbyCommit> committing_;
};

}  // namespace

void run_standby(const StandbyOptions& options, const std::atomic<bool>& stop) {
  StandbyOptions now = options;
  while (!stop) {
    const std::string by = rescue_instead_of(now);
    if (by.empty()) {
      Standby(now).run(stop);
      continue;
    }
    auto next = await_next_standby(now, by, stop);
    if (!next) return;
    now = std::move(*next);
  }
}

}  // namespace lifeboat::rescue
