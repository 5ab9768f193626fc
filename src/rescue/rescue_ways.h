/// The ways back that a plan knows, for people to compare: what each does, how long it takes, what it loses, and the
/// command. Threads: a free function. Errors: none.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "rescue/rescue_order.h"
#include "rescue/standby_way.h"

namespace lifeboat::rescue {

struct RescueWay {
  std::string name;  ///< "standby", "image", "older", "table", "export"
  std::string what;
  std::string why_not;            ///< empty: it is possible
  std::optional<double> seconds;  ///< a guess; nothing: not known
  std::string loss;
  std::string command;
};

/// What the plan has found.
struct WayFacts {
  struct Image {
    std::string name;
    double seconds = 0;
  };
  const RescueOrder& order;
  bool by_standby = false;    ///< the plan goes by it
  std::vector<Image> images;  ///< that will do, the best first
  std::string why_no_image;   ///< if there is none
  std::string image_loss;     ///< to a gap in the log
  std::optional<StandbyWay> standby;
  std::optional<double> standby_seconds;
  std::string why_no_standby;
  std::string rest;  ///< what is given up by choice
};

/// The plan's first.
std::vector<RescueWay> list_ways(const WayFacts& facts);

}  // namespace lifeboat::rescue
