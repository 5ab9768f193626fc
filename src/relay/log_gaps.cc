#include "relay/log_gaps.h"

#include <algorithm>

#include "relay/log_index.h"
#include "relay/source_log.h"

namespace lifeboat::relay {
namespace {

/// Whether everything of `head` is in what is kept.
bool has_all(const binlog::GtidState& kept, const std::vector<binlog::Gtid>& head) {
  return std::ranges::all_of(head, [&](const binlog::Gtid& gtid) { return kept.covers(gtid); });
}

class Judge {
 public:
  void take(const LogDirectory& log) {
    const LogIndex index(log);
    bool first = true;
    for (const ServedLog::File& file : log.files()) {
      if (file.head) enter(log, file, std::exchange(first, false));
      index.visit(file, [&](const IndexEntry& entry) {
        if (entry.gtid) state_.update(*entry.gtid);
        return true;
      });
      ++found_.files;
    }
  }
  LogContinuity take_result() {
    found_.ends = state_.position().format();
    return std::move(found_);
  }

 private:
  void enter(const LogDirectory& log, const ServedLog::File& file, bool first_of_incarnation) {
    const binlog::GtidState head = binlog::GtidState::from_list(*file.head);
    if (!known_) {
      found_.begins = head.position().format();
    } else if (const bool lost = !has_all(state_, *file.head); lost || (!first_of_incarnation && head != state_)) {
      found_.gaps.push_back({.incarnation = log.path().filename().string(),
                             .file = file.name,
                             .kept_to = state_.position().format(),
                             .begins = head.position().format(),
                             .lost = lost});
    }
    known_ = true;
    state_ = head;
  }

  bool known_ = false;
  binlog::GtidState state_;
  LogContinuity found_;
};

}  // namespace

LogContinuity judge_continuity(const Path& source_directory) {
  Judge judge;
  for (const Path& path : list_incarnations(source_directory)) judge.take(LogDirectory(path));
  return judge.take_result();
}

}  // namespace lifeboat::relay
