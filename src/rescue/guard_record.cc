#include "rescue/guard_record.h"

#include <algorithm>

#include "relay/hold_book.h"
#include "relay/log_scan.h"

namespace lifeboat::rescue {

void GuardRecord::tell(std::vector<FoundDanger>& dangers) const {
  for (FoundDanger& danger : dangers) {
    const auto state = states.find(format_gtid(danger.gtid));
    if (state != states.end()) danger.guard = state->second;
  }
}

GuardRecord read_guard_record(const Path& relay_directory, const Path& incarnation) {
  GuardRecord record;
  if (!std::filesystem::exists(relay::guard_directory(relay_directory))) return record;
  relay::HoldBook book(relay_directory);
  book.refresh();
  for (const relay::Hold& hold : book.list()) {
    if (!is_of_log(hold.subject, incarnation)) continue;
    record.states[hold.subject.gtid] = hold.open() ? "held" : std::string(hold_state_name(hold.state));
  }
  for (const relay::HoldSubject& subject : book.left_out(std::string(relay::kEveryStream))) {
    if (!is_of_log(subject, incarnation) || subject.gtid.empty()) continue;
    record.states[subject.gtid] = hold_state_name(relay::HoldState::kSkipped);
    record.skipped.push_back(subject);
  }
  std::ranges::sort(record.skipped, {}, [](const relay::HoldSubject& subject) {
    return std::pair(relay::log_file_number(subject.file), subject.position);
  });
  return record;
}

}  // namespace lifeboat::rescue
