#include "relay/hold_book.h"

#include <algorithm>

#include "base/error.h"
#include "base/log.h"
#include "base/printable.h"
#include "codec/hash.h"

namespace lifeboat::relay {
namespace {

template <typename Array>
std::optional<Array> from_hex_of(const std::string& hex) {
  Array out{};
  const Bytes bytes = from_hex(hex);
  if (bytes.size() != out.size()) return std::nullopt;
  std::ranges::copy(bytes, out.begin());
  return out;
}

bool is_undecided(const Hold& hold, const std::string& stream) {
  return hold.open() && hold.state_of(stream) == HoldState::kHeld;
}

struct Decision {
  HoldState state = HoldState::kHeld;
  bool run = false;
  SystemTime time;
  std::string by;
};

void decide(Hold& hold, const std::string& stream, Decision decision) {
  if (stream != kEveryStream) {
    hold.streams[stream].decision = decision.state;
    hold.streams[stream].run = decision.run;
    return;
  }
  hold.state = decision.state;
  hold.run = decision.run;
  hold.decided = decision.time;
  hold.decided_by = std::move(decision.by);
}

/// Whether an entry speaks of the rest of a run, too.
bool of_run(const AuditEntry& entry, const Hold& hold) {
  const json::value* const run = entry.body.if_contains("run");
  if (run == nullptr || !run->as_bool()) return false;
  if (!hold.subject.run_until) fail(Code::kRefused, "it is no chunk of a run");
  return true;
}

}  // namespace

Path guard_directory(const Path& relay_directory) {
  return relay_directory / "guard";
}

HoldBook::HoldBook(const Path& relay_directory, Clock clock)
    : directory_(guard_directory(relay_directory)), clock_(std::move(clock)), log_(directory_ / "audit.log", clock_) {}

void HoldBook::read() {
  log_.read_new([this](const AuditEntry& entry) { apply(entry); },
                [this] {
                  holds_.clear();
                  covered_.clear();
                  approvers_.clear();
                  approvers_changes_.clear();
                  last_.clear();
                });
}

void HoldBook::refresh() {
  const std::scoped_lock lock(mutex_);
  read();
}

std::vector<Hold> HoldBook::list() const {
  const std::scoped_lock lock(mutex_);
  return sorted();
}

std::vector<ApproversChange> HoldBook::approvers_changes() const {
  const std::scoped_lock lock(mutex_);
  return approvers_changes_;
}

std::vector<Hold> HoldBook::sorted() const {
  std::vector<Hold> holds;
  for (const auto& [id, hold] : holds_) holds.push_back(hold);
  std::ranges::sort(holds, {}, [](const Hold& hold) { return std::pair(hold.since, hold.subject.position); });
  return holds;
}

std::optional<Hold> HoldBook::find(const std::string& id) const {
  const std::scoped_lock lock(mutex_);
  const auto found = holds_.find(id);
  return found == holds_.end() ? std::nullopt : std::optional(found->second);
}

Hold HoldBook::get(const std::string& id) const {
  const std::scoped_lock lock(mutex_);
  const Hold* found = nullptr;
  for (const auto& [each, hold] : holds_) {
    if (each == id || hold.subject.gtid == id || (!id.empty() && each.starts_with(id))) {
      if (found != nullptr && each != id) fail(Code::kUsage, format("{} may be {} or {}", id, found->subject.id, each));
      found = &hold;
    }
  }
  if (found == nullptr) fail(Code::kNotFound, format("no hold {}", printable(id)), "See lifeboat guard ls.");
  return *found;
}

std::string HoldBook::head() const {
  const std::scoped_lock lock(mutex_);
  return log_.head();
}

std::string HoldBook::last_told(const std::string& event, const std::string& key) const {
  const std::scoped_lock lock(mutex_);
  const auto found = last_.find(event);
  return found == last_.end() || !found->second.contains(key) ? std::string() : json_string(found->second, key);
}

// What the log adds up to.

void HoldBook::apply(const AuditEntry& entry) {
  try {
    apply_known(entry);
    last_[entry.event] = entry.body;
  } catch (const std::exception& e) {
    log::warn("audit entry {} ({}) counts for nothing: {}", entry.number, entry.event, e.what());
  }
}

void HoldBook::apply_known(const AuditEntry& entry) {
  if (entry.event == "hold") {
    apply_hold(entry);
  } else if (entry.event == "stream") {
    apply_stream(entry);
  } else if (entry.event == "approve") {
    apply_approval(entry);
  } else if (entry.event == "break_glass") {
    apply_decision(entry, HoldState::kReleased);
  } else if (entry.event == "skip") {
    apply_decision(entry, HoldState::kSkipped);
  } else if (entry.event == "covered") {
    apply_covered(entry);
  } else if (entry.event == "notified") {
    apply_notice(entry);
  } else if (entry.event == "approvers") {
    apply_approvers(entry);
  }
}

Hold* HoldBook::hold_of(const AuditEntry& entry) {
  const auto found = holds_.find(json_string(entry.body, "id"));
  return found == holds_.end() ? nullptr : &found->second;
}

void HoldBook::apply_hold(const AuditEntry& entry) {
  Hold hold;
  hold.subject = subject_from_json(entry.body);
  hold.since = entry.time;
  hold.entry_hash = entry.hash;
  holds_.emplace(hold.subject.id, std::move(hold));
}

void HoldBook::apply_stream(const AuditEntry& entry) {
  Hold* const hold = hold_of(entry);
  if (hold == nullptr) return;
  HeldStream& stream = hold->streams[json_string(entry.body, "stream")];
  if (!stream.arrived) stream.arrived = entry.time;
}

/// Also of a key that is older than the hold: who adds two may hold and release in one minute.
bool HoldBook::counts(const Known& known, SystemTime time) {
  return known.since + kBreakGlassAfter <= time;
}

void HoldBook::apply_approval(const AuditEntry& entry) {
  Hold* const hold = hold_of(entry);
  if (hold == nullptr) return;
  Approval approval{.by = json_string(entry.body, "by"),
                    .key = {},
                    .stream = json_string(entry.body, "stream"),
                    .run = of_run(entry, *hold),
                    .time = entry.time};
  const Known& known = known_approver(approval.by);
  approval.key = known.approver.key;
  const auto signature = from_hex_of<codec::Signature>(json_string(entry.body, "signature"));
  const std::string text = approval_text(*hold, approval.stream, approval.run);
  if (!signature || !codec::verify_signature(approval.key, as_bytes(text), *signature)) {
    fail(Code::kDenied, format("the signature is not {}'s", approval.by));
  }
  if (!counts(known, entry.time)) fail(Code::kRefused, "the key does not count yet");
  if (!is_undecided(*hold, approval.stream)) fail(Code::kConflict, "it was decided before");
  hold->approvals.push_back(std::move(approval));
  // The approval that suffices is the release: there is no moment between the two.
  for (const Approval& each : std::vector(hold->approvals)) {
    const std::vector<std::string> names = hold->approved_by(each.stream);
    if (names.size() < hold->approvals_needed() || !is_undecided(*hold, each.stream)) continue;
    const bool run = hold->approved_by(each.stream, Hold::Of::kRun).size() >= hold->approvals_needed();
    decide(*hold, each.stream, {HoldState::kReleased, run, entry.time, lifeboat::format("{}", fmt::join(names, ", "))});
  }
}

void HoldBook::apply_decision(const AuditEntry& entry, HoldState state) {
  Hold* const hold = hold_of(entry);
  if (hold == nullptr) return;
  const std::string stream = json_string(entry.body, "stream");
  if (!is_undecided(*hold, stream)) fail(Code::kConflict, "it was decided before");
  const bool run = of_run(entry, *hold);
  if (entry.event == "break_glass") {
    if (run) fail(Code::kRefused, "one person releases one transaction");
    if (entry.time < hold->since + kBreakGlassAfter) fail(Code::kRefused, "it came too early");
    hold->break_glass = json_string(entry.body, "reason");
  }
  decide(*hold, stream, {state, run, entry.time, json_string(entry.body, "by")});
}

void HoldBook::apply_notice(const AuditEntry& entry) {
  const std::string channel = json_string(entry.body, "channel");
  if (Hold* const hold = hold_of(entry)) hold->notices[json_string(entry.body, "of")].insert(channel);
  for (ApproversChange& each : approvers_changes_) {
    if (each.id == json_string(entry.body, "id")) each.told.insert(channel);
  }
}

void HoldBook::apply_approvers(const AuditEntry& entry) {
  const std::vector<Approver> listed = parse_approvers(json_string(entry.body, "approvers"), "the audit log");
  std::vector<Known> known;
  ApproversChange change{.id = format("approvers-{}", entry.number),
                         .time = entry.time,
                         .by = json_string(entry.body, "by"),
                         .names = {},
                         .new_keys = {},
                         .told = {}};
  for (const Approver& each : listed) {
    const auto before = std::ranges::find(approvers_, each, &Known::approver);
    const bool is_new = before == approvers_.end();
    known.push_back({.approver = each, .since = is_new ? entry.time : before->since});
    change.names.push_back(each.name);
    if (is_new) change.new_keys.push_back(each.name);
  }
  approvers_ = std::move(known);
  approvers_changes_.push_back(std::move(change));
}

const HoldBook::Known& HoldBook::known_approver(const std::string& name) const {
  for (const Known& each : approvers_) {
    if (each.approver.name == name) return each;
  }
  fail(Code::kNotFound, format("no approver {}", printable(name)), "See lifeboat guard approvers ls.");
}

}  // namespace lifeboat::relay
