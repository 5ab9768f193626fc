#include "vault/retention.h"

#include <algorithm>
#include <charconv>
#include <map>
#include <set>

#include "base/error.h"

namespace lifeboat::vault {
namespace {

using std::chrono::milliseconds;

constexpr int kMonthsMax = 1200;

[[noreturn]] void refuse(std::string_view part) {
  fail(Code::kUsage, format("'{}' is not a retention rule", part),
       format("Write the policy like this: {}", kDefaultRetention));
}

int parse_months(std::string_view text, std::string_view part) {
  int months = 0;
  const auto [rest, error] = std::from_chars(text.data(), text.data() + text.size(), months);
  if (error != std::errc{} || rest != text.data() + text.size() || months < 0 || months > kMonthsMax) refuse(part);
  return months;
}

void parse_rule(std::string_view part, RetentionPolicy& policy) {
  const std::size_t equals = part.find('=');
  if (equals == std::string_view::npos) refuse(part);
  const std::string_view key = part.substr(0, equals);
  const std::string_view value = part.substr(equals + 1);
  if (key == "all") {
    policy.all = parse_duration(value);
  } else if (key == "hourly") {
    policy.hourly = parse_duration(value);
  } else if (key == "daily") {
    policy.daily = parse_duration(value);
  } else if (key == "monthly") {
    policy.monthly = parse_months(value, part);
  } else {
    refuse(part);
  }
}

/// When the content was current, as far as the store can vouch for it.
SystemTime content_time(const RetentionImage& image) {
  return std::min(image.time, image.stored);
}

int month_number(SystemTime time) {
  const std::chrono::year_month_day date(std::chrono::floor<std::chrono::days>(time));
  return static_cast<int>(date.year()) * 12 + static_cast<int>(static_cast<unsigned>(date.month()));
}

/// The images of one origin, newest first, so that the first of an hour, day or month is its newest.
class OriginJudge {
 public:
  OriginJudge(const RetentionPolicy& policy, SystemTime now, const ImageName& published_last)
      : policy_(policy), now_(now), published_last_(published_last) {}

  Verdict judge(const RetentionImage& image) {
    std::string reason = reason_to_keep(image);
    if (reason.empty()) return {image.name, false, "no rule keeps it"};
    return {image.name, true, std::move(reason)};
  }

 private:
  std::string reason_to_keep(const RetentionImage& image) {
    const SystemTime time = content_time(image);
    const std::string text = format_time(time);
    const bool newest = !image.damaged && std::exchange(first_, false);
    const bool last_proven = image.proven && !image.damaged && std::exchange(first_proven_, false);
    const bool of_hour = hours_.insert(text.substr(0, 13)).second;
    const bool of_day = days_.insert(text.substr(0, 10)).second;
    const bool of_month = months_.insert(text.substr(0, 7)).second;
    if (image.pinned) return "pinned";
    if (!image.in_use.empty()) return format("in use by {}", image.in_use);
    if (now_ - image.stored < policy_.all) return format("younger than {}", format_duration(policy_.all));
    if (newest) return "newest of its origin";
    if (last_proven) return "last proven of its origin";
    if (image.name == published_last_) return "published last of its origin";
    if (of_hour && now_ - time < policy_.hourly) return format("newest of hour {}", text.substr(0, 13));
    if (of_day && now_ - time < policy_.daily) return format("newest of day {}", text.substr(0, 10));
    if (of_month && month_number(now_) - month_number(time) <= policy_.monthly && policy_.monthly > 0) {
      return format("newest of month {}", text.substr(0, 7));
    }
    return {};
  }

  const RetentionPolicy& policy_;
  SystemTime now_;
  /// Its content may look old, if its host's clock was behind: names ascend all the same.
  const ImageName& published_last_;
  bool first_ = true;
  bool first_proven_ = true;
  std::set<std::string> hours_;
  std::set<std::string> days_;
  std::set<std::string> months_;
};

}  // namespace

RetentionPolicy parse_retention(std::string_view text) {
  RetentionPolicy policy{milliseconds(0), milliseconds(0), milliseconds(0), 0};
  bool any = false;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find_first_of(" ,"), text.size());
    const std::string_view part = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    if (part.empty()) continue;
    parse_rule(part, policy);
    any = true;
  }
  if (!any) refuse(text);
  return policy;
}

std::vector<Verdict> judge(const std::vector<RetentionImage>& images, const RetentionPolicy& policy, SystemTime now) {
  std::vector<const RetentionImage*> newest_first;
  for (const RetentionImage& image : images) newest_first.push_back(&image);
  std::ranges::sort(newest_first, std::greater{},
                    [](const RetentionImage* image) { return std::pair(content_time(*image), image->name); });
  std::map<std::string_view, ImageName> last;
  for (const RetentionImage& image : images) {
    ImageName& name = last[image.origin];
    if (!image.damaged) name = std::max(name, image.name);
  }
  std::map<std::string_view, OriginJudge> origins;
  std::vector<Verdict> verdicts;
  for (const RetentionImage* image : newest_first) {
    verdicts.push_back(
        origins.try_emplace(image->origin, policy, now, last.at(image->origin)).first->second.judge(*image));
  }
  std::ranges::reverse(verdicts);
  return verdicts;
}

}  // namespace lifeboat::vault
