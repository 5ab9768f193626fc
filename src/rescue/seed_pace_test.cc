#include "rescue/seed_pace.h"

#include <gtest/gtest.h>

namespace lifeboat::rescue {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

TEST(IsWork, IsWhatUsersOrAReplicaDo) {
  EXPECT_TRUE(is_work({.questions = 100}, {.questions = 200}, seconds(1)));
  EXPECT_TRUE(is_work({.rows_changed = 100}, {.rows_changed = 150}, seconds(1)));
  EXPECT_TRUE(is_work({.questions = 100}, {.questions = 120}, milliseconds(250)));
}

TEST(IsWork, IsNoneThatALookAtTheStatusAsks) {
  EXPECT_FALSE(
      is_work({.questions = 100, .rows_changed = 7}, {.questions = 104, .rows_changed = 7}, milliseconds(250)));
  EXPECT_FALSE(is_work({.questions = 100}, {.questions = 150}, seconds(10)));
}

TEST(IsWork, CountsFromZeroWhereTheCountersWereReset) {
  EXPECT_FALSE(is_work({.questions = 1000, .rows_changed = 9}, {.questions = 3}, seconds(1)));
  EXPECT_TRUE(is_work({.questions = 1000}, {.questions = 300}, seconds(1)));
}

relay::SourceLogin nobody() {
  relay::SourceLogin login;
  login.address = relay::SourceAddress::parse("mysql://u@127.0.0.1:1");  // where nobody listens
  return login;
}

TEST(SourceWork, IsThereWhereTheSourceDoesNotAnswer) {
  const relay::SourceLogin login = nobody();
  SourceWork work(login);
  EXPECT_TRUE(work.working());
  EXPECT_TRUE(work.working());
}

TEST(SeedPace, WaitsForAFixedRateAndForNoneNever) {
  const relay::SourceLogin login = nobody();
  SeedPace fixed(1'000'000, login);
  fixed.pass(200'000);  // 50 ms of those are the burst
  EXPECT_GE(fixed.waited_seconds(), 0.14);
  SeedPace none(0, login);
  none.pass(std::uint64_t{1} << 40U);
  EXPECT_EQ(none.waited_seconds(), 0);
}

TEST(SeedPace, GoesTwiceAsFastAsTheRedoLogWhereThatIsFasterThanItsPace) {
  constexpr std::uint64_t kTurn = 10'000'000;
  const relay::SourceLogin login = nobody();
  SeedPace pace(std::nullopt, login);
  for (int i = 0; i < 100; ++i) {
    pace.pass_redo(kTurn);
    pace.pass(kTurn);
    pace.pass(kTurn);
  }
  EXPECT_EQ(pace.waited_seconds(), 0);
  pace.pass(kTurn / 10);
  EXPECT_GE(pace.waited_seconds(), 0.09);
  EXPECT_LT(pace.waited_seconds(), 1);
}

TEST(SeedPace, WaitsAsEverBesideALittleRedoLog) {
  const relay::SourceLogin login = nobody();
  SeedPace pace(std::nullopt, login);
  for (int i = 0; i < 5; ++i) {
    pace.pass(1'000'000);
    pace.pass_redo(400'000);
  }
  EXPECT_GE(pace.waited_seconds(), 0.4);
  SeedPace fixed(1'000'000, login);
  fixed.pass_redo(std::uint64_t{1} << 30U);
  EXPECT_EQ(fixed.waited_seconds(), 0);
  fixed.pass(100'000);
  EXPECT_GE(fixed.waited_seconds(), 0.09);
}

}  // namespace
}  // namespace lifeboat::rescue
