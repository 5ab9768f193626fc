#include "base/progress.h"

#include <cstdio>
#include <optional>

#include "base/json.h"

namespace lifeboat {

Progress::Progress(ProgressStyle style, std::string what, std::uint64_t total)
    : style_(style), what_(std::move(what)), total_(total) {
  if (style_ != ProgressStyle::kNone) thread_ = std::thread([this] { run(); });
}

Progress::~Progress() {
  if (!thread_.joinable()) return;
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  wake_.notify_all();
  thread_.join();
  write_line(true);
}

void Progress::run() {
  const auto period = style_ == ProgressStyle::kJson ? std::chrono::milliseconds(1000) : std::chrono::milliseconds(200);
  std::unique_lock lock(mutex_);
  while (!wake_.wait_for(lock, period, [this] { return stopping_; })) write_line(false);
}

void Progress::write_line(bool last) {
  const std::uint64_t done = done_.load(std::memory_order_relaxed);
  const std::uint64_t total = total_.load(std::memory_order_relaxed);
  const double seconds = watch_.seconds();
  const double rate = seconds > 0 ? static_cast<double>(done) / seconds : 0;
  std::optional<double> left;
  if (total > done && rate > 0) left = static_cast<double>(total - done) / rate;
  if (style_ == ProgressStyle::kJson) {
    json::object line{
        {"progress", what_},       {"done", done}, {"total", nullptr}, {"bytes_per_second", rate}, {"seconds", seconds},
        {"seconds_left", nullptr}, {"last", last}};
    if (total > 0) line["total"] = total;
    if (left) line["seconds_left"] = *left;
    std::fprintf(stderr, "%s\n", json::serialize(line).c_str());
    return;
  }
  std::string line = format("{}: {}", what_, format_size(done));
  if (total > 0) {
    line += format(" of {} ({}%)", format_size(total), done >= total ? 100 : done * 100 / total);
  }
  line += format(", {}/s", format_size(static_cast<std::uint64_t>(rate)));
  if (left)
    line +=
        format(", about {} left", format_duration(std::chrono::milliseconds(static_cast<std::int64_t>(*left * 1000))));
  std::fprintf(stderr, "\r\x1b[K%s%s", line.c_str(), last ? "\n" : "");
  std::fflush(stderr);
}

}  // namespace lifeboat
