/// Which log parts may go: a pure function of names and times.
///
/// The log is kept whole inside the point-in-time window, and before it from the newest image that is not younger than
/// the window's start, since that image needs the log to get into the window: per history, and of images that do not
/// say whose they are per origin. Older images stand alone.
/// Whole files go, oldest first; the newest file of each log never does, because its relay may go on with it. Parts
/// whose bytes another part holds, too, go whatever their age.
#pragma once

#include <chrono>
#include <functional>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "vault/log_parts.h"
#include "vault/retention.h"

namespace lifeboat::vault {

inline constexpr std::chrono::hours kDefaultLogWindow{35 * 24};
/// Clocks of the hosts that made images may be wrong by less than this.
inline constexpr std::chrono::hours kLogMargin{24};

/// Of which server an image says that its content is; empty: it does not say.
using HistoryOf = std::function<std::string(const ImageInfo&)>;

struct LogPlan {
  SystemTime keep_from;
  std::string reason;  ///< why from then: "the window of 35d", "image 2026… of origin …"
  std::vector<ListedLogPart> remove;
  std::uint64_t remove_bytes = 0;
  std::uint64_t superseded = 0;  ///< of those to remove
  std::uint64_t kept = 0;
  std::uint64_t kept_bytes = 0;
};

/// Of which server's history each image is; empty: nobody knows. One that does not say is of its child's.
std::map<ImageName, std::string> image_histories(const std::vector<ImageInfo>& images, const HistoryOf& history_of);
/// What images say of themselves, and when they were stored; of those that `stored` lacks (put since) nothing.
std::vector<RetentionImage> retention_images(const std::vector<ImageInfo>& images,
                                             const std::map<ImageName, SystemTime>& stored,
                                             const HistoryOf& history_of);

/// `parts` as listed; `images` are those that stay; `now` is the store's clock.
LogPlan plan_log(const std::vector<ListedLogPart>& parts, const std::vector<RetentionImage>& images,
                 std::chrono::milliseconds window, SystemTime now);

}  // namespace lifeboat::vault
