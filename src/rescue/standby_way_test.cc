// Whether a standby may be taken past what is left out, by a kept log and the record of its relay's guard.

#include "rescue/standby_way.h"

#include <gtest/gtest.h>

#include "relay/hold_book.h"
#include "relay/serving_testing.h"

namespace lifeboat::rescue {
namespace {

using relay::testing::LogBuilder;

constexpr std::uint32_t kStandbyId = 77;

binlog::GtidPosition position(std::string_view text) {
  return binlog::GtidPosition::parse(text);
}

/// A log that its relay has from 0-1-2 on, of two files; 0-1-4 and 0-1-7 destroy.
class StandbyWayTest : public ::testing::Test {
 protected:
  StandbyWayTest() {
    make_directories(log_directory());
    write("bin.000002", LogBuilder({{0, 1, 2}})
                            .group({0, 1, 3}, "INSERT INTO shop.t VALUES (3)")
                            .group({0, 1, 4}, "DROP TABLE shop.old")
                            .rotate("bin.000003"));
    write("bin.000003", LogBuilder({{0, 1, 4}})
                            .group({0, 1, 5}, "INSERT INTO shop.t VALUES (5)")
                            .group({0, 1, 6}, "INSERT INTO shop.t VALUES (6)")
                            .group({0, 1, 7}, "DROP DATABASE shop")
                            .group({0, 1, 8}, "INSERT INTO app.t VALUES (8)"));
  }
  Path log_directory() const { return directory_.path() / "db1-3306" / "000001"; }
  void write(const std::string& name, const LogBuilder& content) const {
    write_file_durably(log_directory() / name, content.bytes());
  }

  static relay::HoldSubject subject_of(const std::string& gtid) {
    relay::HoldSubject subject;
    subject.source = "db1-3306";
    subject.incarnation = "000001";
    subject.gtid = gtid;
    subject.id = relay::hold_id(subject);
    subject.danger_class = "drop_table";
    subject.severity = binlog::Severity::kDestroys;
    return subject;
  }
  /// As the guard and people would.
  void hold(const std::string& gtid, bool skipped, const std::string& stream = std::string(relay::kEveryStream)) const {
    const relay::HoldSubject subject = subject_of(gtid);
    relay::HoldBook book(directory_.path());
    book.refresh();
    book.begin(subject, format("id:{}", kStandbyId));
    if (skipped) book.skip({.id = subject.id, .stream = stream}, "test");
  }

  StandbyWay judge(const FoundStandby& standby, const std::vector<std::string>& left_out,
                   std::string_view until = "0-1-8") const {
    RescueLog log(log_directory());
    StandbyQuestion question{.rescue = "rescue-1", .relay_directory = directory_.path(), .until = position(until)};
    for (const std::string& gtid : left_out) question.left_out.push_back(binlog::parse_gtid(gtid));
    return judge_standby(log, standby, question);
  }
  StandbyWay judge_at(std::string_view at, const std::vector<std::string>& left_out,
                      std::string_view until = "0-1-8") const {
    return judge({.name = "standby", .server_id = kStandbyId, .position = position(at)}, left_out, until);
  }

  TempDir directory_;
};

TEST_F(StandbyWayTest, OneThatStandsBeforeItIsTakenPastIt) {
  const StandbyWay way = judge_at("0-1-6", {"0-1-7"});
  EXPECT_EQ(way.why_not, "");
  EXPECT_EQ(way.until, position("0-1-8"));
  EXPECT_TRUE(way.holes.empty());
  EXPECT_GT(way.bytes, 0U);
  EXPECT_LT(way.bytes, judge_at("0-1-5", {"0-1-7"}).bytes);
}

TEST_F(StandbyWayTest, OneThatHasAppliedItWillNotDo) {
  EXPECT_EQ(judge_at("0-1-7", {"0-1-7"}).why_not, "it has applied 0-1-7");
  EXPECT_EQ(judge_at("0-1-8", {"0-1-7"}).why_not, "it has applied 0-1-7");
}

TEST_F(StandbyWayTest, OneThatIsPastTheMomentWillNotDo) {
  EXPECT_EQ(judge_at("0-1-6", {}, "0-1-5").why_not, "it has applied 0-1-6, which is later");
  EXPECT_EQ(judge_at("0-1-5", {}, "0-1-5").why_not, "");
}

TEST_F(StandbyWayTest, OneThatTheLogDoesNotLeadOnFromWillNotDo) {
  EXPECT_NE(judge_at("0-1-1", {"0-1-7"}).why_not.find("begins later, after 0-1-2"), std::string::npos);
  EXPECT_NE(judge_at("0-1-99", {"0-1-7"}).why_not.find("knows nothing of 0-1-99"), std::string::npos);
  EXPECT_EQ(judge_at("", {"0-1-7"}).why_not, "it does not say how far it is");
}

TEST_F(StandbyWayTest, WhatNobodyHasDecidedOnIsNotAppliedToIt) {
  const std::string why_not = judge_at("0-1-3", {"0-1-7"}).why_not;
  EXPECT_NE(why_not.find("nobody has decided on 0-1-4"), std::string::npos) << why_not;
  EXPECT_NE(why_not.find("shop.old"), std::string::npos) << why_not;
  EXPECT_EQ(judge_at("0-1-3", {"0-1-4", "0-1-7"}).why_not, "");
  hold("0-1-4", false);
  EXPECT_NE(judge_at("0-1-3", {"0-1-7"}).why_not, "");
}

TEST_F(StandbyWayTest, WhatTheGuardSkipsForItIsLeftOutAsWell) {
  hold("0-1-4", true);
  const StandbyWay way = judge_at("0-1-3", {"0-1-7"});
  EXPECT_EQ(way.why_not, "");
  EXPECT_EQ(way.left_out, (std::vector<binlog::Gtid>{{0, 1, 7}, {0, 1, 4}}));
  EXPECT_TRUE(way.holes.empty()) << "it can still be filled in its order";
}

TEST_F(StandbyWayTest, WhatWasSkippedForItBeforeIsAHole) {
  hold("0-1-4", true);
  const StandbyWay way = judge_at("0-1-6", {"0-1-7"});
  EXPECT_EQ(way.why_not, "");
  EXPECT_EQ(way.left_out, (std::vector<binlog::Gtid>{{0, 1, 7}}));
  EXPECT_EQ(way.holes, (std::vector<binlog::Gtid>{{0, 1, 4}}));
  hold("0-1-7", true);
  EXPECT_EQ(judge_at("0-1-8", {"0-1-7"}).holes, (std::vector<binlog::Gtid>{{0, 1, 4}, {0, 1, 7}}));
  EXPECT_EQ(judge_at("0-1-8", {"0-1-7"}).why_not, "") << "it was skipped, not applied";
}

TEST_F(StandbyWayTest, WhatWasSkippedForItAsOneOfARunIsAHole) {
  relay::HoldSubject first = subject_of("0-1-3");
  first.run_until = from_unix_ms(2'000'000'000'000);
  relay::HoldBook book(directory_.path());
  book.begin(first, format("id:{}", kStandbyId));
  book.skip({.id = first.id, .run = true}, "test");
  book.cover(first.id, subject_of("0-1-4"));
  EXPECT_EQ(judge_at("0-1-6", {"0-1-7"}).holes, (std::vector<binlog::Gtid>{{0, 1, 3}, {0, 1, 4}}));
}

TEST_F(StandbyWayTest, OneOfAnotherServerWillNotDo) {
  FoundStandby standby{.name = "standby", .server_id = kStandbyId, .source = "db1:3306", .position = position("0-1-6")};
  EXPECT_EQ(judge(standby, {"0-1-7"}).why_not, "");
  standby.source = "db9:3306";
  EXPECT_EQ(judge(standby, {"0-1-7"}).why_not, "it is of db9:3306, and this log of db1-3306");
}

TEST_F(StandbyWayTest, WhatWasSkippedForAnotherReplicaItHasApplied) {
  hold("0-1-7", true, "id:5");
  EXPECT_EQ(judge_at("0-1-8", {"0-1-7"}).why_not, "it has applied 0-1-7");
}

TEST_F(StandbyWayTest, OneThatARescueHasTakenIsForThatAlone) {
  const FoundStandby taken{.name = "standby", .server_id = kStandbyId, .rescue = "rescue-1"};
  EXPECT_TRUE(judge(taken, {"0-1-7"}).begun);
  EXPECT_EQ(judge(taken, {"0-1-7"}).why_not, "");
  const FoundStandby of_another{.name = "standby", .server_id = kStandbyId, .rescue = "rescue-2"};
  EXPECT_EQ(judge(of_another, {"0-1-7"}).why_not, "rescue rescue-2 has taken it");
}

TEST_F(StandbyWayTest, WhatItSaysAgainstItselfCounts) {
  const FoundStandby broken{
      .name = "standby", .server_id = kStandbyId, .position = position("0-1-6"), .why_not = "it has stopped"};
  EXPECT_EQ(judge(broken, {"0-1-7"}).why_not, "it has stopped");
}

}  // namespace
}  // namespace lifeboat::rescue
