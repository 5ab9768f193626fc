#include "rescue/rescue_plan.h"

#include <algorithm>
#include <set>

#include "base/error.h"
#include "base/printable.h"

namespace lifeboat::rescue {
namespace {

/// Until drills have measured: of a boot with its recovery, and of the replay's bytes of log each second.
constexpr double kBootGuessSeconds = 4;
constexpr double kReplayGuessBytes = 20e6;
constexpr std::chrono::hours kOneSession{1};
/// A log's times are whole seconds.
constexpr std::chrono::seconds kLogTimeUnit{1};

std::vector<ImageChoice> newest_first(vault::Vault& vault) {
  std::vector<std::string> damaged;
  std::vector<ImageChoice> choices;
  for (vault::ImageInfo& info : vault::list_images(vault, &damaged)) {
    ImageChoice choice{.info = std::move(info), .position = {}, .why_not = {}};
    try {
      choice.position = position_of(choice.info);
    } catch (const Exception& e) {
      choice.why_not = e.error().message;
    }
    choices.push_back(std::move(choice));
  }
  std::ranges::reverse(choices);
  return choices;
}

class RescuePlanner {
 public:
  RescuePlanner(RescueLog& log, const Path& relay, vault::Vault& vault, const RescueOrder& order)
      : log_(log), relay_(relay), vault_(vault), order_(order) {}

  RescuePicture plan() {
    find_dangers();
    until_ = log_.moment(order_.to);
    check_left_out();
    choose_images();
    end_before_gap();
    fill_record();
    list_ways();
    return std::move(picture_);
  }

 private:
  void find_dangers() {
    picture_.dangers = log_.newest_dangers(kDangersLookedAt);
    if (!relay_.empty()) log_.ask_guard(relay_, picture_.dangers);
    if (!order_.skip.empty()) {
      for (const std::string& gtid : order_.skip) {
        picture_.left_out.push_back(log_.danger(binlog::parse_gtid(gtid)));
      }
    } else if (order_.to.empty()) {
      picture_.left_out = choose_left_out(picture_.dangers);
    }
  }

  void check_left_out() {
    for (const FoundDanger& each : picture_.left_out) {
      if (log_.has(until_, each.gtid)) continue;
      fail(Code::kUsage, format("{} lies after {}: it is not replayed anyhow", format_gtid(each.gtid), order_.to),
           format("Without it: lifeboat rescue --to {}", shell_word(order_.to)));
    }
  }

  void choose_images() {
    picture_.images = newest_first(vault_);
    const std::string only = order_.image.empty() ? std::string() : vault::resolve_image(vault_, order_.image);
    bool passed_newest = order_.way != "older";
    for (ImageChoice& choice : picture_.images) {
      if (!only.empty() && choice.info.name != only) continue;
      if (choice.why_not.empty()) choice.why_not = judge(choice);
      if (!choice.why_not.empty()) continue;
      if (std::exchange(passed_newest, true)) chosen_.push_back(&choice);
    }
    if (!chosen_.empty()) return;
    fail_without_image(only);
  }

  [[noreturn]] void fail_without_image(const std::string& only) const {
    std::string why = picture_.images.empty() ? "the vault holds none" : "";
    for (const ImageChoice& choice : picture_.images) {
      const bool named = only.empty() || choice.info.name == only;
      if (named && why.empty()) why = format("{}: {}", choice.info.name, choice.why_not);
    }
    fail(Code::kNotFound, format("no image will do{}: {}", order_.way == "older" ? " beside the newest" : "", why),
         "`lifeboat rescue --dry-run --to TIME` with a time after an image's (lifeboat image ls) finds another way.");
  }

  /// Why an image will not do.
  std::string judge(const ImageChoice& choice) {
    if (!choice.position) return judge_by_time(choice.info);
    const binlog::GtidPosition& position = choice.position->gtid;
    if (!log_.knows(position)) return format("this log knows nothing of {}", position.format());
    if (!order_.past_in_vault && !position.reached(log_.begin())) {
      return format("the log on this disk begins later, after {}", log_.begin().format());
    }
    for (const FoundDanger& each : picture_.left_out) {
      if (log_.has(position, each.gtid)) return format("it was taken after {}", format_gtid(each.gtid));
    }
    for (const binlog::Gtid& gtid : position.gtids()) {
      const bool in_log = log_.end().find(gtid.domain).has_value();
      if (in_log && !log_.has(until_, gtid)) return format("it was taken after {}", order_.to);
    }
    return {};
  }

  /// Of one that does not say where it lies: what it says when it has booted is checked again.
  std::string judge_by_time(const vault::ImageInfo& info) const {
    const auto to = RescueLog::time_in(order_.to);
    if (to && info.time >= *to) return format("it was taken after {}", order_.to);
    for (const FoundDanger& each : picture_.left_out) {
      if (info.time >= each.time + kLogTimeUnit) return format("it was taken after {}", format_gtid(each.gtid));
    }
    return {};
  }

  /// What lies behind a hole in the log cannot be had from an image before it.
  void end_before_gap() {
    const auto& position = chosen_.front()->position;
    for (const relay::LogGap& gap : log_.gaps()) {
      const auto kept = binlog::GtidPosition::parse(gap.kept_to);
      const bool before = !position || kept.reached(position->gtid);
      if (!before || kept.reached(until_)) continue;
      until_ = kept;
      picture_.record.loss =
          format("all after {}: the log has a gap from there to {} ({})", gap.kept_to, gap.begins, gap.file);
      std::erase_if(picture_.left_out, [&](const FoundDanger& each) { return !log_.has(until_, each.gtid); });
      return;
    }
  }

  std::string target() const {
    if (!picture_.left_out.empty()) return format_gtid(picture_.left_out.front().gtid);
    return order_.to.empty() ? "now" : "to-" + order_.to;
  }

  void fill_record() {
    RescueRecord& record = picture_.record;
    record.name = order_.name;
    if (record.name.empty()) record.name = rescue_name_for(target() + (order_.way == "older" ? "-older" : ""));
    record.request = {{"to", order_.to},
                      {"skip", json::array(order_.skip.begin(), order_.skip.end())},
                      {"way", order_.way},
                      {"image", order_.image}};
    for (const ImageChoice* choice : chosen_) record.images.push_back(choice->info.name);
    record.log = log_.path();
    record.relay = relay_;
    record.until = until_.format();
    std::set<std::string> objects;
    for (const FoundDanger& each : picture_.left_out) {
      record.skip.push_back(format_gtid(each.gtid));
      objects.insert(each.objects.begin(), each.objects.end());
    }
    record.objects.assign(objects.begin(), objects.end());
  }

  double guess(const ImageChoice& choice) {
    const std::uint64_t bytes =
        choice.position ? log_.bytes_after(choice.position->gtid) : log_.bytes_since(choice.info.time);
    return kBootGuessSeconds + static_cast<double>(bytes) / kReplayGuessBytes;
  }

  std::string words_of_order() const {
    std::string words;
    if (!order_.to.empty()) words += " --to " + shell_word(order_.to);
    for (const std::string& gtid : order_.skip) words += " --skip " + gtid;
    if (!order_.image.empty()) words += " --image " + shell_word(order_.image);
    return words;
  }

  void list_ways() {
    const RescueRecord& record = picture_.record;
    const std::string newest = record.images.front();
    const bool older = order_.way == "older";
    picture_.ways.push_back({.name = order_.way,
                             .what = format("boot image {}, replay the log behind it", newest),
                             .why_not = {},
                             .seconds = guess(*chosen_.front()),
                             .loss = record.loss,
                             .command = format("lifeboat rescue{}{}", words_of_order(), older ? " --way older" : "")});
    if (!older) {
      RescueWay way{.name = "older",
                    .what = "the same from an image before that, should it be damaged",
                    .why_not = {},
                    .seconds = {},
                    .loss = record.loss,
                    .command = format("lifeboat rescue{} --way older", words_of_order())};
      if (chosen_.size() > 1) {
        way.seconds = guess(*chosen_[1]);
      } else {
        way.why_not = "the vault holds no other that will do";
      }
      picture_.ways.push_back(std::move(way));
    }
    picture_.ways.push_back(
        {.name = "table",
         .what = "one table from the booted image back into the living server, by hand",
         .why_not = {},
         .seconds = {},
         .loss = "what the living server has in that table",
         .command = "mariadb-dump --socket=SOCKET DATABASE TABLE | mariadb --host=LIVING DATABASE"});
    picture_.ways.push_back(
        {.name = "export",
         .what = "the image as plain files, for a host without FUSE; the log by `lifeboat log replay`",
         .why_not = {},
         .seconds = {},
         .loss = record.loss,
         .command = format("lifeboat image export {} DIRECTORY", newest)});
  }

  RescueLog& log_;
  const Path& relay_;
  vault::Vault& vault_;
  const RescueOrder& order_;
  RescuePicture picture_;
  std::vector<const ImageChoice*> chosen_;  ///< into the picture's images
  binlog::GtidPosition until_;
};

}  // namespace

std::vector<FoundDanger> choose_left_out(const std::vector<FoundDanger>& dangers) {
  std::vector<FoundDanger> out;
  std::ranges::copy_if(dangers, std::back_inserter(out), [](const FoundDanger& each) { return each.guard == "held"; });
  if (!out.empty() || dangers.empty()) return out;
  const FoundDanger& newest = dangers.front();
  std::ranges::copy_if(dangers, std::back_inserter(out), [&](const FoundDanger& each) {
    const bool same_session = each.thread == newest.thread && each.gtid.server == newest.gtid.server;
    return each.gtid == newest.gtid || (same_session && newest.thread != 0 && newest.time - each.time < kOneSession);
  });
  return out;
}

bool image_may_serve(const vault::ImageInfo& info, const RescueOrder& order) {
  const auto to = RescueLog::time_in(order.to);
  if (to && info.time >= *to) return false;
  const auto position = position_of(info);
  return !position || std::ranges::none_of(order.skip, [&](const std::string& gtid) {
    return position->gtid.reached(binlog::parse_gtid(gtid));
  });
}

RescuePicture plan_rescue(RescueLog& log, const Path& relay_directory, vault::Vault& vault, const RescueOrder& order) {
  return RescuePlanner(log, relay_directory, vault, order).plan();
}

}  // namespace lifeboat::rescue
