#include "rescue/forecast_book.h"

#include <gtest/gtest.h>

#include "rescue/forecast_lines.h"

namespace lifeboat::rescue {
namespace {

Path book_of(const TempDir& root) {
  return root.path() / "forecasts" / "forecasts.jsonl";
}

KeptForecast said(const std::string& origin, const std::string& stage = "before") {
  return {.origin = origin,
          .stage = stage,
          .time = from_unix_ms(1'000),
          .seconds = {.p10 = 5, .p50 = 10, .p90 = 20},
          .evidence = "measured",
          .drills = 3,
          .linear_seconds = 12,
          .mean_seconds = 16};
}

void write_text(const Path& file, std::string_view text) {
  make_directories(file.parent_path());
  write_file_durably(file, as_bytes(text));
}

std::string text_of(const Path& file) {
  return std::string(as_text(read_file(file)));
}

TEST(PinballLoss, IsTheMeanOfThreeQuantiles) {
  const Quantiles forecast{.p10 = 5, .p50 = 10, .p90 = 20};
  EXPECT_DOUBLE_EQ(pinball_loss(forecast, 10), (0.1 * 5 + 0 + 0.1 * 10) / 3);
  EXPECT_DOUBLE_EQ(pinball_loss(forecast, 30), (0.1 * 25 + 0.5 * 20 + 0.9 * 10) / 3);
  EXPECT_DOUBLE_EQ(pinball_loss(forecast, 4), (0.9 * 1 + 0.5 * 6 + 0.1 * 16) / 3);
}

TEST(ForecastBook, ScoresAForecastOnceItsRunHasEnded) {
  const TempDir root;
  EXPECT_TRUE(read_forecast_book(root.path()).stages.empty());
  keep_forecast(root.path(), said("a"));
  keep_forecast(root.path(), said("a", stage_name(10)));
  keep_forecast(root.path(), said("b"));
  EXPECT_EQ(read_forecast_book(root.path()).open, 3U);
  EXPECT_TRUE(read_forecast_book(root.path()).stages.empty());
  keep_outcome(root.path(), "a", from_unix_ms(2'000), 14);

  const ForecastBook book = read_forecast_book(root.path());
  EXPECT_EQ(book.open, 1U);
  EXPECT_EQ(book.damaged, 0U);
  ASSERT_TRUE(book.stages.contains("10%"));
  const TrackRecord& record = book.stages.at("before");
  EXPECT_EQ(record.scored, 1U);
  EXPECT_EQ(record.coverage(), 1);
  EXPECT_EQ(record.below_median, 0U);
  EXPECT_DOUBLE_EQ(record.ratio, 4);
  EXPECT_DOUBLE_EQ(record.loss, pinball_loss({5, 10, 20}, 14));
  EXPECT_DOUBLE_EQ(record.interval_score, 15);
  EXPECT_DOUBLE_EQ(record.linear.theirs, pinball_loss({12, 12, 12}, 14));
  EXPECT_DOUBLE_EQ(record.mean.theirs, pinball_loss({16, 16, 16}, 14));
  EXPECT_DOUBLE_EQ(record.mean.ours, record.loss);
  EXPECT_EQ(record.widening(), 1) << "one is no record";
}

TEST(ForecastBook, ComparesWithTheNaiveOnlyWhereTheySaySomething) {
  const TempDir root;
  KeptForecast quiet = said("a");
  quiet.linear_seconds.reset();
  quiet.mean_seconds.reset();
  keep_forecast(root.path(), quiet);
  keep_outcome(root.path(), "a", now(), 14);
  const TrackRecord record = read_forecast_book(root.path()).stages.at("before");
  EXPECT_EQ(record.scored, 1U);
  EXPECT_EQ(record.linear.scored, 0U);
  EXPECT_EQ(record.mean.theirs, 0);
}

TEST(ForecastBook, CountsNoForecastOfWhatHadCome) {
  const TempDir root;
  keep_outcome(root.path(), "a", now(), 14);
  keep_forecast(root.path(), said("a"));
  keep_outcome(root.path(), "a", now(), 10);
  const ForecastBook book = read_forecast_book(root.path());
  EXPECT_TRUE(book.stages.empty());
  EXPECT_EQ(book.open, 0U);
  EXPECT_EQ(book.damaged, 2U);
}

TEST(ForecastBook, CountsTheFirstForecastOfAStage) {
  const TempDir root;
  keep_forecast(root.path(), said("a"));
  KeptForecast better = said("a");
  better.seconds = {.p10 = 13, .p50 = 14, .p90 = 15};
  keep_forecast(root.path(), better);
  keep_outcome(root.path(), "a", now(), 14);
  EXPECT_DOUBLE_EQ(read_forecast_book(root.path()).stages.at("before").ratio, 4);
}

TEST(ForecastBook, IsRedWhenItHeldTooSeldomAndAsksForWiderIntervals) {
  const TempDir root;
  for (int i = 0; i < 10; ++i) {
    keep_forecast(root.path(), said(std::to_string(i)));
    keep_outcome(root.path(), std::to_string(i), now(), i < 6 ? 10 : 40);
  }
  const TrackRecord record = read_forecast_book(root.path()).stages.at("before");
  EXPECT_EQ(record.above, 4U);
  EXPECT_TRUE(record.red());
  EXPECT_NEAR(record.widening(), 2, 1e-9) << "40 is as far from 10 again as 20";
}

TEST(ForecastBook, AsksForNarrowerIntervalsThanAreEverNeededAndMeasuresThemUnwidened) {
  const TempDir root;
  for (int i = 0; i < 12; ++i) {
    KeptForecast wide = said(std::to_string(i));
    wide.widened = 2;
    keep_forecast(root.path(), wide);
    keep_outcome(root.path(), std::to_string(i), now(), 10 * std::sqrt(2));
  }
  const TrackRecord record = read_forecast_book(root.path()).stages.at("before");
  EXPECT_FALSE(record.red());
  EXPECT_NEAR(record.widening(), 1, 1e-9) << "half of a width that was doubled";
}

TEST(ForecastBook, MeasuresALiveForecastByWhatWasLeft) {
  const TempDir root;
  for (int i = 0; i < 10; ++i) {
    KeptForecast live = said(std::to_string(i), "50%");
    live.elapsed = 8;
    live.seconds = {.p10 = 9, .p50 = 10, .p90 = 12};
    keep_forecast(root.path(), live);
    keep_outcome(root.path(), std::to_string(i), now(), 16);
  }
  EXPECT_NEAR(read_forecast_book(root.path()).stages.at("50%").widening(), 2, 1e-9) << "8 s instead of 2, and not of 4";
}

TEST(Widened, StretchesWhatIsLeft) {
  const Quantiles wide = widened({.p10 = 9, .p50 = 10, .p90 = 12}, 2, 8);
  EXPECT_DOUBLE_EQ(wide.p10, 8.5);
  EXPECT_DOUBLE_EQ(wide.p50, 10);
  EXPECT_DOUBLE_EQ(wide.p90, 16);
}

TEST(ForecastBook, CutAtAnyByteKeepsWhatStandsBefore) {
  const TempDir root;
  keep_forecast(root.path(), said("a"));
  keep_outcome(root.path(), "a", now(), 14);
  keep_forecast(root.path(), said("b"));
  keep_outcome(root.path(), "b", now(), 9);
  const std::string whole = text_of(book_of(root));
  for (std::size_t size = 0; size < whole.size(); size += 7) {
    write_text(book_of(root), whole.substr(0, size));
    const ForecastBook cut = read_forecast_book(root.path());
    EXPECT_LE(cut.damaged, 1U) << size;
    keep_forecast(root.path(), said("c"));
    keep_outcome(root.path(), "c", now(), 12);
    const ForecastBook after = read_forecast_book(root.path());
    EXPECT_LE(after.damaged, 1U) << size;
    const auto record = after.stages.find("before");
    ASSERT_NE(record, after.stages.end()) << size;
    const auto before = cut.stages.find("before");
    EXPECT_EQ(record->second.scored, (before == cut.stages.end() ? 0 : before->second.scored) + 1) << size;
  }
}

TEST(ForecastBook, PassesOverWhatIsNoRecord) {
  const TempDir root;
  keep_forecast(root.path(), said("a"));
  const std::string good = text_of(book_of(root));
  const auto with = [&](std::string_view from, std::string_view to) {
    std::string line = good;
    const std::size_t at = line.find(from);
    EXPECT_NE(at, std::string::npos) << from;
    return line.replace(at, from.size(), to);
  };
  const std::vector<std::string> bad{
      "\n\n7\n",
      "{}\n",
      "[]\n",
      "{\"kind\":\"forecast\"}\n",
      "{\"kind\":\"outcome\",\"origin\":\"x\",\"seconds\":-1}\n",
      "{\"kind\":\"outcome\",\"origin\":\"x\",\"seconds\":0}\n",
      "{\"kind\":\"outcome\",\"origin\":\"x\",\"seconds\":1e999}\n",
      "{\"kind\":\"outcome\",\"origin\":\"x\",\"seconds\":\"1\"}\n",
      "{\"kind\":\"omen\",\"origin\":\"x\"}\n",
      std::string("\0\xff\x01 garbage\n", 12),
      std::string(10'000, '[') + "\n",
      "{\"kind\":\"" + std::string(kForecastLineMax, 'x') + "\"}\n",
      with("\"p10\":5E0", "\"p10\":5E1"),
      with("\"p90\":2E1", "\"p90\":null"),
      with("\"widened\":1E0", "\"widened\":0"),
  };
  for (const std::string& line : bad) {
    write_text(book_of(root), line + good);
    const ForecastBook book = read_forecast_book(root.path());
    EXPECT_EQ(book.damaged, 1U) << line.substr(0, 60);
    EXPECT_EQ(book.open, 1U) << line.substr(0, 60);
  }
}

TEST(ForecastLines, LongerThanALineCanBeAreRefused) {
  const TempDir root;
  EXPECT_THROW(append_line(root.path() / "f", {{"long", std::string(kForecastLineMax, 'x')}}), Exception);
  EXPECT_TRUE(read_lines(root.path() / "f").objects.empty());
}

}  // namespace
}  // namespace lifeboat::rescue
