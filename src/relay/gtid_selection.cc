#include "relay/gtid_selection.h"

#include "base/error.h"
#include "base/format.h"
#include "relay/sql_error.h"

namespace lifeboat::relay {
namespace {

using binlog::Gtid;
using binlog::GtidPosition;
using binlog::GtidState;

[[noreturn]] void refuse_missing(const Gtid& gtid, const GtidState& log) {
  const std::string start =
      format("Error: connecting slave requested to start from GTID {}, which is not in the master's binlog",
             format_gtid(gtid));
  const std::optional<Gtid> last = log.last(gtid.domain);
  if (last && last->sequence >= gtid.sequence) {
    fail_reading_log(
        start +
        ". Since the master's binlog contains GTIDs with higher sequence numbers, it probably means that the "
        "slave has diverged due to executing extra erroneous transactions");
  }
  fail_reading_log(start);
}

GtidPosition parse_position(const std::string& text) {
  try {
    return GtidPosition::parse(text);
  } catch (const Exception&) {
    fail_reading_log("malformed slave request when obtaining start position from GTID state");
  }
}

}  // namespace

GtidSelection::GtidSelection(const ReplicaWishes& wishes, const GtidState& log)
    : strict_(wishes.gtid_strict_mode), ignore_duplicates_(wishes.ignore_duplicates) {
  for (const Gtid& each : parse_position(wishes.connect_state.value_or("")).gtids()) {
    skip_to_[each.domain] = Start{.gtid = each};
  }
  if (wishes.until_gtid) {
    until_.emplace();
    for (const Gtid& each : parse_position(*wishes.until_gtid).gtids()) (*until_)[each.domain] = each;
  }
  check_start(log);
}

void GtidSelection::check_start(const GtidState& log) {
  for (auto& [domain, start] : skip_to_) {
    if (log.covers(start.gtid)) continue;
    const std::optional<Gtid> last = log.last(domain);
    if (!last) {
      start.on_empty_domain = true;
      continue;
    }
    // It may have come to the replica by another way, if it says that it takes duplicates.
    if (ignore_duplicates_ && last->sequence < start.gtid.sequence) continue;
    if (until_) {
      const auto until = until_->find(domain);
      if (until == until_->end()) continue;
      if (log.covers(until->second)) {
        until_->erase(until);
        continue;
      }
    }
    refuse_missing(start.gtid, log);
  }
}

bool GtidSelection::starts_in_or_after(const std::vector<Gtid>& head) const {
  for (std::size_t i = 0; i < head.size(); ++i) {
    const auto start = skip_to_.find(head[i].domain);
    if (start == skip_to_.end()) return false;  // wanted from the domain's first group, which is in an earlier file
    const Gtid& gtid = start->second.gtid;
    if (gtid.server != head[i].server || gtid.sequence > head[i].sequence) continue;
    // At or before this file's head. Exactly the last group of its domain before this file will do; anything else is
    // in an earlier file.
    const bool last_of_domain = i + 1 == head.size() || head[i + 1].domain != head[i].domain;
    if (gtid.sequence < head[i].sequence || !last_of_domain) return false;
  }
  return true;
}

std::size_t GtidSelection::choose_file(const std::vector<std::optional<std::vector<Gtid>>>& heads) {
  if (const auto found = find_file(heads)) return *found;
  fail_reading_log(
      "Could not find GTID state requested by slave in any binlog files. Probably the slave state is too old and "
      "required binlog files have been purged.");
}

std::optional<std::size_t> GtidSelection::find_file(const std::vector<std::optional<std::vector<Gtid>>>& heads) {
  for (std::size_t i = heads.size(); i-- > 0;) {
    if (!heads[i]) return i;
    if (!starts_in_or_after(*heads[i])) continue;
    for (const Gtid& each : *heads[i]) {
      const auto start = skip_to_.find(each.domain);
      if (start != skip_to_.end() && start->second.gtid == each) skip_to_.erase(start);
      if (!until_) continue;
      const auto until = until_->find(each.domain);
      if (until != until_->end() && until->second.server == each.server && until->second.sequence <= each.sequence) {
        until_->erase(until);
      }
    }
    return i;
  }
  return std::nullopt;
}

bool GtidSelection::next(const binlog::GtidEvent& event) {
  seen_.update(event.gtid);
  const bool before_start = left_out_before_start(event);
  const bool after_until = left_out_after_until(event.gtid);
  return !before_start && !after_until;
}

bool GtidSelection::left_out_before_start(const binlog::GtidEvent& event) {
  const auto found = skip_to_.find(event.gtid.domain);
  if (found == skip_to_.end()) return false;
  Start& start = found->second;
  if (start.on_empty_domain && !seen_.covers(start.gtid)) refuse_missing(start.gtid, seen_);
  start.on_empty_domain = false;
  if (event.gtid.server != start.gtid.server || event.gtid.sequence < start.gtid.sequence) return true;
  const bool is_start = event.gtid.sequence == start.gtid.sequence;
  if (strict_ && !is_start) {
    fail_reading_log(
        format("The binlog on the master is missing the GTID {} requested by the slave (even though both a prior and "
               "a subsequent sequence number does exist), and GTID strict mode is enabled",
               format_gtid(start.gtid)));
  }
  skip_to_.erase(found);
  start_just_reached_ = true;
  return is_start;
}

bool GtidSelection::left_out_after_until(const Gtid& gtid) {
  if (!until_) return false;
  const auto found = until_->find(gtid.domain);
  if (found == until_->end()) return true;
  if (gtid.server != found->second.server || gtid.sequence < found->second.sequence) return false;
  const bool beyond = gtid.sequence > found->second.sequence;
  until_->erase(found);
  return beyond;
}

bool GtidSelection::take_start_reached() {
  return std::exchange(start_just_reached_, false);
}

}  // namespace lifeboat::relay
