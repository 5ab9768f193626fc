#include "vault/log_retention.h"

#include <algorithm>
#include <map>

#include "vault/log_cover.h"

namespace lifeboat::vault {
namespace {

SystemTime content_time(const RetentionImage& image) {
  return std::min(image.time, image.stored);
}

/// From when on the log is needed: the window's start, or the image that leads into it.
void choose_start(const std::vector<RetentionImage>& images, std::chrono::milliseconds window, SystemTime now,
                  LogPlan& plan) {
  const SystemTime start = now - window;
  plan.keep_from = start;
  plan.reason = format("the window of {}", format_duration(window));
  std::map<std::pair<std::string, std::string>, const RetentionImage*> leads;
  for (const RetentionImage& image : images) {
    if (content_time(image) > start) continue;
    const RetentionImage*& lead =
        leads[image.history.empty() ? std::pair(image.origin, std::string()) : std::pair(std::string(), image.history)];
    if (lead == nullptr || content_time(image) > content_time(*lead)) lead = &image;
  }
  for (const auto& [_, image] : leads) {
    if (content_time(*image) >= plan.keep_from) continue;
    plan.keep_from = content_time(*image);
    plan.reason = format("image {} of '{}', which leads into the window", image->name, image->origin);
  }
  plan.keep_from -= kLogMargin;
}

bool all_before(const std::vector<ListedLogPart>& parts, SystemTime time) {
  return std::ranges::all_of(parts, [&](const ListedLogPart& part) { return part.stored < time; });
}

}  // namespace

std::map<ImageName, std::string> image_histories(const std::vector<ImageInfo>& images, const HistoryOf& history_of) {
  std::map<ImageName, std::string> histories;
  for (const ImageInfo& image : images) {
    const std::string history = history_of ? history_of(image) : std::string();
    histories[image.name] = history;
    const auto parent = histories.find(image.parent);
    if (parent != histories.end() && parent->second.empty()) parent->second = history;
  }
  return histories;
}

std::vector<RetentionImage> retention_images(const std::vector<ImageInfo>& images,
                                             const std::map<ImageName, SystemTime>& stored,
                                             const HistoryOf& history_of) {
  auto histories = image_histories(images, history_of);
  std::vector<RetentionImage> result;
  for (const ImageInfo& image : images) {
    const auto at = stored.find(image.name);
    if (at == stored.end()) continue;
    result.push_back({.name = image.name,
                      .origin = image.origin,
                      .time = image.time,
                      .stored = at->second,
                      .in_use = "",
                      .history = histories[image.name]});
  }
  return result;
}

LogPlan plan_log(const std::vector<ListedLogPart>& parts, const std::vector<RetentionImage>& images,
                 std::chrono::milliseconds window, SystemTime now) {
  LogPlan plan;
  choose_start(images, window, now, plan);
  const std::vector<std::vector<ListedLogPart>> files = split_by_file(parts);
  Id leaving{};  // the log whose files so far all go
  for (std::size_t i = 0; i < files.size(); ++i) {
    const Id& stream = files[i].front().name.stream;
    const bool first = i == 0 || files[i - 1].front().name.stream != stream;
    const bool newest = i + 1 == files.size() || files[i + 1].front().name.stream != stream;
    const bool goes = (first || leaving == stream) && !newest && all_before(files[i], plan.keep_from);
    leaving = goes ? stream : Id{};
    const std::vector<ListedLogPart> removable = goes ? files[i] : split_superseded(files[i]).superseded;
    plan.remove.insert(plan.remove.end(), removable.begin(), removable.end());
    for (const ListedLogPart& part : removable) plan.remove_bytes += part.stored_bytes;
    for (const ListedLogPart& part : files[i]) plan.kept_bytes += part.stored_bytes;
    plan.kept += files[i].size() - removable.size();
    if (!goes) plan.superseded += removable.size();
  }
  plan.kept_bytes -= plan.remove_bytes;
  return plan;
}

}  // namespace lifeboat::vault
