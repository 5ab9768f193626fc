#include "rescue/forecast.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "rescue/forecast_book.h"
#include "rescue/forecast_testing.h"

namespace lifeboat::rescue {
namespace {

constexpr double kImageBytes = 1e9;
constexpr double kLogBytes = 1e8;
const std::vector<std::string> kAllLoads{"idle", "loaded", "throttled"};

std::vector<ForecastSample> drill(SyntheticWorld& world, std::size_t runs, std::vector<std::string> loads = kAllLoads) {
  const std::vector<double> sizes{1, 2, 4};
  std::vector<ForecastSample> samples;
  for (std::size_t i = 0; i < runs; ++i) {
    const SyntheticRun run{.image = kImageBytes * world.one_of(sizes),
                           .log = kLogBytes * world.one_of(sizes),
                           .load = world.one_of(loads)};
    for (ForecastSample& each : world.carry_out(run)) samples.push_back(std::move(each));
  }
  return samples;
}

std::vector<PhaseTask> tasks_of(const SyntheticRun& run) {
  std::vector<PhaseTask> tasks;
  for (const std::string phase : {"mount", "boot", "replay"}) {
    tasks.push_back({.phase = phase,
                     .work = phase == "replay" ? run.log : run.image,
                     .unit = "bytes",
                     .load = run.load,
                     .host = "vm1"});
  }
  return tasks;
}

PhaseTask replay_of(double bytes, const std::string& load = {}, const std::string& host = {}) {
  return {.phase = "replay", .work = bytes, .unit = "bytes", .load = load, .host = host};
}

double ratio(const Quantiles& quantiles) {
  return quantiles.p90 / quantiles.p10;
}

Quantiles seconds_of(const PhaseTask& task, const std::vector<ForecastSample>& samples) {
  return forecast(std::vector{task}, samples).seconds.value();
}

/// What came of many forecasts, each from drills of its own.
struct Tally {
  double scored = 0;
  double held = 0;
  double loss = 0;
  double mean_loss = 0;
  std::vector<double> ratios;
};

Tally tally(double noise, double times_size) {
  Tally tally;
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    SyntheticWorld world(seed, noise);
    const std::vector<ForecastSample> samples = drill(world, 20);
    for (const std::string& load : kAllLoads) {
      const SyntheticRun run{.image = kImageBytes * times_size, .log = kLogBytes * times_size, .load = load};
      const Forecast made = forecast(tasks_of(run), samples);
      tally.ratios.push_back(ratio(*made.seconds));
      for (int i = 0; i < 10; ++i) {
        const double seconds = total_seconds(world.carry_out(run));
        ++tally.scored;
        tally.held += seconds >= made.seconds->p10 && seconds <= made.seconds->p90 ? 1 : 0;
        tally.loss += pinball_loss(*made.seconds, seconds);
        tally.mean_loss += pinball_loss({made.mean_seconds, made.mean_seconds, made.mean_seconds}, seconds);
      }
    }
  }
  return tally;
}

void expect_calibrated(Tally tally, double ratio_most) {
  EXPECT_GE(tally.held / tally.scored, 0.65);
  EXPECT_LE(tally.held / tally.scored, 0.95);
  EXPECT_LE(quantiles_of(tally.ratios).p50, ratio_most);
  EXPECT_LT(tally.loss, tally.mean_loss);
}

TEST(Forecast, HoldsAsOftenAsItSaysAfterTwentyDrills) {
  for (const double noise : {0.1, 0.2, 0.35}) {
    SCOPED_TRACE(noise);
    expect_calibrated(tally(noise, 2), 3);
  }
}

TEST(Forecast, HoldsAsOftenAsItSaysFourTimesBeyondWhatWasDrilled) {
  for (const double noise : {0.1, 0.2, 0.35}) {
    SCOPED_TRACE(noise);
    expect_calibrated(tally(noise, 16), 3.5);
  }
}

TEST(Forecast, WithoutADrillIsNotKnown) {
  SyntheticWorld world(1, 0.2);
  std::vector<PhaseTask> tasks = tasks_of({.image = kImageBytes, .log = kLogBytes});
  const Forecast none = forecast(tasks, {});
  EXPECT_FALSE(none.seconds);
  EXPECT_EQ(none.basis, Basis::kGuess);
  EXPECT_EQ(none.why, "no drill yet");
  EXPECT_EQ(evidence_text(none.phases.front().belief), "guess: no drill yet");

  tasks.push_back({.phase = "cut over", .work = {}, .unit = "", .load = {}, .host = {}});
  const Forecast part = forecast(tasks, drill(world, 5));
  EXPECT_TRUE(part.phases[0].seconds);
  EXPECT_FALSE(part.phases[3].seconds);
  EXPECT_FALSE(part.seconds) << "of a whole of which a part is not known";
  EXPECT_EQ(part.why, "cut over: no drill yet");
  EXPECT_EQ(to_json(part).at("seconds"), json::value(nullptr));
  EXPECT_EQ(to_json(part).at("label").as_string(), "guess");
  EXPECT_FALSE(why_not_public(part, now()).empty());
}

TEST(Forecast, IsTheSameForTheSameSamples) {
  SyntheticWorld world(1, 0.2);
  const std::vector<ForecastSample> samples = drill(world, 8);
  const std::vector<PhaseTask> tasks = tasks_of({.image = kImageBytes, .log = kLogBytes});
  EXPECT_EQ(json::serialize(to_json(forecast(tasks, samples))), json::serialize(to_json(forecast(tasks, samples))));
}

TEST(Forecast, NamesItsEvidence) {
  SyntheticWorld world(1, 0.2);
  const std::vector<ForecastSample> samples = drill(world, 12);
  const PhaseBelief belief = believe(replay_of(2 * kLogBytes, "idle", "vm1"), samples);
  EXPECT_EQ(belief.basis, Basis::kMeasured);
  EXPECT_EQ(belief.drills, 12U);
  EXPECT_EQ(evidence_text(belief), "from 12 drills between 2023-11-15T22:13:20Z and 2023-11-26T22:13:20Z");
}

TEST(Forecast, OfSizesNeverMeasuredSaysSoAndIsWider) {
  SyntheticWorld world(7, 0.2);
  const std::vector<ForecastSample> samples = drill(world, 20);
  const double measured = ratio(seconds_of(replay_of(2 * kLogBytes, "idle"), samples));
  double last = measured;
  for (const double times : {16.0, 256.0, 4096.0}) {
    const PhaseTask task = replay_of(times * kLogBytes, "idle");
    EXPECT_EQ(believe(task, samples).basis, Basis::kExtrapolated);
    EXPECT_EQ(believe(task, samples).why, "larger than any drill");
    EXPECT_GT(ratio(seconds_of(task, samples)), last);
    last = ratio(seconds_of(task, samples));
  }
  EXPECT_EQ(believe(replay_of(kLogBytes / 16, "idle"), samples).why, "smaller than any drill");
  EXPECT_EQ(believe(replay_of(8 * kLogBytes, "idle"), samples).basis, Basis::kMeasured) << "twice is still alike";
}

TEST(Forecast, UnderConditionsNeverMeasuredSaysSoAndIsWider) {
  SyntheticWorld world(7, 0.2);
  const std::vector<ForecastSample> samples = drill(world, 20, {"idle"});
  const double measured = ratio(seconds_of(replay_of(2 * kLogBytes, "idle", "vm1"), samples));
  const PhaseTask loaded = replay_of(2 * kLogBytes, "loaded", "vm1");
  const PhaseTask elsewhere = replay_of(2 * kLogBytes, "idle", "vm2");
  EXPECT_EQ(believe(loaded, samples).why, "no drill labelled loaded");
  EXPECT_EQ(believe(elsewhere, samples).why, "no drill on vm2");
  EXPECT_GT(ratio(seconds_of(loaded, samples)), measured * 1.5);
  EXPECT_GT(ratio(seconds_of(elsewhere, samples)), measured * 1.5);
}

TEST(Forecast, TellsLoadsApart) {
  SyntheticWorld world(3, 0.1);
  const std::vector<ForecastSample> samples = drill(world, 30);
  const double idle = seconds_of(replay_of(2 * kLogBytes, "idle"), samples).p50;
  EXPECT_NEAR(seconds_of(replay_of(2 * kLogBytes, "loaded"), samples).p50 / idle, 1.6, 0.25);
  EXPECT_NEAR(seconds_of(replay_of(2 * kLogBytes, "throttled"), samples).p50 / idle, 3, 0.5);
  EXPECT_GT(ratio(seconds_of(replay_of(2 * kLogBytes), samples)), 2.5) << "any of them";
}

TEST(Forecast, OfWhatDoesNotScaleDoesNotGrow) {
  SyntheticWorld world(3, 0.1);
  const std::vector<ForecastSample> samples = drill(world, 30, {"idle"});
  const PhaseTask mount{.phase = "mount", .work = 16 * kImageBytes, .unit = "bytes", .load = "idle", .host = {}};
  EXPECT_NEAR(seconds_of(mount, samples).p50, 0.3, 0.06);
  EXPECT_NEAR(seconds_of(replay_of(16 * kLogBytes, "idle"), samples).p50, 80.5, 12);
}

TEST(Forecast, DoesNotMixUnits) {
  SyntheticWorld world(3, 0.1);
  std::vector<ForecastSample> samples = drill(world, 5);
  PhaseTask task = replay_of(1000);
  task.unit = "rows";
  EXPECT_EQ(believe(task, samples).basis, Basis::kGuess);
  samples.push_back({.phase = "replay", .time = now(), .work = 1000, .unit = "rows", .seconds = 7});
  EXPECT_EQ(believe(task, samples).drills, 1U);
  EXPECT_NEAR(seconds_of(task, samples).p50, 7, 0.5);
}

TEST(Forecast, OfWorkThatNobodyKnowsSaysSo) {
  SyntheticWorld world(3, 0.1);
  std::vector<ForecastSample> samples = drill(world, 5);
  PhaseTask task = replay_of(0);
  task.work.reset();
  EXPECT_EQ(believe(task, samples).why, "how much there is to do is not known");
  EXPECT_TRUE(std::isfinite(seconds_of(task, samples).p90));
  samples.back().work.reset();
  EXPECT_EQ(believe(replay_of(kLogBytes), samples).why, "how much there is to do is not known");
}

TEST(Forecast, StaysFiniteWhateverWasMeasured) {
  for (const double work : {0.0, 1e-300, 1.0, 1e18, 1e300}) {
    for (const double seconds : {1e-9, 1.0, 1e9}) {
      const std::vector<ForecastSample> samples{
          {.phase = "replay", .time = now(), .work = work, .unit = "bytes", .seconds = seconds},
          {.phase = "replay", .time = now(), .work = 0, .unit = "bytes", .seconds = seconds * 2}};
      for (const double asked : {0.0, 1.0, 1e15}) {
        const Quantiles said = seconds_of(replay_of(asked), samples);
        EXPECT_FALSE(std::isnan(said.p50)) << work << ' ' << seconds << ' ' << asked;
        EXPECT_GE(said.p10, 0);
        EXPECT_LE(said.p10, said.p90);
      }
    }
  }
}

TEST(Forecast, IsForOutsideOnceThreeRecentDrillsWereOfItsSize) {
  SyntheticWorld world(3, 0.1);
  std::vector<ForecastSample> samples;
  const std::vector<PhaseTask> tasks = tasks_of({.image = 4 * kImageBytes, .log = 4 * kLogBytes, .load = "idle"});
  const auto add = [&](double times) {
    for (ForecastSample& each : world.carry_out({.image = times * kImageBytes, .log = times * kLogBytes})) {
      samples.push_back(std::move(each));
    }
  };
  add(1);
  add(4);
  add(4);
  const SystemTime last = samples.back().time;
  EXPECT_EQ(why_not_public(forecast(tasks, samples), last),
            "mount: 2 drills of at least half its size in the last 90 days, and not 3");
  add(2);
  EXPECT_EQ(why_not_public(forecast(tasks, samples), last), "");
  EXPECT_FALSE(why_not_public(forecast(tasks, samples), last + std::chrono::days(90)).empty());
}

TEST(SamplesOfProof, AreThePhasesOfARescueThatEnded) {
  const json::object proof = parse_json(R"({"id":"20261130-1","conditions":{"label":"idle","host":"vm1"},"phases":[
      {"phase":"boot","begun":1000,"seconds":2.5,"work":4096,"unit":"bytes","recovers":true},
      {"phase":"check","begun":2000,"seconds":1,"work":null,"unit":"objects","recovers":true},
      {"phase":"scrub","begun":3000,"seconds":9,"work":1,"unit":"bytes","recovers":false},
      {"phase":"replay","begun":4000,"seconds":null,"work":1,"unit":"bytes","recovers":true}]})",
                                        "proof")
                                 .as_object();
  const std::vector<ForecastSample> samples = samples_of_proof(proof);
  ASSERT_EQ(samples.size(), 2U);
  EXPECT_EQ(samples[0].phase, "boot");
  EXPECT_EQ(samples[0].time, from_unix_ms(1000));
  EXPECT_EQ(samples[0].work, 4096);
  EXPECT_EQ(samples[0].seconds, 2.5);
  EXPECT_EQ(samples[0].load, "idle");
  EXPECT_EQ(samples[0].host, "vm1");
  EXPECT_FALSE(samples[1].work);
}

TEST(SamplesOfProof, OfWhatMakesNoSenseAreNone) {
  for (const char* text :
       {R"({})", R"({"id":"a","phases":7})", R"({"phases":[{"phase":"boot"}]})", R"({"id":7,"phases":[{}]})",
        R"({"id":"a","phases":[7,null,{},{"phase":"boot","recovers":true}]})",
        R"({"id":"a","phases":[{"phase":"b","begun":1,"seconds":-1,"work":1,"unit":"bytes","recovers":true}]})",
        R"({"id":"a","phases":[{"phase":"b","begun":1,"seconds":0,"work":1,"unit":"bytes","recovers":true}]})",
        R"({"id":"a","phases":[{"phase":"b","begun":1,"seconds":1,"work":-1,"unit":"bytes","recovers":true}]})",
        R"({"id":"a","phases":[{"phase":"b","begun":1,"seconds":"1","work":1,"unit":"bytes","recovers":true}]})",
        R"({"id":"a","phases":[{"phase":"b","begun":"x","seconds":1,"work":1,"unit":"bytes","recovers":true}]})"}) {
    EXPECT_TRUE(samples_of_proof(parse_json(text, "proof").as_object()).empty()) << text;
  }
}

}  // namespace
}  // namespace lifeboat::rescue
