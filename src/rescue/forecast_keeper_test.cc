#include "rescue/forecast_keeper.h"

#include <gtest/gtest.h>

#include "rescue/forecast_lines.h"

namespace lifeboat::rescue {
namespace {

Forecast before() {
  std::vector<ForecastSample> samples;
  for (int i = 0; i < 5; ++i) {
    for (const std::string phase : {"mount", "boot", "replay"}) {
      samples.push_back({.phase = phase,
                         .time = from_unix_ms(i),
                         .work = 1000,
                         .unit = "bytes",
                         .seconds = (phase == "replay" ? 100 : 1) * (1 + 0.05 * i),
                         .load = {},
                         .host = {}});
    }
  }
  std::vector<PhaseTask> tasks;
  for (const std::string phase : {"mount", "boot", "replay"}) {
    tasks.push_back({.phase = phase, .work = 1000, .unit = "bytes", .load = {}, .host = {}});
  }
  return forecast(tasks, samples);
}

/// A keeper whose clock stands at `at`.
struct Kept {
  TempDir root;
  double at = 0;
  ForecastKeeper keeper{
      {.state_root = root.path(), .origin = "drill-6", .before = before(), .book = {}, .clock = [this] { return at; }}};

  ForecastBook book() const { return read_forecast_book(root.path()); }
  std::vector<std::string> stages() const {
    std::vector<std::string> names;
    for (const auto& line : read_lines(root.path() / "forecasts" / "forecasts.jsonl").objects) {
      names.push_back(json_string(line, line.contains("stage") ? "stage" : "kind"));
    }
    return names;
  }
};

TEST(ForecastKeeper, KeepsEachForecastBeforeItIsScored) {
  Kept kept;
  EXPECT_EQ(kept.stages(), std::vector<std::string>{"before"});
  kept.keeper.begin("mount");
  kept.at = 2;
  kept.keeper.begin_after(1, "boot");
  kept.keeper.end();
  kept.keeper.begin("replay");
  {
    Progress part(ProgressStyle::kNone, "replay", 0);
    const WatchedPart watched(&kept.keeper, part);
    part.add(300);
    kept.at = 32;
    kept.keeper.look();
  }
  EXPECT_EQ(kept.stages(), (std::vector<std::string>{"before", "10%", "25%"}));
  {
    Progress part(ProgressStyle::kNone, "replay", 0);
    const WatchedPart watched(&kept.keeper, part);
    part.add(600);
    kept.at = 92;
    kept.keeper.look();
  }
  EXPECT_EQ(kept.book().open, 5U);
  EXPECT_TRUE(kept.book().stages.empty());
  kept.at = 102;
  kept.keeper.end();
  kept.keeper.finish();

  const ForecastBook book = kept.book();
  EXPECT_EQ(book.open, 0U);
  EXPECT_EQ(book.damaged, 0U);
  ASSERT_EQ(book.stages.size(), 5U);
  for (const auto& [stage, record] : book.stages) {
    EXPECT_EQ(record.scored, 1U) << stage;
    EXPECT_EQ(record.coverage(), 1) << stage;
    EXPECT_EQ(record.mean.scored, 1U) << stage;
    EXPECT_EQ(record.linear.scored, stage == kBeforeStage ? 0U : 1U) << stage;
  }
  EXPECT_LT(book.stages.at("75%").loss, book.stages.at("before").loss);
}

TEST(ForecastKeeper, OfARunThatDoesNotEndKeepsNoOutcome) {
  Kept kept;
  kept.keeper.begin("mount");
  kept.at = 1;
  kept.keeper.end();
  kept.keeper.finish();
  EXPECT_EQ(kept.book().open, 1U);
}

TEST(ForecastKeeper, KeepsNothingOfWhatIsNotKnown) {
  const TempDir root;
  const std::vector<PhaseTask> tasks{{.phase = "boot", .work = 1, .unit = "bytes", .load = {}, .host = {}}};
  ForecastKeeper keeper({.state_root = root.path(), .origin = "a", .before = forecast(tasks, {}), .book = {}});
  keeper.begin("boot");
  keeper.end();
  keeper.finish();
  EXPECT_FALSE(std::filesystem::exists(root.path() / "forecasts"));
}

TEST(ForecastKeeper, ThatCannotWriteLetsTheRunGoOn) {
  const TempDir root;
  write_file_durably(root.path() / "forecasts", as_bytes("no directory"));
  ForecastKeeper keeper({.state_root = root.path(), .origin = "a", .before = before(), .book = {}});
  for (const std::string phase : {"mount", "boot", "replay"}) {
    keeper.begin(phase);
    keeper.end();
  }
  keeper.finish();
}

TEST(ForecastKeeper, LooksByItself) {
  Kept kept;
  kept.keeper.begin("mount");
  kept.keeper.begin("boot");
  kept.keeper.begin("replay");
  Progress part(ProgressStyle::kNone, "replay", 0);
  part.add(400);
  const WatchedPart watched(&kept.keeper, part);
  const Stopwatch patience;
  while (kept.stages().size() < 3 && patience.seconds() < 30) std::this_thread::yield();
  EXPECT_EQ(kept.stages().size(), 3U);
}

}  // namespace
}  // namespace lifeboat::rescue
