#include "rescue/image_choice.h"

#include <algorithm>

#include "base/error.h"
#include "base/log.h"
#include "base/printable.h"
#include "rescue/history_identity.h"

namespace lifeboat::rescue {
namespace {

/// A log's times are whole seconds.
constexpr std::chrono::seconds kLogTimeUnit{1};

class ImageJudge {
 public:
  ImageJudge(RescueLog& log, const ImageQuestion& question) : log_(log), question_(question), identity_(log) {}

  void judge(ImageChoice& choice) {
    if (!question_.only.empty() && choice.info.name != question_.only) {
      choice.why_not = "another was asked for";
      return;
    }
    choice.why_not = choice.position ? judge_history(choice) : "";
    choice.foreign = !choice.why_not.empty();
    if (!choice.foreign) choice.why_not = judge_place(choice);
  }

 private:
  std::string judge_history(const ImageChoice& choice) {
    const ImagePosition& position = *choice.position;
    std::string proof = identity_.another_place(position);
    if (!proof.empty()) return proof;
    std::string doubt = identity_.another_source(position.source);
    if (doubt.empty()) doubt = identity_.later(position.gtid, position.taken);
    if (doubt.empty()) return {};
    if (!question_.insists)
      return format("{}; `lifeboat rescue --image {}` takes it all the same", doubt, choice.info.name);
    log::warn("image {}: {}; it is taken because you named it", choice.info.name, doubt);
    return {};
  }

  std::string judge_place(const ImageChoice& choice) const {
    if (!choice.position) {
      const std::string why_not = judge_by_time(choice.info);
      return why_not.empty() ? judge_by_skipped(choice) : why_not;
    }
    const binlog::GtidPosition& position = choice.position->gtid;
    if (!log_.knows(position)) return format("this log knows nothing of {}", position.format());
    if (!question_.past_in_vault && !position.reached(log_.begin())) {
      return format("the log on this disk begins later, after {}", log_.begin().format());
    }
    for (const FoundDanger& each : question_.left_out) {
      if (log_.has(position, each.gtid)) return format("it was taken after {}", format_gtid(each.gtid));
    }
    for (const binlog::Gtid& gtid : position.gtids()) {
      const bool in_log = log_.end().find(gtid.domain).has_value();
      if (in_log && !log_.has(question_.until, gtid)) return format("it was taken after {}", question_.to);
    }
    return judge_by_skipped(choice);
  }

  /// What is replayed from the vault alone is not looked into before: nothing could be left out there.
  std::string judge_by_skipped(const ImageChoice& choice) const {
    for (const relay::HoldSubject& each : question_.skipped_away) {
      if (has_passed(choice, each)) continue;
      return format(
          "behind it lies {}, which people had the guard skip, in log that is in the vault alone; "
          "`lifeboat rescue --standalone --dir {}` brings that log here",
          each.gtid, shell_word(question_.guard_directory.string()));
    }
    return {};
  }

  bool has_passed(const ImageChoice& choice, const relay::HoldSubject& subject) const {
    if (!choice.position) return choice.info.time > subject.event_time;
    const binlog::GtidPosition& position = choice.position->gtid;
    return position.reached(log_.begin()) || position.reached(binlog::parse_gtid(subject.gtid));
  }

  /// Of one that does not say where it lies: what it says when it has booted is checked again.
  std::string judge_by_time(const vault::ImageInfo& info) const {
    const auto to = RescueLog::time_in(question_.to);
    if (to && info.time >= *to) return format("it was taken after {}", question_.to);
    for (const FoundDanger& each : question_.left_out) {
      if (info.time >= each.time + kLogTimeUnit) return format("it was taken after {}", format_gtid(each.gtid));
    }
    return {};
  }

  RescueLog& log_;
  const ImageQuestion& question_;
  HistoryIdentity identity_;
};

}  // namespace

std::vector<ImageChoice> judge_images(RescueLog& log, vault::Vault& vault, const ImageQuestion& question) {
  ImageJudge judge(log, question);
  std::vector<std::string> damaged;
  std::vector<ImageChoice> choices;
  for (vault::ImageInfo& info : vault::list_images(vault, &damaged)) {
    ImageChoice choice{.info = std::move(info), .position = {}, .why_not = {}};
    try {
      choice.position = position_of(choice.info);
      judge.judge(choice);
    } catch (const Exception& e) {
      choice.why_not = e.error().message;
    }
    choices.push_back(std::move(choice));
  }
  std::ranges::reverse(choices);
  return choices;
}

}  // namespace lifeboat::rescue
