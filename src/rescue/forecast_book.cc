#include "rescue/forecast_book.h"

#include <algorithm>
#include <cmath>
#include <set>

#include "base/error.h"
#include "base/log.h"
#include "rescue/forecast.h"
#include "rescue/forecast_lines.h"

namespace lifeboat::rescue {
namespace {

/// Fewer are no record.
constexpr std::size_t kScoredLeast = 10;
constexpr double kRedCoverage = 0.65;
constexpr double kNominal = 0.8;
/// A record may make intervals narrower and wider, within reason.
constexpr double kWideningLeast = 0.5;
constexpr double kWideningMost = 5;

Path book_file(const Path& state_root) {
  return state_root / "forecasts" / "forecasts.jsonl";
}

json::object to_json(const KeptForecast& kept) {
  const auto naive = [](const std::optional<double>& seconds) {
    return seconds ? json::value(*seconds) : json::value(nullptr);
  };
  return {{"kind", "forecast"},
          {"origin", kept.origin},
          {"stage", kept.stage},
          {"time", unix_ms(kept.time)},
          {"elapsed", kept.elapsed},
          {"seconds", to_json(kept.seconds)},
          {"widened", kept.widened},
          {"evidence", kept.evidence},
          {"drills", kept.drills},
          {"linear_seconds", naive(kept.linear_seconds)},
          {"mean_seconds", naive(kept.mean_seconds)}};
}

double positive(const json::object& object, std::string_view key) {
  const double number = json_number(object, key);
  if (number <= 0) fail(Code::kCorruption, format("JSON '{}' is not positive", key));
  return number;
}

std::optional<double> positive_or_null(const json::object& object, std::string_view key) {
  const json::value* value = object.if_contains(key);
  return value == nullptr || value->is_null() ? std::nullopt : std::optional(positive(object, key));
}

Quantiles quantiles_from(const json::object& object) {
  const json::value* value = object.if_contains("seconds");
  if (value == nullptr || !value->is_object()) fail(Code::kCorruption, "JSON 'seconds' is no object");
  const json::object& seconds = value->get_object();
  const Quantiles read{
      .p10 = positive(seconds, "p10"), .p50 = positive(seconds, "p50"), .p90 = positive(seconds, "p90")};
  if (read.p10 > read.p50 || read.p50 > read.p90) fail(Code::kCorruption, "quantiles that are out of order");
  return read;
}

KeptForecast forecast_from_json(const json::object& object) {
  return {.origin = json_string(object, "origin"),
          .stage = json_string(object, "stage"),
          .time = from_unix_ms(json_integer(object, "time")),
          .elapsed = json_number(object, "elapsed"),
          .seconds = quantiles_from(object),
          .widened = positive(object, "widened"),
          .evidence = json_string(object, "evidence"),
          .drills = static_cast<std::size_t>(std::max<std::int64_t>(json_integer(object, "drills"), 0)),
          .linear_seconds = positive_or_null(object, "linear_seconds"),
          .mean_seconds = positive_or_null(object, "mean_seconds")};
}

Quantiles point(double seconds) {
  return {.p10 = seconds, .p50 = seconds, .p90 = seconds};
}

void compare(TrackRecord::Beside& beside, double ours, const std::optional<double>& naive, double seconds) {
  if (!naive) return;
  ++beside.scored;
  beside.ours += ours;
  beside.theirs += pinball_loss(point(*naive), seconds);
}

double miss_of(const KeptForecast& forecast, double seconds) {
  // A rest that is over at once has no logarithm.
  constexpr double kInstant = 1e-3;
  const auto rest = [&](double whole) { return std::log(std::max(whole - forecast.elapsed, kInstant)); };
  const Quantiles& said = forecast.seconds;
  const double distance = std::fabs(rest(seconds) - rest(said.p50));
  const double bound = seconds > said.p50 ? said.p90 : said.p10;
  const double width = std::fabs(rest(bound) - rest(said.p50)) / forecast.widened;
  return width > 0 ? distance / width : kWideningMost;
}

/// Sums, until `finish`.
void score(TrackRecord& record, const KeptForecast& forecast, double seconds) {
  const Quantiles& said = forecast.seconds;
  const double loss = pinball_loss(said, seconds);
  ++record.scored;
  record.below += seconds < said.p10 ? 1 : 0;
  record.above += seconds > said.p90 ? 1 : 0;
  record.below_median += seconds < said.p50 ? 1 : 0;
  record.loss += loss;
  const double outside = std::max({said.p10 - seconds, seconds - said.p90, 0.0});
  record.interval_score += said.p90 - said.p10 + 2 / (1 - kNominal) * outside;
  compare(record.linear, loss, forecast.linear_seconds, seconds);
  compare(record.mean, loss, forecast.mean_seconds, seconds);
  record.misses.push_back(miss_of(forecast, seconds));
}

void finish(TrackRecord::Beside& beside) {
  if (beside.scored == 0) return;
  beside.ours /= static_cast<double>(beside.scored);
  beside.theirs /= static_cast<double>(beside.scored);
}

void finish(TrackRecord& record, std::vector<double> ratios) {
  record.loss /= static_cast<double>(record.scored);
  record.interval_score /= static_cast<double>(record.scored);
  record.ratio = quantiles_of(ratios).p50;
  finish(record.linear);
  finish(record.mean);
  std::ranges::sort(record.misses);
}

class BookReader {
 public:
  void take(const json::object& line) {
    const std::string kind = json_string(line, "kind");
    if (kind == "forecast") {
      KeptForecast forecast = forecast_from_json(line);
      if (ended_.contains(forecast.origin)) fail(Code::kCorruption, "a forecast of what had come");
      open_[forecast.origin].try_emplace(forecast.stage, std::move(forecast));
    } else if (kind == "outcome") {
      const std::string origin = json_string(line, "origin");
      const double seconds = positive(line, "seconds");
      if (!ended_.insert(origin).second) fail(Code::kCorruption, "a second outcome");
      for (const auto& [stage, forecast] : open_[origin]) {
        score(book_.stages[stage], forecast, seconds);
        ratios_[stage].push_back(forecast.seconds.p90 / forecast.seconds.p10);
      }
      open_.erase(origin);
    } else {
      fail(Code::kCorruption, "a line of another kind");
    }
  }

  ForecastBook finish(std::size_t damaged) {
    for (auto& [stage, record] : book_.stages) rescue::finish(record, std::move(ratios_[stage]));
    for (const auto& [origin, stages] : open_) book_.open += stages.size();
    book_.damaged = damaged;
    return std::move(book_);
  }

 private:
  ForecastBook book_;
  std::map<std::string, std::map<std::string, KeptForecast>> open_;  ///< by origin and stage
  std::map<std::string, std::vector<double>> ratios_;
  std::set<std::string> ended_;
};

}  // namespace

std::string stage_name(int percent) {
  return format("{}%", percent);
}

void keep_forecast(const Path& state_root, const KeptForecast& forecast) {
  append_line(book_file(state_root), to_json(forecast));
}

void keep_outcome(const Path& state_root, const std::string& origin, SystemTime time, double seconds) {
  append_line(book_file(state_root),
              {{"kind", "outcome"}, {"origin", origin}, {"time", unix_ms(time)}, {"seconds", seconds}});
}

ForecastBook read_forecast_book(const Path& state_root) {
  const ForecastLines read = read_lines(book_file(state_root));
  BookReader reader;
  std::size_t damaged = read.damaged;
  for (const json::object& line : read.objects) {
    try {
      reader.take(line);
    } catch (const Exception&) {
      ++damaged;
    }
  }
  return reader.finish(damaged);
}

ForecastBook find_forecast_book(const Path& state_root) {
  try {
    return read_forecast_book(state_root);
  } catch (const Exception& e) {
    log::warn("past forecasts count for nothing: {}", e.error().text());
    return {};
  }
}

double ForecastBook::widening(std::string_view stage) const {
  const auto record = stages.find(stage);
  return record == stages.end() ? 1 : record->second.widening();
}

double TrackRecord::coverage() const {
  return scored == 0 ? 0 : static_cast<double>(scored - below - above) / static_cast<double>(scored);
}

bool TrackRecord::red() const {
  return scored >= kScoredLeast && coverage() < kRedCoverage;
}

double TrackRecord::widening() const {
  if (scored < kScoredLeast) return 1;
  // As many of the next outcome's places among the misses are within it as are to be.
  const auto place = static_cast<std::size_t>(std::ceil(kNominal * static_cast<double>(scored + 1)));
  return std::clamp(misses[std::min(place, scored) - 1], kWideningLeast, kWideningMost);
}

json::object to_json(const TrackRecord& record) {
  const auto beside = [](const TrackRecord::Beside& loss) {
    return json::object{{"scored", loss.scored}, {"loss_seconds", loss.ours}, {"their_loss_seconds", loss.theirs}};
  };
  json::object out{{"scored", record.scored},          {"below_p10", record.below},
                   {"below_p50", record.below_median}, {"above_p90", record.above},
                   {"coverage", record.coverage()},    {"ratio_p90_p10", record.ratio},
                   {"loss_seconds", record.loss},      {"interval_score_seconds", record.interval_score},
                   {"widening", record.widening()},    {"linear", beside(record.linear)},
                   {"mean", beside(record.mean)}};
  out["red"] = record.red();
  return out;
}

double pinball_loss(const Quantiles& forecast, double seconds) {
  const auto loss = [seconds](double said, double share) {
    return seconds >= said ? share * (seconds - said) : (1 - share) * (said - seconds);
  };
  return (loss(forecast.p10, 0.1) + loss(forecast.p50, 0.5) + loss(forecast.p90, 0.9)) / 3;
}

}  // namespace lifeboat::rescue
