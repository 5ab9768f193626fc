/// How far production has come home (homecoming.h), for those who only ask.
///
/// Threads: functions without state. Errors: kRefused where production is not what somebody takes it for.
#pragma once

#include "rescue/rescue_record.h"

namespace lifeboat::rescue {

enum class FinishState { kNone, kBegun, kOpening, kHome };
FinishState finish_state(const RescueRecord& record);
/// kRefused unless production runs on what was rescued, or has come home from there.
void check_in_place(const RescueRecord& record);
/// kRefused once the branch is no longer what production runs on.
void check_not_home(const RescueRecord& record);

}  // namespace lifeboat::rescue
