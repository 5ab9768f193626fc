#include "rescue/rescue_run.h"

#include <algorithm>
#include <thread>

#include "base/cancel.h"
#include "base/error.h"
#include "base/log.h"
#include "rescue/doubtful.h"
#include "rescue/forecast_keeper.h"
#include "rescue/history_identity.h"
#include "rescue/image_position.h"
#include "rescue/rescue_check.h"
#include "rescue/rescue_order.h"
#include "server/instance.h"
#include "vault/image_reader.h"

namespace lifeboat::rescue {
namespace {

constexpr std::chrono::seconds kQueryPatience{600};
constexpr std::chrono::minutes kBootPatience{10};
constexpr std::chrono::milliseconds kKnockEvery{100};

/// With a binary log, so that the relay can follow it once it is in place; unless its image lacks the one that tells
/// the fate of what was only prepared.
server::StartedBranch start_logging(server::BranchRequest request) {
  request.binary_log = true;
  try {
    return server::start_branch(request);
  } catch (const Exception& e) {
    if (!server::tells_undecided(e.error())) throw;
    log::warn("branch {}: without a binary log, what was only prepared is taken for committed", request.name);
    request.binary_log = false;
    return server::start_branch(request);
  }
}

}  // namespace

void RescueRun::run() {
  for (bool tried = false;;) {
    try {
      return record_.standby.empty() ? try_image() : promote_standby();
    } catch (const Exception& e) {
      const bool died = !record_.standby.empty() && e.code() == Code::kUnavailable;
      if (died && !std::exchange(tried, true)) {
        log::warn("{}; the standby is started again", e.error().text());
        continue;
      }
      if (!has_another() || !may_pass_over(e.error())) throw;
      if (record_.standby.empty()) {
        pass_over_image(e.error().text());
      } else {
        pass_over_standby(e.error().text());
      }
    }
  }
}

void RescueRun::try_image() {
  ensure_running();
  if (record_.start.empty()) find_start();
  phase("replay", [this] { replay(record_.until); });
  check();
}

void RescueRun::phase(const std::string& name, const std::function<void()>& work) {
  if (means_.forecast != nullptr) means_.forecast->begin(name);
  run_phase(record_, name, work);
  if (means_.forecast != nullptr) means_.forecast->end();
}

void RescueRun::check() {
  phase("check", [this] {
    record_.checks = check_rescued(*connection_, record_.objects);
    RescueLog log(record_.log);
    record_.doubtful = find_doubtful(log, record_.skip, binlog::GtidPosition::parse(record_.until));
  });
  record_.ready = true;
  save_rescue(record_);
}

void RescueRun::ensure_running() {
  const auto found = server::find_branch(means_.branch.mount.state_root, record_.branch());
  const bool of_image = record_.standby.empty();
  if (found && found->state == server::BranchState::kRunning) {
    branch_ = *found;
    const bool booted = !of_image || phase_is_through(record_, "boot");
    if (!booted) note_phase(record_, "boot", branch_.started, branch_.first_query_seconds);
  } else if (of_image) {
    start_branch();
  } else {
    start_standby();
  }
  connect();
  if (!of_image) restart_as_replica();
}

void RescueRun::start_branch() {
  // Where the server is started again, that is a part of the phase that runs.
  ForecastKeeper* const forecast = phase_is_through(record_, "boot") ? nullptr : means_.forecast;
  server::BranchRequest request = means_.branch;
  request.name = record_.name;
  request.image = record_.images.front();
  const auto found = server::find_branch(request.mount.state_root, record_.name);
  if (!found || !found->volume) record_.placed = false;  // it is the image again
  const SystemTime begun = now();
  note_phase(record_, "mount", begun, std::nullopt);
  save_rescue(record_);
  if (forecast != nullptr) forecast->begin("mount");
  const server::StartedBranch started = start_logging(request);
  if (forecast != nullptr) {
    forecast->begin_after(started.mount_seconds, "boot");
    forecast->end();
  }
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
      fail(Code::kDenied, format("branch {}: its server lets nobody in: {}", branch_.name, knocked.why),
           "The same command with an account that has SUPER: --user NAME --user-password-file FILE.");
    }
    if (!branch_.process.alive() || std::chrono::steady_clock::now() > deadline) {
      fail(Code::kUnavailable, format("branch {}: its server does not answer: {}", branch_.name, knocked.why),
           format("It says why in {}", branch_.error_log().string()));
    }
    std::this_thread::sleep_for(kKnockEvery);
  }
}

binlog::GtidPosition RescueRun::position() {
  RescueLog log(record_.log);
  return position_in_log(log, applied(), logged());
}

/// As the image says, else as its server does, which is believed once and then written down.
void RescueRun::find_start() {
  const auto vault = means_.branch.open_vault();
  const vault::ImageInfo image = vault::ImageReader(*vault, record_.images.front()).info();
  if (const auto known = position_of(image)) {
    record_.start = known->gtid.format();
  } else {
    const binlog::GtidPosition at = position();
    check_start(at, image.time);
    record_.start = at.format();
  }
  save_rescue(record_);
}

/// Whether an image will do that did not say where it lies, so that its plan was made by times.
void RescueRun::check_start(const binlog::GtidPosition& at, SystemTime taken) {
  RescueLog log(record_.log);
  check_history(log, at, taken);
  if (at.empty() || !log.knows(at)) {
    fail(
        Code::kConflict,
        format("image {} does not say where it lies in this log ('{}')", record_.images.front(), at.format()),
        "Its server had logged nothing yet, or is another one. Make a new image of the source (lifeboat seed), or name "
        "an older one: lifeboat rescue --image NAME.");
  }
  const binlog::GtidPosition until = binlog::GtidPosition::parse(record_.until);
  for (const std::string& gtid : record_.skip) {
    const bool before = std::ranges::find(record_.skipped_before, gtid) != record_.skipped_before.end();
    if (before || !log.has(at, binlog::parse_gtid(gtid))) continue;
    fail(Code::kConflict, format("image {} holds {} already", record_.images.front(), gtid));
  }
  for (const binlog::Gtid& gtid : at.gtids()) {
    if (!log.end().find(gtid.domain) || log.has(until, gtid)) continue;
    fail(Code::kConflict, format("image {} lies after {}", record_.images.front(), record_.until));
  }
}

void RescueRun::check_history(RescueLog& log, const binlog::GtidPosition& at, SystemTime taken) const {
  const std::string& image = record_.images.front();
  const std::string proof = other_files(log, branch_.data_directory(), taken);
  if (!proof.empty()) fail(Code::kConflict, format("image {} is not of this log's server: {}", image, proof));
  const std::string doubt = HistoryIdentity(log).later(at, taken);
  if (doubt.empty()) return;
  const json::value* asked = record_.request.if_contains("image");
  if (asked == nullptr || !asked->is_string() || !insists_on_image(std::string(asked->get_string()))) {
    fail(Code::kConflict, format("image {}: {}", image, doubt),
         format("`lifeboat rescue --image {}` takes it all the same.", image));
  }
  log::warn("image {}: {}; it is taken because you named it", image, doubt);
}

bool RescueRun::has_another() const {
  return record_.standby.empty() ? record_.images.size() > 1 : !record_.instead.empty();
}

/// What is damaged, or a server cannot live on, or is not as it was when the plan was made; unless the vault is away.
bool RescueRun::may_pass_over(const Error& error) const {
  if (stop_requested()) return false;
  switch (error.code) {
    case Code::kCorruption:
    case Code::kNotFound:
    case Code::kIo:
    case Code::kConflict:
      return true;
    case Code::kRefused:  // by a standby's server; unless people have to decide what is to be left out
      return !record_.standby.empty() && !tells_conflict(error.message);
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

void RescueRun::pass_over_image(const std::string& why) {
  log::warn("image {} will not do: {}", record_.images.front(), why);
  connection_.reset();
  if (const auto branch = server::find_branch(means_.branch.mount.state_root, record_.name)) {
    server::discard_branch(*branch);
  }
  record_.passed_over.push_back({.subject = record_.images.front(), .said = why});
  record_.images.erase(record_.images.begin());
  std::erase_if(record_.phases, [](const RescuePhase& phase) { return phase.name != "log"; });
  record_.conflicts.clear();
  record_.start.clear();
  record_.placed = false;
  save_rescue(record_);
}

}  // namespace lifeboat::rescue
