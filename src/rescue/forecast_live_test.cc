#include "rescue/forecast_live.h"

#include <gtest/gtest.h>

#include "rescue/forecast_book.h"
#include "rescue/forecast_testing.h"

namespace lifeboat::rescue {
namespace {

constexpr double kReplayed = 1e9;
constexpr double kReplayPace = 1 / 2e7;  ///< seconds for each byte

/// Drills of a phase that takes a second to begin, and one that follows it.
std::vector<ForecastSample> drills_of(std::uint64_t seed, std::size_t count, double noise) {
  SyntheticWorld world(seed, noise);
  const std::vector<double> sizes{0.5, 1, 2};
  std::vector<ForecastSample> samples;
  for (std::size_t i = 0; i < count; ++i) {
    const double work = kReplayed * world.one_of(sizes);
    const double surroundings = world.normal();
    const auto add = [&](const std::string& phase, double seconds) {
      const double slower = std::exp(noise * std::sqrt(0.5) * (surroundings + world.normal()));
      samples.push_back({.phase = phase,
                         .time = from_unix_ms(1'700'000'000'000),
                         .work = work,
                         .unit = "bytes",
                         .seconds = seconds * slower,
                         .load = {},
                         .host = {}});
    };
    add("replay", 1 + work * kReplayPace);
    add("check", 3);
  }
  return samples;
}

Forecast before(const std::vector<ForecastSample>& samples, double work = kReplayed) {
  const std::vector<PhaseTask> tasks{{.phase = "replay", .work = work, .unit = "bytes", .load = {}, .host = {}},
                                     {.phase = "check", .work = work, .unit = "bytes", .load = {}, .host = {}}};
  return forecast(tasks, samples);
}

RunForecast run_of(const std::vector<ForecastSample>& samples, double work = kReplayed) {
  return RunForecast(before(samples, work));
}

/// Replays evenly from `from` to `to` seconds, telling each second.
void replay_evenly(RunForecast& run, double pace, double from, double to) {
  for (double at = from; at <= to; ++at) run.progress((at - from) / pace, kReplayed, at);
}

TEST(RunForecast, BelievesTheDrillsAtFirstAndTheRunInTheEnd) {
  RunForecast run = run_of(drills_of(1, 20, 0.2));
  run.begin_phase("replay", 0);
  const double drilled = run.now(0).seconds->p50;
  EXPECT_NEAR(drilled, 54, 8);
  double last = drilled;
  for (double at = 1; at <= 140; ++at) {  // three times as slow
    run.progress(at / (3 * kReplayPace), kReplayed, at);
    if (at == 10 || at == 30 || at == 100) {
      const double said = run.now(at).seconds->p50;
      EXPECT_GT(said, last);
      last = said;
    }
  }
  const Quantiles said = run.now(140).seconds.value();
  EXPECT_NEAR(said.p50, 153, 8);
  EXPECT_LT(said.p90 - said.p10, 30);
}

TEST(RunForecast, SlowSurroundingsMakeTheNextPhaseSlower) {
  RunForecast even = run_of(drills_of(1, 20, 0.2));
  RunForecast slow = run_of(drills_of(1, 20, 0.2));
  even.begin_phase("replay", 0);
  even.end_phase(51);
  slow.begin_phase("replay", 0);
  slow.end_phase(80);
  EXPECT_GT(slow.now(80).seconds->p50 - 80, 1.1 * (even.now(51).seconds->p50 - 51));
}

TEST(RunForecast, IsThroughWhenAllPhasesAre) {
  RunForecast run = run_of(drills_of(1, 5, 0.2));
  run.begin_phase("replay", 0);
  run.begin_phase("check", 40);
  run.end_phase(44);
  const LiveForecast live = run.now(50);
  EXPECT_EQ(live.state, RunState::kThrough);
  EXPECT_EQ(live.seconds->p10, 44);
  EXPECT_EQ(live.seconds->p90, 44);
}

TEST(RunForecast, LeavesWaitingForPeopleOut) {
  RunForecast run = run_of(drills_of(1, 10, 0.1));
  run.begin_phase("replay", 0);
  replay_evenly(run, kReplayPace, 0, 20);
  const Quantiles said = run.now(20).seconds.value();
  run.begin_wait(20);
  EXPECT_EQ(run.now(5000).state, RunState::kWaiting);
  EXPECT_NEAR(run.now(5000).seconds->p50, said.p50, 0.01);
  run.end_wait(10'020);
  EXPECT_EQ(run.now(10'020).state, RunState::kRunning);
  EXPECT_NEAR(run.now(10'020).seconds->p50, said.p50, 0.01);
  EXPECT_EQ(run.now(10'020).elapsed, 20);
}

TEST(RunForecast, ThatDoesNotMoveIsStalledAndHasNoForecast) {
  RunForecast run = run_of(drills_of(1, 10, 0.1));
  run.begin_phase("replay", 0);
  replay_evenly(run, kReplayPace, 0, 20);
  for (double at = 21; at < 400; ++at) run.progress(20 / kReplayPace, kReplayed, at);  // it tells, but does not move
  EXPECT_EQ(run.now(319).state, RunState::kRunning);
  const LiveForecast live = run.now(321);
  EXPECT_EQ(live.state, RunState::kStalled);
  EXPECT_FALSE(live.seconds);
  EXPECT_EQ(live.why_not, "replay has not moved for 5m 1s");
  run.progress(21 / kReplayPace, kReplayed, 400);
  EXPECT_EQ(run.now(400).state, RunState::kRunning);
}

TEST(RunForecast, ThatTakesLongerThanDrillsMakeOneBelieveIsNotKnown) {
  RunForecast run = run_of(drills_of(1, 10, 0.1));
  run.begin_phase("replay", 0);  // and it never tells
  ASSERT_TRUE(run.now(54).seconds);
  EXPECT_GT(run.now(54).seconds->p10, 54);
  const LiveForecast live = run.now(120);
  EXPECT_FALSE(live.seconds);
  EXPECT_EQ(live.why_not, "replay takes longer than drills make one believe");
  EXPECT_EQ(run.now(1000).state, RunState::kStalled);
}

TEST(RunForecast, OfALogThatGrowsAsFastAsItIsReplayedIsNotConverging) {
  RunForecast run = run_of(drills_of(1, 10, 0.1));
  run.begin_phase("replay", 0);
  for (double at = 0; at <= 60; ++at) run.progress(at / kReplayPace, kReplayed + at * 1.02 / kReplayPace, at);
  const LiveForecast live = run.now(60);
  EXPECT_EQ(live.state, RunState::kNotConverging);
  EXPECT_FALSE(live.seconds);
  EXPECT_FALSE(live.why_not.empty());
}

TEST(RunForecast, OfALogThatGrowsMoreSlowlyCountsTheGrowth) {
  RunForecast run = run_of(drills_of(1, 10, 0.1));
  run.begin_phase("replay", 0);
  for (double at = 0; at <= 40; ++at) run.progress(at / kReplayPace, kReplayed + at * 0.5 / kReplayPace, at);
  // Of 50 s of backlog 40 s were done and 20 s came; the last 30 s take twice as long.
  const LiveForecast live = run.now(40);
  EXPECT_EQ(live.state, RunState::kRunning);
  EXPECT_NEAR(live.seconds->p50, 40 + 60 + 3, 12);
  EXPECT_LT(*live.linear_seconds, 80) << "which a rule of three does not see";
}

TEST(RunForecast, WithoutADrillIsKnownFromItsPaceAloneAndNotBeforeATwentieth) {
  const std::vector<PhaseTask> tasks{{.phase = "replay", .work = kReplayed, .unit = "bytes", .load = {}, .host = {}}};
  RunForecast run(forecast(tasks, {}));
  run.begin_phase("replay", 0);
  run.progress(kReplayed * 0.04, kReplayed, 4);
  EXPECT_FALSE(run.now(4).seconds);
  EXPECT_EQ(run.now(4).why_not, "replay: no drill yet");
  EXPECT_FALSE(run.now(4).share);
  run.progress(kReplayed * 0.5, kReplayed, 50);
  EXPECT_NEAR(run.now(50).seconds->p50, 100, 3);
}

TEST(RunForecast, IgnoresWhatMakesNoSense) {
  RunForecast run = run_of(drills_of(1, 10, 0.1));
  run.progress(1, 2, 0);
  run.end_phase(1);
  run.end_wait(1);
  run.begin_phase("tea", 2);
  EXPECT_EQ(run.now(3).phase, "");
  run.begin_phase("replay", 3);
  run.progress(-1, kReplayed, 4);
  run.progress(1, 0, 4);
  run.progress(std::nan(""), kReplayed, 4);
  run.progress(1, std::numeric_limits<double>::infinity(), 4);
  run.progress(2 * kReplayed, kReplayed, 4);
  run.progress(kReplayed / 2, kReplayed / 2, 3);  // back in time, and in work
  const LiveForecast live = run.now(5);
  ASSERT_TRUE(live.seconds);
  EXPECT_TRUE(std::isfinite(live.seconds->p90));
}

/// Loss of the forecasts of many runs when a share of the replay is done, and of a rule of three.
TEST(RunForecast, LosesLessThanARuleOfThree) {
  double ours[2] = {}, linear[2] = {}, held[2] = {};
  double runs = 0;
  for (std::uint64_t seed = 1; seed <= 60; ++seed) {
    SyntheticWorld world(seed * 1000, 0);
    const std::vector<ForecastSample> samples = drills_of(seed, 20, 0.25);
    RunForecast run = run_of(samples);
    run.begin_phase("replay", 0);
    // Half of what makes a run slow concerns all of it; the rest wanders along it.
    const double surroundings = world.normal();
    const double slower = std::exp(0.25 * std::sqrt(0.5) * (surroundings + world.normal()));
    double at = slower;
    LiveForecast said[2];
    double wander = 0;
    for (int step = 1; step <= 200; ++step) {
      wander = 0.9 * wander + 0.3 * std::sqrt(1 - 0.81) * world.normal();
      at += kReplayed * kReplayPace / 200 * slower * std::exp(wander);
      run.progress(kReplayed / 200 * step, kReplayed, at);
      if (step == 20) said[0] = run.now(at);
      if (step == 100) said[1] = run.now(at);
    }
    at += 3 * std::exp(0.25 * std::sqrt(0.5) * (surroundings + world.normal()));
    ++runs;
    for (int i = 0; i < 2; ++i) {
      const double naive = *said[i].linear_seconds;
      ours[i] += pinball_loss(*said[i].seconds, at);
      linear[i] += pinball_loss({naive, naive, naive}, at);
      held[i] += at >= said[i].seconds->p10 && at <= said[i].seconds->p90 ? 1 : 0;
    }
  }
  for (int i = 0; i < 2; ++i) {
    EXPECT_LT(ours[i], linear[i]) << i;
    EXPECT_GE(held[i] / runs, 0.65) << i;
    EXPECT_LE(held[i] / runs, 0.95) << i;
  }
}

}  // namespace
}  // namespace lifeboat::rescue
