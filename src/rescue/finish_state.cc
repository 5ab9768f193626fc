#include "rescue/finish_state.h"

#include "base/error.h"
#include "rescue/cut_over.h"

namespace lifeboat::rescue {

FinishState finish_state(const RescueRecord& record) {
  if (!record.finish.contains("state")) return FinishState::kNone;
  const std::string state = json_string(record.finish, "state");
  if (state == "home") return FinishState::kHome;
  return state == "opening" ? FinishState::kOpening : FinishState::kBegun;
}

void check_in_place(const RescueRecord& record) {
  if (cut_over_state(record) != CutOverState::kSwitched) {
    fail(Code::kRefused, format("rescue {} is not in place: production does not run on it", record.name),
         format("First: lifeboat rescue cut-over {}", record.name));
  }
  const FinishState state = finish_state(record);
  const bool given_way_to_home = state == FinishState::kOpening || state == FinishState::kHome;
  if (given_way_to_home || !replaced_by_another(record)) return;
  fail(Code::kRefused, format("rescue {} is not in place any more: another has taken over from it", record.name),
       "Finish the one that is: lifeboat rescue ls");
}

void check_not_home(const RescueRecord& record) {
  const FinishState state = finish_state(record);
  if (state != FinishState::kOpening && state != FinishState::kHome) return;
  fail(Code::kRefused,
       format("rescue {} is finished: production is at home, in {}", record.name,
              json_string(record.finish, "directory")),
       format("Its branch is not production any more: lifeboat branch stop {}", record.branch()));
}

}  // namespace lifeboat::rescue
