#include "rescue/rescue_order.h"

#include <algorithm>

#include "rescue/history_identity.h"
#include "rescue/image_position.h"
#include "rescue/rescue_log.h"

namespace lifeboat::rescue {

bool insists_on_image(const std::string& image) {
  return !image.empty() && image != "latest";
}

bool image_may_serve(const vault::ImageInfo& info, const RescueOrder& order, const std::string& source) {
  const auto to = RescueLog::time_in(order.to);
  if (to && info.time >= *to) return false;
  const auto position = position_of(info);
  const bool says_source = position && !position->source.empty() && !source.empty();
  if (says_source && log_name_of(position->source) != source && !insists_on_image(order.image)) return false;
  return !position || std::ranges::none_of(order.skip, [&](const std::string& gtid) {
    return position->gtid.reached(binlog::parse_gtid(gtid));
  });
}

json::object request_of(const RescueOrder& order) {
  return {{"to", order.to},
          {"skip", json::array(order.skip.begin(), order.skip.end())},
          {"way", order.way},
          {"image", order.image}};
}

bool asks_nothing(const RescueOrder& order) {
  return order.to.empty() && order.skip.empty() && order.way.empty() && order.image.empty();
}

std::string_view way_of(const RescueRecord& record) {
  if (!record.standby.empty()) return "standby";
  const json::value* way = record.request.if_contains("way");
  const bool older = way != nullptr && way->is_string() && way->get_string() == "older";
  return older ? "older" : "image";
}

}  // namespace lifeboat::rescue
