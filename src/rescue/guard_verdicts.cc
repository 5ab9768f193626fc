#include "rescue/guard_verdicts.h"

#include "base/cancel.h"
#include "base/error.h"
#include "base/printable.h"
#include "relay/guard_gate.h"
#include "relay/guard_walk.h"
#include "relay/hold_book.h"

namespace lifeboat::rescue {
namespace {

class VerdictFinder {
 public:
  VerdictFinder(RescueLog& log, const GuardedReplica& replica) : log_(log), replica_(replica) {}

  std::map<binlog::Gtid, GuardVerdict> find() {
    read_book();
    walk();
    return std::move(verdicts_);
  }

 private:
  void read_book() {
    if (replica_.relay_directory.empty()) return;
    if (!std::filesystem::exists(relay::guard_directory(replica_.relay_directory))) return;
    relay::HoldBook book(replica_.relay_directory);
    book.refresh();
    const std::string rules = book.last_told("rules", "file");
    if (!rules.empty()) config_ = relay::read_guard_config(rules);
    const std::string stream = relay::stream_name({.user = {}, .server_id = replica_.server_id});
    for (const relay::Hold& hold : book.list()) {
      const relay::HoldState state = hold.state_of(stream);
      const bool bound = hold.subject.every_replica || hold.streams.contains(stream);
      if (state != relay::HoldState::kHeld || bound) note(hold.subject, state);
    }
    for (const relay::HoldSubject& each : book.left_out(stream)) note(each, relay::HoldState::kSkipped);
  }

  void note(const relay::HoldSubject& subject, relay::HoldState state) {
    if (!is_of_log(subject, log_.path()) || subject.gtid.empty()) return;
    const std::string first = subject.objects.empty() ? std::string() : subject.objects.front();
    verdicts_[binlog::parse_gtid(subject.gtid)] = {.state = state,
                                                   .what = format("{} {}", subject.danger_class, printable(first))};
  }

  /// From the file in which the replica stands: what stands there before it tells what statements mean.
  void walk() {
    relay::GuardWalk walk(config_);
    const auto go_on = [] {
      throw_if_cancelled();
      return true;
    };
    const auto take = [this](relay::FoundGroup&& group) { judge_group(group.facts); };
    for (const relay::ServedLog::File& file : log_.files_from(replica_.position)) {
      walk.open(file.name, file.path);
      walk.step(log_.log()->end_of(file.name).readable, go_on, take);
      walk.end_file(take);
    }
  }

  void judge_group(const relay::GroupFacts& facts) {
    const relay::Judgement judgement = relay::judge(facts, config_, std::nullopt, nullptr);
    if (judgement.action != relay::GuardAction::kHold || facts.gtid.empty()) return;
    const binlog::Gtid gtid = binlog::parse_gtid(facts.gtid);
    if (log_.has(replica_.position, gtid) || !log_.has(replica_.until, gtid)) return;
    verdicts_.try_emplace(gtid, GuardVerdict{.what = printable(judgement.text())});
  }

  RescueLog& log_;
  const GuardedReplica& replica_;
  relay::GuardConfig config_;
  std::map<binlog::Gtid, GuardVerdict> verdicts_;
};

}  // namespace

std::map<binlog::Gtid, GuardVerdict> guard_verdicts(RescueLog& log, const GuardedReplica& replica) {
  return VerdictFinder(log, replica).find();
}

}  // namespace lifeboat::rescue
