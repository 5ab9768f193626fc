// The part of Follower that notes how the following goes: what is wrong, what is exposed, what is to be known for good.

#include <utility>

#include "base/error.h"
#include "base/log.h"
#include "binlog/control_events.h"
#include "relay/follower.h"

namespace lifeboat::relay {
namespace {

/// What is asked beside the stream of events must not hold that up for long.
constexpr std::chrono::milliseconds kAside{1'000};

}  // namespace

void Follower::note_disconnected(const Error& error) {
  if (error.code == Code::kCancelled) return;
  const std::string text = error.text();
  update([&](FollowStatus& status) {
    status.hint = error.code == Code::kOutOfSpace
                      ? "Make room on the disk; the relay tries again by itself and the source then waits for it anew."
                      : error.hint;
    if (status.problem != text) {
      log::warn("{}: {}{}", status.source, text, status.hint.empty() ? "" : format(" ({})", status.hint));
    }
    status.state = "waiting";
    status.problem = text;
    status.semi_sync = false;
    open_span(status, now(), text);
  });
  keep_exposure();
}

void Follower::load_exposure() {
  try {
    Exposure kept = exposure_.load();
    status_.exposed = std::move(kept.spans);
    status_.alarms = std::move(kept.alarms);
  } catch (const Exception& e) {
    add_alarm(status_, format("what was exposed before is not known: {}", e.what()));
  }
}

/// Where it cannot be kept, the log cannot either, which is said elsewhere.
void Follower::keep_exposure() noexcept {
  try {
    const std::scoped_lock order(exposure_mutex_);
    const bool dealt_with = exposure_.removed();
    Exposure exposure;
    update([&](FollowStatus& status) {
      if (dealt_with) {
        status.alarms.clear();
        std::erase_if(status.exposed, [](const ExposedSpan& span) { return span.until.has_value(); });
      }
      exposure = {.spans = status.exposed, .alarms = status.alarms};
    });
    exposure_.save(exposure);
  } catch (...) {
    log::warn("{}", current_error().text());
  }
}

/// A commit that waits for us ends an exposed span: all before it has come, and those after it wait, too. (The flag
/// alone does not say so of the group that bears it: a source that had given up waiting asks for an acknowledgement
/// where the stream reaches its present, in order to begin waiting again.)
void Follower::note_group(bool ack_wanted) {
  bool changed = false;
  update([&](FollowStatus& status) {
    ++status.groups;
    changed = ack_wanted ? close_span(status, writer_->progress()->boundary().state.position().format())
                         : open_span(status, now(), "the source did not wait for an acknowledgement");
  });
  if (changed) keep_exposure();
}

/// While nothing is committed, a span ends when the source says that it is where we are, and that it waits.
void Follower::note_heartbeat(const binlog::Event& event) {
  {
    const std::scoped_lock lock(mutex_);
    if (!has_open_span(status_)) return;
    const binlog::Heartbeat heartbeat = binlog::decode_heartbeat(event);
    if (heartbeat.file != status_.file || heartbeat.position != status_.position) return;
  }
  if (!source_waits()) return;
  update([](FollowStatus& status) { close_span(status, status.gtid); });
  keep_exposure();
}

/// Asked on another connection. If there is none to be had, the stream goes on all the same.
bool Follower::source_waits() const {
  try {
    SourceLogin login = options_.login;
    login.limits = {.connect = kAside, .read = kAside, .write = kAside};
    SourceConnection control(login, cancel_);
    const TextResult answer = control.query(
        "SHOW GLOBAL STATUS WHERE Variable_name IN ('Rpl_semi_sync_master_status', 'Rpl_semi_sync_source_status')");
    return !answer.rows.empty() && answer.rows[0].size() == 2 && answer.rows[0][1] == "ON";
  } catch (const Exception& e) {
    if (e.code() == Code::kCancelled) throw;
    log::debug("{}", e.error().text());
    return false;
  }
}

/// A connection of ours that the source has not yet given up may be counted beside the new one: what holds twice is
/// true.
void Follower::note_facts(const SourceFacts& facts) {
  const bool others = facts.acknowledging > 1;
  const bool seen_before = std::exchange(others_seen_, others);
  update([&](FollowStatus& status) {
    status.warnings = facts.warnings;
    status.others_acknowledge = others && seen_before;
    if (!status.others_acknowledge) return;
    status.warnings.push_back(
        format("{} replicas acknowledge its commits: one that another has acknowledged may be lost with both before it "
               "is here (set rpl_semi_sync_slave_enabled=OFF on the others)",
               facts.acknowledging));
    open_span(status, now(), "others acknowledge commits, too");
  });
  keep_exposure();
}

}  // namespace lifeboat::relay
