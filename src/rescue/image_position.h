/// Where in its source's history an image lies: the member `position` of ImageInfo::server, written by whoever commits
/// an image of which that is known (a seed, a standby) and read by whoever replays the log from there.
/// docs/internals/server-info.md describes the member.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "base/json.h"
#include "base/units.h"
#include "binlog/gtid.h"
#include "vault/image.h"

namespace lifeboat::rescue {

struct ImagePosition {
  binlog::GtidPosition gtid;   ///< all of this is in the image, and nothing that comes after it
  std::string file;            ///< the same place in the source's binary log; empty: not known
  std::uint64_t position = 0;  ///< within `file`
  std::string source;          ///< "host:port" that the history is of; may be empty, or a name of its log
  SystemTime taken;            ///< when the position was read; kept to the second

  friend bool operator==(const ImagePosition&, const ImagePosition&) = default;
};

/// The value of the member.
json::object to_json(const ImagePosition& position);

/// Empty if the image does not say. Throws kCorruption naming the image if what it says makes no sense.
std::optional<ImagePosition> position_of(const vault::ImageInfo& image);

/// The image's description says this position from now on, instead of any other.
void set_position(vault::ImageInfo& image, const ImagePosition& position);

}  // namespace lifeboat::rescue
