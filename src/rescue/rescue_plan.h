/// What a rescue would do, before it does anything: what is to be left out, up to where, from which image, and which
/// other ways there are. Looks only; the log and the vault stay as they are.
///
/// Threads: one at a time. Errors: RescueLog's, the vault's; kNotFound if no image will do, with what can be done then;
/// kUsage for an order that contradicts itself.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "rescue/image_position.h"
#include "rescue/rescue_log.h"
#include "rescue/rescue_record.h"
#include "vault/vault.h"

namespace lifeboat::rescue {

struct RescueOrder {
  std::string name;               ///< empty: by what it goes by
  std::string to;                 ///< RescueLog::moment; empty: all of the log
  std::vector<std::string> skip;  ///< GTIDs; empty, and no `to`: what the guard holds, else the newest danger
  std::string way = "image";      ///< or "older"
  std::string image;              ///< that one only
  bool past_in_vault = false;     ///< log that is no more on the disk can be had
};

struct ImageChoice {
  vault::ImageInfo info;
  std::optional<ImagePosition> position;
  std::string why_not;  ///< empty: it will do, as far as is known
};

struct RescueWay {
  std::string name;  ///< "image", "older", "table", "export"
  std::string what;
  std::string why_not;            ///< empty: it is possible
  std::optional<double> seconds;  ///< a guess; nothing: not known
  std::string loss;
  std::string command;
};

struct RescuePicture {
  std::vector<FoundDanger> dangers;   ///< the newest of the log, the newest first
  std::vector<FoundDanger> left_out;  ///< those that the plan skips
  std::vector<ImageChoice> images;    ///< the newest first
  std::vector<RescueWay> ways;
  RescueRecord record;  ///< the plan
};

/// How many dangers a picture holds.
inline constexpr std::size_t kDangersLookedAt = 50;

RescuePicture plan_rescue(RescueLog& log, const Path& relay_directory, vault::Vault& vault, const RescueOrder& order);

/// What a rescue that was not told leaves out: all that is held, else the newest and what the same session did within
/// an hour before it.
std::vector<FoundDanger> choose_left_out(const std::vector<FoundDanger>& dangers);

/// Whether an image may serve for what `order` names, judged without a log.
bool image_may_serve(const vault::ImageInfo& info, const RescueOrder& order);

}  // namespace lifeboat::rescue
