// The part of Drill that chooses what is brought back: image, log, and what is left out, as a rescue would.

#include <algorithm>

#include "base/error.h"
#include "base/log.h"
#include "rescue/drill_run.h"
#include "rescue/drill_state.h"
#include "rescue/forecast_rescue.h"
#include "rescue/rescue_plan.h"
#include "vault/image_reader.h"

namespace lifeboat::rescue {
namespace {

/// Of a log that is a little behind its source.
constexpr std::chrono::milliseconds kLogPatience{10'000};

}  // namespace

/// Before the log is known: what a failure is on record for, if none will do.
void Drill::choose_image() {
  record_.image = vault::resolve_image(*vault_, request_.image.empty() ? "latest" : request_.image);
  rescue_.name = drill_branch(record_.id);
  rescue_.images = {record_.image};
  rescue_.directory = drill_directory(state_root(), record_.id);
}

void Drill::read_image() {
  image_ = vault::ImageReader(*vault_, record_.image).info();
  record_.image_bytes = image_.bytes;
}

/// As a rescue plans to bring back all that the log has.
void Drill::plan() {
  if (request_.source) beside([this] { log_in_to_source(); });
  step_ = "log";
  log_ = std::make_unique<DrillLog>(*vault_, request_.relay_directory,
                                    request_.source ? request_.source->address.endpoint.text() : "");
  const Path copy = drill_directory(state_root(), record_.id) / "log";
  make_directories(copy.parent_path());
  const auto bring = [&] { return log_->bring(copy, image_, means_.progress); };
  if (log_->is_from_vault()) {
    phase("log", "bytes", bring);
    record_.phases.back().recovers = true;
  } else {
    bring();
  }
  if (source_) beside([this] { await(); });
  std::optional<RescueLog> log;
  RescuePicture picture;
  phase("plan", "images", [&] {
    log.emplace(log_->incarnation());
    picture = make_plan(*log);
    return 1;
  });
  record_.phases.back().recovers = true;
  beside([&] { begin_forecast(picture, *log); });
}

void Drill::log_in_to_source() {
  step_ = "source";
  source_ = std::make_unique<DrillSource>(*request_.source);
  record_.source = request_.source->address.endpoint.text();
}

/// Of the newest images, those that a rescue would not take: without a word, an older one's drill would be taken for
/// theirs.
void Drill::tell_passed_over(const std::vector<ImageChoice>& newest_first) {
  if (!request_.image.empty()) return;
  for (const ImageChoice& choice : newest_first) {
    if (choice.info.name == record_.image) break;
    if (choice.why_not.empty()) continue;
    record_.checks.push_back(
        {.subject = "image", .said = format("{} is passed over: {}", choice.info.name, choice.why_not)});
  }
}

/// How far the log that is here is behind the source is what a rescue would lose.
void Drill::await() {
  const relay::LogPosition now_at = source_->position();
  const Stopwatch since_asked;
  const auto patience = std::max(kLogPatience, request_.objective.lose_at_most.value_or(kLogPatience));
  try {
    log_->await(now_at, patience);
    record_.lost_seconds = since_asked.seconds();
  } catch (const Exception& e) {
    if (e.code() != Code::kRefused) throw;
    failed("log", Code::kUnavailable, e.error().message, e.error().hint);
  }
}

/// A drill is forecast as a rescue is, so that what forecasts are worth is known before one counts. Without a forecast
/// it goes on.
void Drill::begin_forecast(const RescuePicture& picture, RescueLog& log) {
  try {
    const std::vector<PhaseTask> tasks = tasks_of(picture, log, request_.label);
    ForecastBook book = find_forecast_book(state_root());
    Forecast before = forecast(tasks, read_drill_samples(*vault_).samples, book.widening(kBeforeStage));
    forecast_ = std::make_unique<ForecastKeeper>(ForecastKeeper::Run{
        .state_root = state_root(), .origin = record_.id, .before = std::move(before), .book = std::move(book)});
    means_.forecast = forecast_.get();
  } catch (const Exception& e) {
    if (e.code() == Code::kCancelled) throw;
    log::warn("drill {} is not forecast: {}", record_.id, e.error().text());
  }
}

RescuePicture Drill::make_plan(RescueLog& log) {
  const RescueOrder order{.name = rescue_.name,
                          .to = request_.to,
                          .way = "image",
                          .image = request_.image,
                          .rehearsal = true,
                          .standalone = log_->is_from_vault()};
  RescuePicture picture = plan_rescue({.log = log,
                                       .relay_directory = log_->relay_directory(),
                                       .guard_directory = log_->relay_directory(),
                                       .vault = *vault_,
                                       .standbys = {}},
                                      order);
  const Path directory = rescue_.directory;
  rescue_ = picture.record;
  rescue_.directory = directory;
  rescue_.images.resize(1);  // another would be another drill
  record_.image = rescue_.images.front();
  tell_passed_over(picture.images);
  read_image();
  record_.left_out = rescue_.skip;
  for (const std::string& gtid : rescue_.skip) {
    const std::vector<std::string> objects = log.danger(binlog::parse_gtid(gtid)).objects;
    lost_objects_.insert(lost_objects_.end(), objects.begin(), objects.end());
  }
  if (!rescue_.loss.empty()) {
    failed("log", Code::kCorruption, format("what would be lost: {}", rescue_.loss),
           "Make a new image behind the gap (lifeboat seed); see: lifeboat log gaps");
  }
  return picture;
}

}  // namespace lifeboat::rescue
