#include "rescue/rescue_ways.h"

#include "base/printable.h"

namespace lifeboat::rescue {
namespace {

class WayLister {
 public:
  explicit WayLister(const WayFacts& facts) : facts_(facts) {}

  std::vector<RescueWay> list() const {
    std::vector<RescueWay> ways{standby_way(), image_way()};
    if (!facts_.by_standby) std::swap(ways[0], ways[1]);
    if (facts_.order.way != "older") ways.push_back(older_way());
    ways.push_back({.name = "table",
                    .what = "one table from the rescued server back into the living one, by hand",
                    .why_not = {},
                    .seconds = {},
                    .loss = "what the living server has in that table",
                    .command = "mariadb-dump --socket=SOCKET DATABASE TABLE | mariadb --host=LIVING DATABASE"});
    if (facts_.images.empty()) return ways;
    ways.push_back({.name = "export",
                    .what = "the image as plain files, for a host without FUSE; the log by `lifeboat log replay`",
                    .why_not = {},
                    .seconds = {},
                    .loss = with_rest(facts_.image_loss),
                    .command = format("lifeboat image export {} DIRECTORY", facts_.images.front().name)});
    return ways;
  }

 private:
  RescueWay standby_way() const {
    RescueWay way{.name = "standby",
                  .what = {},
                  .why_not = facts_.why_no_standby,
                  .seconds = facts_.standby_seconds,
                  .loss = with_rest(facts_.standby ? facts_.standby->loss : ""),
                  .command = command("standby")};
    if (facts_.standby) way.what = format("take standby {} past it, replay the log behind it", facts_.standby->standby);
    return way;
  }

  RescueWay image_way() const {
    const std::string_view name = facts_.order.way == "older" ? "older" : "image";
    RescueWay way{.name = std::string(name),
                  .what = {},
                  .why_not = facts_.why_no_image,
                  .seconds = {},
                  .loss = with_rest(facts_.image_loss),
                  .command = command(name)};
    if (facts_.images.empty()) return way;
    way.what = format("boot image {}, replay the log behind it", facts_.images.front().name);
    way.seconds = facts_.images.front().seconds;
    return way;
  }

  RescueWay older_way() const {
    RescueWay way{.name = "older",
                  .what = "the same from an image before that, should it be damaged",
                  .why_not = facts_.images.size() < 2 ? "the vault holds no other that will do" : "",
                  .seconds = {},
                  .loss = with_rest(facts_.image_loss),
                  .command = command("older")};
    if (facts_.images.size() > 1) way.seconds = facts_.images[1].seconds;
    return way;
  }

  std::string with_rest(const std::string& loss) const {
    return loss.empty() || facts_.rest.empty() ? loss + facts_.rest : format("{}; {}", loss, facts_.rest);
  }

  std::string command(std::string_view way) const {
    const RescueOrder& order = facts_.order;
    std::string words = order.standalone ? "lifeboat rescue --standalone" : "lifeboat rescue";
    const std::string_view by_itself = facts_.by_standby ? "standby" : "image";
    if (!order.way.empty() || way != by_itself) words += format(" --way {}", way);
    if (!order.to.empty()) words += " --to " + shell_word(order.to);
    for (const std::string& gtid : order.skip) words += " --skip " + gtid;
    if (!order.image.empty()) words += " --image " + shell_word(order.image);
    return words;
  }

  const WayFacts& facts_;
};

}  // namespace

std::vector<RescueWay> list_ways(const WayFacts& facts) {
  return WayLister(facts).list();
}

}  // namespace lifeboat::rescue
