// The part of HoldBook that knows runs: what was decided on a change in chunks, and which chunks that was applied to.

#include <algorithm>

#include "relay/hold_book.h"

namespace lifeboat::relay {

std::optional<Hold> HoldBook::find_run(const HoldSubject& subject, const std::string& stream) const {
  if (!subject.run_until) return std::nullopt;
  const std::scoped_lock lock(mutex_);
  for (const auto& [id, hold] : holds_) {
    if (hold.run_state_of(stream) != HoldState::kHeld && continues_run(hold.subject, subject)) return hold;
  }
  return std::nullopt;
}

bool HoldBook::skipped_in_run(const std::string& id, const std::string& stream) const {
  const std::scoped_lock lock(mutex_);
  const auto covered = covered_.find(id);
  return covered != covered_.end() && is_skipped(covered->second, stream);
}

bool HoldBook::is_skipped(const Covered& covered, const std::string& stream) const {
  return std::ranges::any_of(covered.holds, [&](const std::string& hold) {
    return holds_.at(hold).run_state_of(stream) == HoldState::kSkipped;
  });
}

/// As the guard answers: what was decided on a transaction itself goes before what was decided on its run.
std::vector<HoldSubject> HoldBook::left_out(const std::string& stream) const {
  const std::scoped_lock lock(mutex_);
  std::vector<HoldSubject> subjects;
  for (const auto& [id, hold] : holds_) {
    if (hold.state_of(stream) == HoldState::kSkipped) subjects.push_back(hold.subject);
  }
  for (const auto& [id, covered] : covered_) {
    const auto own = holds_.find(id);
    const bool decided = own != holds_.end() && own->second.state_of(stream) != HoldState::kHeld;
    if (!decided && is_skipped(covered, stream)) subjects.push_back(covered.subject);
  }
  return subjects;
}

bool HoldBook::is_covered(const std::string& hold, const std::string& id) const {
  const auto covered = covered_.find(id);
  return covered != covered_.end() && covered->second.holds.contains(hold);
}

/// A record, no decision: what passes is found anew from what was approved (find_run). Only that something was left
/// out is taken from here, so that it stays out whatever the rules say later.
void HoldBook::apply_covered(const AuditEntry& entry) {
  Hold* const hold = hold_of(entry);
  if (hold == nullptr) return;
  HoldSubject subject = hold->subject;
  subject.id = json_string(entry.body, "transaction");
  subject.gtid = json_string(entry.body, "gtid");
  subject.file = json_string(entry.body, "file");
  subject.position = static_cast<std::uint64_t>(json_integer(entry.body, "position"));
  if (entry.body.contains("incarnation")) subject.incarnation = json_string(entry.body, "incarnation");
  Covered& covered = covered_[subject.id];
  covered.subject = std::move(subject);
  if (!covered.holds.insert(hold->subject.id).second) return;
  ++hold->covered;
  hold->covered_rows += static_cast<std::uint64_t>(json_integer(entry.body, "rows"));
}

}  // namespace lifeboat::relay
