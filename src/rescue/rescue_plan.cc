#include "rescue/rescue_plan.h"

#include <algorithm>
#include <set>

#include "base/error.h"
#include "base/printable.h"
#include "rescue/guard_record.h"
#include "rescue/left_out_choice.h"

namespace lifeboat::rescue {
namespace {

/// Until drills have measured: of a boot with its recovery, of taking a standby over, and of the replay's bytes of log
/// each second; a standby makes each transaction durable.
constexpr double kBootGuessSeconds = 4;
constexpr double kTakeOverGuessSeconds = 1;
constexpr double kReplayGuessBytes = 20e6;
constexpr double kStandbyReplayGuessBytes = 5e6;

std::vector<binlog::Gtid> gtids_of(const std::vector<FoundDanger>& dangers) {
  std::vector<binlog::Gtid> gtids;
  for (const FoundDanger& each : dangers) gtids.push_back(each.gtid);
  return gtids;
}

class RescuePlanner {
 public:
  RescuePlanner(const RescueSurroundings& surroundings, const RescueOrder& order)
      : log_(surroundings.log), surroundings_(surroundings), order_(order) {}

  RescuePicture plan() {
    find_dangers();
    until_ = log_.moment(order_.to);
    rest_ = tell_rest();
    check_left_out();
    choose_name();
    choose_images();
    choose_standby();
    picture_.record = takes_standby() ? standby_record() : image_record();
    const auto until = binlog::GtidPosition::parse(picture_.record.until);
    std::erase_if(picture_.left_out, [&](const FoundDanger& each) { return !log_.has(until, each.gtid); });
    list_ways();
    return std::move(picture_);
  }

 private:
  void find_dangers() {
    picture_.dangers = log_.newest_dangers(kDangersLookedAt);
    if (!surroundings_.guard_directory.empty()) guard_ = read_guard_record(surroundings_.guard_directory, log_.path());
    guard_.tell(picture_.dangers);
    if (!order_.skip.empty()) {
      for (const std::string& gtid : order_.skip) {
        picture_.left_out.push_back(log_.danger(binlog::parse_gtid(gtid)));
      }
    } else if (order_.rehearsal) {
      std::ranges::copy_if(picture_.dangers, std::back_inserter(picture_.left_out),
                           [](const FoundDanger& each) { return each.guard == "held"; });
    } else if (order_.to.empty()) {
      picture_.left_out = choose_left_out(picture_.dangers);
    }
    guard_.tell(picture_.left_out);
    find_skipped();
  }

  /// Not among the dangers: those are the newest alone, of what lies on this disk.
  void find_skipped() {
    const std::uint64_t oldest = relay::log_file_number(log_.log()->files().front().name);
    for (const relay::HoldSubject& each : guard_.skipped) {
      const binlog::Gtid gtid = binlog::parse_gtid(each.gtid);
      if (relay::log_file_number(each.file) < oldest && !log_.find(gtid)) {
        skipped_away_.push_back(each);
      } else if (log_.find(gtid)) {
        skipped_.push_back(gtid);
      }
    }
  }

  /// What nobody named is no contradiction.
  void check_left_out() {
    if (order_.skip.empty()) {
      std::erase_if(picture_.left_out, [&](const FoundDanger& each) { return !log_.has(until_, each.gtid); });
      return;
    }
    for (const FoundDanger& each : picture_.left_out) {
      if (log_.has(until_, each.gtid)) continue;
      fail(Code::kUsage, format("{} lies after {}: it is not replayed anyhow", format_gtid(each.gtid), order_.to),
           format("Without it: lifeboat rescue --to {}", shell_word(order_.to)));
    }
  }

  void choose_name() {
    name_ = order_.name;
    if (!name_.empty()) return;
    std::string target = order_.to.empty() ? "now" : "to-" + order_.to;
    if (!picture_.left_out.empty()) target = format_gtid(picture_.left_out.front().gtid);
    name_ = rescue_name_for(order_.way.empty() ? target : format("{}-{}", target, order_.way));
  }

  void choose_images() {
    const std::string only =
        order_.image.empty() ? std::string() : vault::resolve_image(surroundings_.vault, order_.image);
    picture_.images = judge_images(log_, surroundings_.vault,
                                   {.left_out = picture_.left_out,
                                    .to = order_.to,
                                    .until = until_,
                                    .past_in_vault = !order_.standalone,
                                    .skipped_away = skipped_away_,
                                    .guard_directory = surroundings_.guard_directory,
                                    .only = only,
                                    .insists = insists_on_image(order_.image)});
    bool passed_newest = order_.way != "older";
    for (const ImageChoice& choice : picture_.images) {
      if (choice.why_not.empty() && std::exchange(passed_newest, true)) images_.push_back(&choice);
    }
    if (images_.empty()) return;
    // What lies behind a hole in the log cannot be had from an image before it.
    const auto& position = images_.front()->position;
    image_gap_ = log_.gap_behind(position ? std::optional(position->gtid) : std::nullopt, until_);
  }

  /// The one with the least log to replay; of those that will not do, the reasons.
  void choose_standby() {
    std::string reasons;
    for (const FoundStandby& each : surroundings_.standbys) {
      StandbyWay way = judge_standby(log_, each,
                                     {.rescue = name_,
                                      .relay_directory = surroundings_.relay_directory,
                                      .left_out = gtids_of(picture_.left_out),
                                      .until = until_});
      if (!way.why_not.empty()) {
        reasons += format("{}standby {}: {}", reasons.empty() ? "" : "; ", each.name, way.why_not);
      } else if (!standby_ || way.bytes < standby_->bytes) {
        standby_ = std::move(way);
      }
    }
    if (!standby_) why_no_standby_ = reasons.empty() ? "there is none on this host" : reasons;
  }

  bool takes_standby() const {
    if (order_.way == "standby") return true;
    if (!order_.way.empty() || !order_.image.empty() || !standby_) return false;
    return images_.empty() || standby_->begun || guess_standby() <= guess(*images_.front());
  }

  RescueRecord record_to(const binlog::GtidPosition& until) {
    RescueRecord record;
    record.name = name_;
    record.request = request_of(order_);
    record.log = log_.path();
    record.relay = surroundings_.relay_directory;
    record.guard = surroundings_.guard_directory;
    record.until = until.format();
    record.rest = rest_;
    std::set<std::string> objects;
    for (const FoundDanger& each : picture_.left_out) {
      if (log_.has(until, each.gtid)) objects.insert(each.objects.begin(), each.objects.end());
    }
    record.objects.assign(objects.begin(), objects.end());
    return record;
  }

  RescueRecord standby_record() {
    if (!order_.image.empty()) fail(Code::kUsage, "a standby is no image: either --way standby, or --image");
    if (!standby_) {
      fail(Code::kNotFound, format("no standby will do: {}", why_no_standby_),
           "From an image: lifeboat rescue --way image");
    }
    RescueRecord record = record_to(standby_->until);
    record.standby = standby_->standby;
    record.start = standby_->position.format();
    record.loss = standby_->loss;
    const std::vector<binlog::Gtid> chosen = gtids_of(picture_.left_out);
    for (const binlog::Gtid& gtid : standby_->left_out) {
      record.skip.push_back(format_gtid(gtid));
      if (std::ranges::find(chosen, gtid) == chosen.end()) record.skipped_before.push_back(format_gtid(gtid));
    }
    for (const binlog::Gtid& gtid : standby_->holes) record.holes.push_back(format_gtid(gtid));
    if (order_.way.empty() && !images_.empty()) record.instead = to_json(image_record());
    return record;
  }

  RescueRecord image_record() {
    if (images_.empty()) {
      fail(Code::kNotFound,
           format("no image will do{}: {}", order_.way == "older" ? " beside the newest" : "", reason_without_image()),
           "`lifeboat rescue --dry-run --to TIME` with a time after an image's (lifeboat image ls) finds another way.");
    }
    const binlog::GtidPosition until = image_gap_ ? image_gap_->kept_to : until_;
    RescueRecord record = record_to(until);
    if (image_gap_) record.loss = image_gap_->loss;
    for (const ImageChoice* choice : images_) record.images.push_back(choice->info.name);
    for (const FoundDanger& each : picture_.left_out) {
      if (log_.has(until, each.gtid)) record.skip.push_back(format_gtid(each.gtid));
    }
    // What people had skipped before does not come back with an older image.
    for (const binlog::Gtid& gtid : skipped_) {
      const std::string text = format_gtid(gtid);
      const bool known = std::ranges::find(record.skip, text) != record.skip.end();
      if (known || !log_.has(until, gtid) || !may_come_back(gtid)) continue;
      record.skip.push_back(text);
      record.skipped_before.push_back(text);
    }
    return record;
  }

  /// With one of the images that are to be tried.
  bool may_come_back(const binlog::Gtid& gtid) {
    return std::ranges::any_of(images_, [&](const ImageChoice* choice) {
      return !choice->position || !log_.has(choice->position->gtid, gtid);
    });
  }

  std::string reason_without_image() const {
    if (picture_.images.empty()) return "the vault holds none";
    const auto wrong = std::ranges::find_if(picture_.images, [&](const ImageChoice& choice) {
      return !choice.why_not.empty() && (order_.image.empty() || choice.info.name.starts_with(order_.image));
    });
    return wrong == picture_.images.end() ? "there is no other" : format("{}: {}", wrong->info.name, wrong->why_not);
  }

  double guess(const ImageChoice& choice) const {
    const std::uint64_t bytes =
        choice.position ? log_.bytes_after(choice.position->gtid) : log_.bytes_since(choice.info.time);
    return kBootGuessSeconds + static_cast<double>(bytes) / kReplayGuessBytes;
  }
  double guess_standby() const {
    return kTakeOverGuessSeconds + static_cast<double>(standby_->bytes) / kStandbyReplayGuessBytes;
  }

  void list_ways() {
    WayFacts facts{.order = order_,
                   .by_standby = !picture_.record.standby.empty(),
                   .images = {},
                   .why_no_image = images_.empty() ? reason_without_image() : "",
                   .image_loss = image_gap_ ? image_gap_->loss : "",
                   .standby = standby_,
                   .standby_seconds = {},
                   .why_no_standby = why_no_standby_,
                   .rest = rest_};
    for (const ImageChoice* choice : images_)
      facts.images.push_back({.name = choice->info.name, .seconds = guess(*choice)});
    if (standby_ && !standby_->begun) facts.standby_seconds = guess_standby();
    picture_.ways = rescue::list_ways(facts);
  }

  /// What is given up by choice.
  std::string tell_rest() {
    if (order_.to.empty()) return {};
    const RescueLog::Rest rest = log_.rest_behind(until_);
    if (rest.transactions == 0) return {};
    return format("by choice (--to) what came after {}: {} transactions, from {} to {}", until_.format(),
                  rest.transactions, format_time(rest.first), format_time(rest.last));
  }

  RescueLog& log_;
  const RescueSurroundings& surroundings_;
  const RescueOrder& order_;
  RescuePicture picture_;
  GuardRecord guard_;
  std::vector<binlog::Gtid> skipped_;             ///< that people had the guard skip before
  std::vector<relay::HoldSubject> skipped_away_;  ///< the same, in log that is not on this disk
  std::string name_;
  std::vector<const ImageChoice*> images_;   ///< into the picture's: those that will do
  std::optional<RescueLog::Gap> image_gap_;  ///< behind the first of them
  std::optional<StandbyWay> standby_;        ///< the best that will do
  std::string why_no_standby_;
  binlog::GtidPosition until_;
  std::string rest_;  ///< what lies behind it, for people
};

}  // namespace

void RescuePicture::begin_with(std::string_view way) {
  const auto found = std::ranges::find(ways, way, &RescueWay::name);
  if (found != ways.end()) std::rotate(ways.begin(), found, found + 1);
}

RescuePicture plan_rescue(const RescueSurroundings& surroundings, const RescueOrder& order) {
  return RescuePlanner(surroundings, order).plan();
}

}  // namespace lifeboat::rescue
