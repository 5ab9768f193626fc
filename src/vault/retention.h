/// Which images are kept and which may go, and why: a pure function of times. What can't be known from times (pins,
/// sessions at work) is handed in per image.
///
/// Images are judged per origin, so that two databases in one vault don't use up each other's places. Hours, days and
/// months are UTC, and the newest image of each is kept: it is the newest of a month only if it is the newest of its
/// day, so pruning every hour and pruning once a year end with the same images.
#pragma once

#include <chrono>
#include <string>
#include <string_view>
#include <vector>

#include "base/units.h"
#include "vault/image.h"

namespace lifeboat::vault {

struct RetentionPolicy {
  std::chrono::milliseconds all = std::chrono::hours(2 * 24);  ///< the window: nothing younger ever goes
  std::chrono::milliseconds hourly = std::chrono::hours(7 * 24);
  std::chrono::milliseconds daily = std::chrono::hours(35 * 24);
  int monthly = 12;  ///< whole calendar months before this one
  bool operator==(const RetentionPolicy&) const = default;
};

inline constexpr std::string_view kDefaultRetention = "all=2d hourly=7d daily=35d monthly=12";

/// "all=2d hourly=7d daily=35d monthly=12"; what is left out keeps nothing. Throws kUsage naming the part at fault.
RetentionPolicy parse_retention(std::string_view text);

struct RetentionImage {
  ImageName name;
  std::string origin;
  SystemTime time;    ///< of its content, by the clock of the host that made it
  SystemTime stored;  ///< by the store's clock
  bool pinned = false;
  std::string in_use;        ///< by whom; empty: by nobody
  bool proven = false;       ///< it was booted and checked
  bool damaged = false;      ///< its object: nothing is known of it, and it is nobody's way back
  std::string history = {};  ///< of which server its content is, as image_histories() says
};

struct Verdict {
  ImageName name;
  bool keep = true;
  std::string reason;  ///< "younger than 2d 0h", "newest of 2026-11-20", "no rule keeps it", …
};

/// One verdict per image, in order of time. `now` is the store's clock. A host whose clock is wrong can make an image
/// look younger, never older than the store has had it.
std::vector<Verdict> judge(const std::vector<RetentionImage>& images, const RetentionPolicy& policy, SystemTime now);

}  // namespace lifeboat::vault
