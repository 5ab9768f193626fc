/// What a rescue would do, before it does anything: what is to be left out, up to where, by a standby or from which
/// image, and which other ways there are. Looks only; the log and the vault stay as they are.
///
/// Threads: one at a time. Errors: RescueLog's, the vault's; kNotFound if neither a standby nor an image will do, with
/// what can be done then; kUsage for an order that contradicts itself.
#pragma once

#include <string>
#include <vector>

#include "rescue/image_choice.h"
#include "rescue/rescue_log.h"
#include "rescue/rescue_order.h"
#include "rescue/rescue_record.h"
#include "rescue/rescue_ways.h"
#include "vault/vault.h"

namespace lifeboat::rescue {

struct RescuePicture {
  std::vector<FoundDanger> dangers;   ///< the newest of the log, the newest first
  std::vector<FoundDanger> left_out;  ///< those that the plan skips
  std::vector<ImageChoice> images;    ///< the newest first
  std::vector<RescueWay> ways;        ///< the first is the plan's
  RescueRecord record;                ///< the plan

  /// A rescue that was begun goes on by the way that it took.
  void begin_with(std::string_view way);
};

/// How many dangers of a class a picture holds.
inline constexpr std::size_t kDangersLookedAt = 200;

/// What a plan is made of; all but the vault may be empty. Borrowed.
struct RescueSurroundings {
  RescueLog& log;
  Path relay_directory;  ///< that the log is of
  Path guard_directory;  ///< of the relay whose guard's record is asked: the same, or what is left of it
  vault::Vault& vault;
  std::vector<FoundStandby> standbys;
};

RescuePicture plan_rescue(const RescueSurroundings& surroundings, const RescueOrder& order);

}  // namespace lifeboat::rescue
