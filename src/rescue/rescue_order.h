/// What somebody asks a rescue for, and how that is told again by its record.
/// Threads: functions without state. Errors: kUsage for a time that is none.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "rescue/rescue_record.h"
#include "vault/image_reader.h"

namespace lifeboat::rescue {

struct RescueOrder {
  std::string name;               ///< empty: by what it goes by
  std::string to;                 ///< RescueLog::moment; empty: all of the log
  std::vector<std::string> skip;  ///< GTIDs; empty, and no `to`: what the guard holds, else the newest danger
  std::string way;                ///< "standby", "image", "older"; empty: what is sooner of the first two
  std::string image;              ///< that one only
  bool rehearsal = false;         ///< a drill's: of dangers that nobody named, only what the guard holds is left out
  bool standalone = false;        ///< with the vault alone: log that was not brought here cannot be had
};

/// As it stands in a record.
json::object request_of(const RescueOrder& order);
/// Whether it is told by nothing but perhaps a name.
bool asks_nothing(const RescueOrder& order);

/// Whether an image was asked for by its name, which a person has looked up.
bool insists_on_image(const std::string& image);

/// Whether an image may serve for what `order` names, judged without a log. `source`: whose log it will be, as its
/// directory is named; empty: not known.
bool image_may_serve(const vault::ImageInfo& info, const RescueOrder& order, const std::string& source);

/// By which way a record goes.
std::string_view way_of(const RescueRecord& record);

}  // namespace lifeboat::rescue
