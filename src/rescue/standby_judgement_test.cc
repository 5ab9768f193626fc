#include "rescue/standby_judgement.h"

#include <gtest/gtest.h>

namespace lifeboat::rescue {
namespace {

using std::chrono::minutes;
using std::chrono::seconds;

constexpr SteadyTime kNoon{seconds(100'000)};
constexpr std::uint64_t kGiB = std::uint64_t{1} << 30U;

ReplicaState replicating(double lag) {
  return {.configured = true, .address = {"127.0.0.1", 3307}, .fetching = "Yes", .applying = true, .lag_seconds = lag};
}

StandbyStatus judged(const StandbyView& view, SystemTime time = now()) {
  StandbyStatus status;
  status.problem = "of before";
  judge(view, time, status);
  return status;
}

TEST(StandbyJudgement, OneThatFetchesAndAppliesFollows) {
  const StandbyStatus status = judged({.replica = replicating(3)});
  EXPECT_EQ(status.state, StandbyState::kFollowing);
  EXPECT_EQ(status.lag_seconds, 3);
  EXPECT_EQ(status.problem, "");
}

TEST(StandbyJudgement, BehindAHeldDangerItIsAsOldAsTheDangerWhateverTheServerSays) {
  const SystemTime time = now();
  const StandbyStatus status =
      judged({.replica = replicating(0), .held = HeldDanger{.id = "h1", .event_time = time - minutes(2)}}, time);
  EXPECT_EQ(status.state, StandbyState::kHeld);
  EXPECT_EQ(status.lag_seconds, 120);
  EXPECT_EQ(status.held->id, "h1");
  EXPECT_EQ(status.problem, "");
}

TEST(StandbyJudgement, WithoutItsRelayTheLagIsNotKnown) {
  ReplicaState cut = replicating(0);
  cut.fetching = "Connecting";
  cut.fetch_error = "error connecting to master";
  const StandbyStatus status = judged({.replica = cut});
  EXPECT_EQ(status.state, StandbyState::kDisconnected);
  EXPECT_EQ(status.lag_seconds, std::nullopt);
  EXPECT_EQ(status.problem, "error connecting to master");
  EXPECT_NE(status.hint, "");
}

TEST(StandbyJudgement, ARelayThatDoesNotFollowMakesTheLagUnknownThoughTheReplicaIsConnected) {
  const StandbyStatus status =
      judged({.replica = replicating(0), .relay_trouble = "the relay does not follow its source"});
  EXPECT_EQ(status.state, StandbyState::kFollowing);
  EXPECT_EQ(status.lag_seconds, std::nullopt);
  EXPECT_EQ(status.problem, "the relay does not follow its source");
}

TEST(StandbyJudgement, AnApplierThatStoppedIsTheProblemWhateverElse) {
  ReplicaState stopped = replicating(0);
  stopped.applying = false;
  stopped.fetching = "No";
  stopped.apply_error = "Could not execute Write_rows: duplicate entry";
  const StandbyStatus status = judged({.replica = stopped});
  EXPECT_EQ(status.state, StandbyState::kStopped);
  EXPECT_EQ(status.problem, stopped.apply_error);
}

TEST(StandbyJudgement, HintsNameWhatToDoForTheErrorsThatAreKnown) {
  ReplicaState replica = replicating(0);
  replica.fetching = "No";
  replica.fetch_error = "Got fatal error 1236 from master";
  EXPECT_NE(judged({.replica = replica}).hint.find("lifeboat log gaps"), std::string::npos);
  replica.fetch_error = "Access denied for user";
  EXPECT_NE(judged({.replica = replica}).hint.find("--password-file"), std::string::npos);
  replica.applying = false;
  replica.apply_error = "would create an out-of-order sequence number";
  EXPECT_NE(judged({.replica = replica}).hint.find("gtid_domain_id"), std::string::npos);
}

TEST(RetryClock, WaitsTwiceAsLongEachTimeUpToAMinuteAndStartsAgainAfterASuccess) {
  RetryClock clock;
  EXPECT_TRUE(clock.due(kNoon));
  SteadyTime time = kNoon;
  for (const int wait : {1, 2, 4, 8, 16, 32, 60, 60}) {
    clock.failed(time);
    EXPECT_FALSE(clock.due(time + seconds(wait) - std::chrono::milliseconds(1))) << wait;
    time += seconds(wait);
    EXPECT_TRUE(clock.due(time)) << wait;
  }
  clock.succeeded();
  clock.failed(time);
  EXPECT_TRUE(clock.due(time + seconds(1)));
}

TEST(CommitClock, IsDueAtFirstThenEverySoOftenAndNeverWithoutAnythingNew) {
  CommitClock clock(minutes(5));
  EXPECT_TRUE(clock.due(kNoon, true, {}));
  EXPECT_FALSE(clock.due(kNoon, false, {}));
  clock.begin(kNoon);
  EXPECT_FALSE(clock.due(kNoon + minutes(4), true, {}));
  EXPECT_TRUE(clock.due(kNoon + minutes(5), true, {}));
  EXPECT_FALSE(clock.due(kNoon + minutes(5), false, {}));
}

TEST(CommitClock, CountsTheCommitOfAnEarlierProcess) {
  CommitClock clock(minutes(5));
  clock.last_was(minutes(4), kNoon);
  EXPECT_FALSE(clock.due(kNoon + seconds(59), true, {}));
  EXPECT_TRUE(clock.due(kNoon + seconds(60), true, {}));
}

TEST(CommitClock, IsDueSoonerWhenWhatIsInNoImageFillsHalfOfTheVolume) {
  CommitClock clock(minutes(5));
  clock.begin(kNoon);
  const CommitClock::Volume full{.dirty_bytes = 6 * kGiB, .space_max = 10 * kGiB};
  EXPECT_FALSE(clock.due(kNoon + seconds(9), true, full));
  EXPECT_TRUE(clock.due(kNoon + seconds(10), true, full));
  EXPECT_FALSE(clock.due(kNoon + seconds(10), true, {.dirty_bytes = 4 * kGiB, .space_max = 10 * kGiB}));
  EXPECT_FALSE(clock.due(kNoon + seconds(10), true, {.dirty_bytes = 6 * kGiB, .space_max = 0}));
}

}  // namespace
}  // namespace lifeboat::rescue
