#include "rescue/drill_run.h"

#include <sys/resource.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <thread>

#include "base/cancel.h"
#include "base/error.h"
#include "base/log.h"
#include "base/process.h"
#include "rescue/drill_state.h"
#include "server/instance.h"
#include "vault/scrub.h"

namespace lifeboat::rescue {
namespace {

constexpr std::size_t kScrubFindingsMax = 100;
constexpr std::size_t kLogLines = 20;
/// The step in which a rescue does its part, in phases of its own.
constexpr std::string_view kBoot = "boot";

/// What of this host and its vault a measured time depends on.
json::object conditions_now(const std::string& vault_url, const std::string& label) {
  std::array<double, 1> load{};
  const bool known = ::getloadavg(load.data(), 1) == 1;
  return {{"processors", std::thread::hardware_concurrency()},
          {"load", known ? json::value(load[0]) : json::value(nullptr)},
          {"memory_bytes", server::available_memory()},
          {"store", vault_url.substr(0, vault_url.find(':'))},
          {"nice", ::getpriority(PRIO_PROCESS, 0)},
          {"host", host_name()},
          {"label", label}};
}

}  // namespace

Drill::Drill(const DrillRequest& request) : request_(request), means_(request.means) {
  record_.id = vault::make_proof_id(now());
  record_.begun = now();
  record_.level = request.level;
  record_.key = request.key;
  record_.objective = request.objective;
  means_.branch.on_boot = [this](const server::ServerInfo& info, const server::BranchRecord& branch) {
    redo_bytes_ = info.redo_to_apply;
    record_.server = branch.version;
  };
}

Drill::~Drill() {
  try {
    tear_down();
  } catch (...) {
    log::warn("drill {} is left: {}", record_.id, current_error().text());
  }
}

vault::Proof Drill::run() {
  if (!open_vault()) return put();
  choose_image();
  try_to([this] { go(); });
  try_to([this] { take_over_phases(); });
  try_to([this] {
    phase("teardown", "branches", [this] {
      tear_down();
      return 1;
    });
  });
  judge_objective();
  return put();
}

/// What stops it is the drill's result, unless somebody stopped it.
void Drill::try_to(const std::function<void()>& work) {
  try {
    work();
  } catch (...) {
    const Error error = current_error();
    if (error.code == Code::kCancelled) throw;
    failed(error);
  }
}

/// False: its key does not open it, and that is the drill's result.
bool Drill::open_vault() {
  try {
    vault_ = means_.branch.open_vault();
    return true;
  } catch (const Exception& e) {
    if (e.code() != Code::kLocked || !request_.open_otherwise) throw;
    vault_ = request_.open_otherwise();
    choose_image();
    failed("key", e.code(), format("the {} key does not open the vault: {}", request_.key, e.error().message),
           e.error().hint);
    return false;
  }
}

void Drill::go() {
  record_.conditions = conditions_now(means_.vault_url, request_.label);
  read_image();
  if (request_.level == DrillLevel::kScrub) return scrub();
  if (request_.level >= DrillLevel::kReplay) plan();
  recover();
  check();
}

void Drill::scrub() {
  phase("scrub", "bytes", [this] {
    Progress progress(means_.progress, "scrub", 0);
    const vault::ScrubReport report = vault::scrub(*vault_, {.progress = &progress});
    for (const vault::Finding& finding : report.findings) {
      if (record_.failures.size() == kScrubFindingsMax) break;
      std::string where;
      for (const vault::Touched& place : finding.touched) {
        if (place.image != record_.image) continue;
        where += format("{}{}", where.empty() ? ", in " : ", ", place.table.empty() ? place.path : place.table);
      }
      failed("scrub", Code::kCorruption, format("{}: {}{}", finding.object, finding.what, where),
             "`lifeboat vault scrub --heal-from URL` heals it from a second copy.");
    }
    record_.checks.push_back({.subject = "scrub",
                              .said = format("{} packs, {} parts of the log and {} images' trees read",
                                             report.packs_read, report.log_parts_read, report.images)});
    return report.bytes_read;
  });
}

void Drill::recover() {
  run_ = std::make_unique<RescueRun>(rescue_, means_);
  step_ = kBoot;
  if (request_.level < DrillLevel::kReplay) {
    run_->ensure_running();
    return;
  }
  run_->run();
  if (forecast_) forecast_->finish();
  means_.forecast = nullptr;  // what is replayed from now on is the drill's own
  record_.back_seconds = since_begun_.seconds() - seconds_beside_;
  record_.start = rescue_.start;
  record_.gtid = rescue_.until;
  record_.log = RescueLog(rescue_.log).source();
  for (const RescueNote& note : rescue_.checks) record_.checks.push_back(note);
  if (!rescue_.doubtful.empty()) {
    record_.checks.push_back(
        {.subject = "left out", .said = format("{} later transactions may depend on it", rescue_.doubtful.size())});
  }
}

/// What a rescue measures of itself goes before what is the drill's own.
void Drill::take_over_phases() {
  step_ = "phases";
  std::vector<DrillPhase> phases;
  for (const RescuePhase& each : rescue_.phases) {
    DrillPhase& phase = phases.emplace_back();
    phase.name = each.name;
    phase.begun = each.begun;
    phase.seconds = each.seconds;
    phase.recovers = true;
    std::tie(phase.work, phase.unit) = work_of(each.name);
  }
  const auto behind_log = std::ranges::find(record_.phases, false, &DrillPhase::recovers);
  record_.phases.insert(behind_log, phases.begin(), phases.end());
}

/// How much there was to do in a rescue's phase.
std::pair<std::optional<std::uint64_t>, std::string> Drill::work_of(const std::string& phase) const {
  if (phase == "mount") return {image_.files, "files"};
  if (phase == "boot") return {redo_bytes_, "bytes"};
  if (phase == "check") return {rescue_.objects.size(), "objects"};
  if (rescue_.start.empty()) return {std::nullopt, "bytes"};
  RescueLog log(rescue_.log);
  const std::uint64_t from_start = log.bytes_after(binlog::GtidPosition::parse(rescue_.start));
  const std::uint64_t behind = log.bytes_after(binlog::GtidPosition::parse(rescue_.until));
  return {from_start - std::min(from_start, behind), "bytes"};
}

void Drill::judge_objective() {
  if (request_.objective != Objective() && request_.level < DrillLevel::kReplay) {
    record_.not_known.push_back(
        {.subject = "objective",
         .said = format("a drill of level {} does not come as far as a rescue", drill_level_name(request_.level))});
    return;
  }
  const auto wanted = [](std::chrono::milliseconds duration) {
    return std::chrono::duration<double>(duration).count();
  };
  const auto& back_within = request_.objective.back_within;
  const auto& back = record_.back_seconds;
  if (back_within && back && *back > wanted(*back_within)) {
    failed("objective", Code::kTimeout,
           format("back in {:.1f} s, and the objective is {}", *back, format_duration(*back_within)),
           "The phases say where the time went. A plan that takes too long is no plan.");
  }
  const auto& lose_at_most = request_.objective.lose_at_most;
  if (lose_at_most && !request_.source) {
    record_.not_known.push_back({.subject = "loss", .said = "the source was not asked how far it is (--source)"});
  }
  if (lose_at_most && record_.lost_seconds && *record_.lost_seconds > wanted(*lose_at_most)) {
    failed("objective", Code::kTimeout,
           format("the log is {:.1f} s behind the source, and the objective is {}", *record_.lost_seconds,
                  format_duration(*lose_at_most)),
           "See why: lifeboat relay status");
  }
}

void Drill::tear_down() {
  sql_.reset();
  run_.reset();
  remove_drill(state_root(), record_.id);
}

vault::Proof Drill::put() {
  const vault::ProofName name{.image = record_.image, .id = record_.id};
  try {
    vault::put_proof(*vault_, name, now(), {.passed = record_.passed(), .restored = record_.level > DrillLevel::kScrub},
                     to_json(record_));
  } catch (Exception& e) {
    e.add_context(record_.passed() ? "the drill passed, but its proof cannot be put into the vault"
                                   : format("the drill failed ({}: {}), and its proof cannot be put into the vault",
                                            record_.failures.front().check, record_.failures.front().what));
    throw;
  }
  return vault::read_proof(*vault_, name);
}

void Drill::phase(const std::string& name, const std::string& unit, const std::function<std::uint64_t()>& work) {
  step_ = name;
  const std::size_t at = record_.phases.size();
  record_.phases.push_back({.name = name, .begun = now(), .seconds = {}, .work = {}, .unit = unit});
  const Stopwatch watch;
  const std::uint64_t done = work();
  record_.phases[at].work = done;
  record_.phases[at].seconds = watch.seconds();
}

void Drill::beside(const std::function<void()>& work) {
  const Stopwatch watch;
  work();
  seconds_beside_ += watch.seconds();
}

void Drill::failed(const std::string& check, Code code, std::string what, std::string hint) {
  record_.failures.push_back({.check = check, .code = code, .what = std::move(what), .hint = std::move(hint)});
}

/// In which step, or phase of the rescue, what stopped the drill was met.
std::string Drill::where() const {
  if (step_ != kBoot) return step_;
  const auto open = std::ranges::find_if(rescue_.phases, [](const RescuePhase& phase) { return !phase.seconds; });
  if (open == rescue_.phases.end()) return step_;
  // A rescue notes both down when both are through.
  return open->name == "mount" && !record_.server.empty() ? std::string(kBoot) : open->name;
}

/// Of the branch's server; empty: it said nothing that can be read.
std::string Drill::last_words() const {
  try {
    const auto branch = server::find_branch(state_root(), rescue_.name);
    return branch ? server::last_lines(branch->error_log(), kLogLines) : "";
  } catch (const Exception&) {
    return {};
  }
}

/// What stopped the drill.
void Drill::failed(const Error& error) {
  const std::string logged = last_words();
  if (error.code == Code::kOutOfSpace || tells_full_disk(error.text()) || tells_full_disk(logged)) {
    return failed(where(), Code::kOutOfSpace,
                  format("no room is left for the drill's branch below {}: {}", state_root().string(), error.text()),
                  "A rescue would meet the same: give it room, or --space what it may take.");
  }
  std::string what = error.text();
  if (error.code == Code::kCorruption && !logged.empty()) what += format("; its server said: {}", logged);
  failed(where(), error.code, std::move(what), drill_hint(error.hint));
}

vault::Proof run_drill(const DrillRequest& request) {
  const Path& state_root = request.means.branch.mount.state_root;
  const FileLock lock = lock_drills(state_root);
  static_cast<void>(remove_dead_drills(state_root));
  return Drill(request).run();
}

}  // namespace lifeboat::rescue
