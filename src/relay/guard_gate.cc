#include "relay/guard_gate.h"

#include "base/error.h"
#include "base/log.h"
#include "base/printable.h"
#include "binlog/statement_shape.h"

namespace lifeboat::relay {
namespace {

constexpr std::size_t kWarnedMax = 10'000;
constexpr std::size_t kRunObjectsMax = 20;

/// Rows of given tables, and nothing else: what a purge takes away chunk by chunk.
bool is_chunk(const Judgement& judgement) {
  using binlog::DangerClass;
  static const std::set<DangerClass> kByRows = {DangerClass::kDeleteRows,  DangerClass::kUpdateRows,
                                                DangerClass::kDeleteRange, DangerClass::kUpdateRange,
                                                DangerClass::kMassDelete,  DangerClass::kMassUpdate};
  return judgement.classes.size() == 1 && kByRows.contains(*judgement.classes.begin()) && !judgement.objects.empty() &&
         judgement.objects.size() <= kRunObjectsMax;
}

/// What the transaction changes by itself, whatever went before it in a window.
std::uint64_t rows_of(const binlog::GroupDanger& danger) {
  std::uint64_t rows = 0;
  for (const auto& [table, changed] : changed_rows(danger)) rows += changed.deleted + changed.updated;
  return rows;
}

}  // namespace

std::string stream_name(const ReplicaName& replica) {
  return format("id:{}", replica.server_id);
}

GuardGate::GuardGate(Guard& guard, Place place, ServedLog& log) : guard_(guard), place_(std::move(place)), scan_(log) {}

GateAnswer GuardGate::answer(const GroupPlace& place, const ReplicaName& replica) {
  try {
    const std::shared_ptr<const GuardConfig> config = guard_.config();
    const GuardScan::Finding finding = scan_.look(place, config);
    if (!finding.known) {
      return {.verdict = finding.failed ? Verdict::kHold : Verdict::kWait, .reason = "guard: " + finding.waiting};
    }
    // What was held stays held until a person decides, and what was decided stays so, whatever the rules say by now.
    const HoldSubject identity = identify(place, finding.group.get());
    const std::string stream = stream_name(replica);
    const HoldState state = decided(identity.id, stream);
    if (state == HoldState::kSkipped) return {.verdict = Verdict::kSkip, .reason = {}};
    if (state == HoldState::kReleased) return {};
    const std::optional<Hold> known = guard_.book().find(identity.id);
    const bool bound = known && (known->subject.every_replica || known->streams.contains(stream));
    if (bound) return hold(known->subject, stream);
    if (finding.group == nullptr) return {};
    const Judgement judgement = judge(finding.group->facts, *config, replica, guard_.table_counts().get());
    if (judgement.action == GuardAction::kAllow) return {};
    HoldSubject subject = describe(identity, finding.group->facts.danger, judgement);
    if (judgement.action == GuardAction::kWarn) {
      warn_once(subject);
      return {};
    }
    if (is_chunk(judgement)) {
      subject.shape = binlog::statement_shape(subject.statement);
      subject.run_until = subject.event_time + config->mass.window;
    }
    const auto run = guard_.book().find_run(subject, stream);
    if (!run) return hold(subject, stream);
    subject.rows = rows_of(finding.group->facts.danger);
    return apply_run(*run, subject, stream);
  } catch (...) {
    return {.verdict = Verdict::kHold, .reason = "guard: " + current_error().text()};
  }
}

bool GuardGate::left_out(const GroupPlace& place, const ReplicaName& replica) const {
  return decided(identify(place, nullptr).id, stream_name(replica)) == HoldState::kSkipped;
}

HoldState GuardGate::decided(const std::string& id, const std::string& stream) const {
  const std::optional<Hold> known = guard_.book().find(id);
  const HoldState state = known ? known->state_of(stream) : HoldState::kHeld;
  if (state != HoldState::kHeld) return state;
  return guard_.book().skipped_in_run(id, stream) ? HoldState::kSkipped : HoldState::kHeld;
}

GateAnswer GuardGate::hold(const HoldSubject& subject, const std::string& stream) {
  GateAnswer answer{.verdict = Verdict::kHold,
                    .reason = format("guard: {} {} {}", subject.id, subject.danger_class,
                                     subject.objects.empty() ? std::string() : printable(subject.objects.front()))};
  try {
    const std::optional<Hold> known = guard_.book().find(subject.id);
    if (!known || !known->streams.contains(stream)) {
      guard_.book().begin(subject, stream);
      log::warn("{}: {} is held from {}: {}", answer.reason, subject.gtid, stream, printable(subject.statement));
    }
  } catch (...) {  // a full disk, a broken audit log: held all the same
    answer.reason += "; not recorded: " + current_error().text();
  }
  return answer;
}

/// One decision for a whole purge: nobody is told of each chunk, but each is on record before it passes.
GateAnswer GuardGate::apply_run(const Hold& run, const HoldSubject& subject, const std::string& stream) {
  try {
    guard_.book().cover(run.subject.id, subject);
  } catch (...) {
    return {.verdict = Verdict::kHold, .reason = "guard: not recorded: " + current_error().text()};
  }
  const bool skipped = run.run_state_of(stream) == HoldState::kSkipped;
  return {.verdict = skipped ? Verdict::kSkip : Verdict::kPass, .reason = {}};
}

HoldSubject GuardGate::identify(const GroupPlace& place, const FoundGroup* group) const {
  HoldSubject subject;
  subject.source = place_.source;
  subject.incarnation = place_.incarnation;
  subject.file = place.file;
  subject.position = group == nullptr ? place.position : group->begin;
  subject.gtid = group == nullptr ? place.gtid : group->facts.gtid;
  subject.event_time = from_unix_ms((group == nullptr ? place.time : group->facts.danger.time_s) * 1000);
  subject.id = hold_id(subject);
  return subject;
}

HoldSubject GuardGate::describe(HoldSubject subject, const binlog::GroupDanger& danger, const Judgement& judgement) {
  subject.danger_class = danger_class_name(judgement.danger);
  subject.severity = judgement.severity;
  subject.statement = danger.statement;
  subject.rows = judgement.rows;
  subject.account = account_of(danger);
  subject.database = danger.database;
  subject.thread_id = danger.thread_id;
  subject.rule = judgement.rule;
  subject.why = judgement.why;
  subject.every_replica = judgement.every_replica;
  for (const binlog::TableName& each : judgement.objects) subject.objects.push_back(each.text());
  return subject;
}

void GuardGate::warn_once(const HoldSubject& subject) {
  {
    const std::scoped_lock lock(mutex_);
    if (!warned_.insert(subject.id).second) return;
    if (warned_.size() > kWarnedMax) warned_.erase(warned_.begin());
  }
  guard_.count_warning(format("{} {} {}", subject.gtid, subject.danger_class, printable(subject.statement)));
}

}  // namespace lifeboat::relay
