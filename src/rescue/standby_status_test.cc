#include "rescue/standby_status.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include "base/error.h"

namespace lifeboat::rescue {
namespace {

SystemTime moment() {
  return parse_time("2026-11-28T22:40:00Z");
}

StandbyCommit commit_example() {
  return {.image = "20261128-224000-abcdef",
          .gtid = binlog::GtidPosition::parse("0-1-42,1-2-7"),
          .time = moment(),
          .block_ms = 4.5,
          .seconds = 1.25,
          .last_proven = "20261128-220000-123456"};
}

StandbyStatus status_example() {
  StandbyStatus status;
  status.process = ProcessIdentity::of(::getpid());
  status.updated = moment();
  status.name = "standby";
  status.state = StandbyState::kHeld;
  status.relay = "127.0.0.1:3307";
  status.source = "db1:3306";
  status.lag_seconds = 12.5;
  status.gtid = "0-1-42";
  status.relay_gtid = "0-1-50";
  status.last_commit = commit_example();
  status.held = HeldDanger{
      .id = "h1", .danger_class = "drop_database", .objects = "shop.*", .gtid = "0-1-43", .event_time = moment()};
  status.holds_known = true;
  status.commit_every = std::chrono::minutes(5);
  status.delay = std::chrono::hours(1);
  return status;
}

TEST(StandbyStatus, IsFoundAsItWasSaved) {
  const TempDir dir;
  EXPECT_FALSE(find_standby_status(dir.path()));
  const StandbyStatus status = status_example();
  save_standby_status(dir.path(), status);
  const StandbyStatus found = find_standby_status(dir.path()).value();
  EXPECT_EQ(to_json(found, moment()), to_json(status, moment()));
  EXPECT_EQ(found.held, status.held);
  EXPECT_EQ(found.last_commit, status.last_commit);
}

TEST(StandbyStatus, WhatIsNotKnownIsNull) {
  StandbyStatus status = status_example();
  status.lag_seconds.reset();
  status.last_commit.reset();
  status.held.reset();
  const json::object object = to_json(status, moment());
  for (const char* key : {"lag_seconds", "last_commit", "held"}) EXPECT_TRUE(object.at(key).is_null()) << key;
  EXPECT_EQ(standby_status_from_json(object).lag_seconds, std::nullopt);
}

TEST(StandbyStatus, TellsHowOldTheLastCommitIs) {
  const json::object object = to_json(status_example(), moment() + std::chrono::seconds(90));
  EXPECT_EQ(object.at("last_commit").at("age_seconds").as_double(), 90);
}

TEST(StandbyStatus, IsWellOnlyWhileItRunsAndFollowsAndNothingIsHeldOrAmiss) {
  StandbyStatus well = status_example();
  well.state = StandbyState::kFollowing;
  well.held.reset();
  EXPECT_TRUE(is_well(well));
  const auto spoilt = [&](const std::function<void(StandbyStatus&)>& spoil) {
    StandbyStatus status = well;
    spoil(status);
    return !is_well(status);
  };
  EXPECT_TRUE(spoilt([](StandbyStatus& s) { s.state = StandbyState::kDisconnected; }));
  EXPECT_TRUE(spoilt([](StandbyStatus& s) { s.problem = "the last commit failed"; }));
  EXPECT_TRUE(spoilt([](StandbyStatus& s) { s.held = HeldDanger{}; }));
  EXPECT_TRUE(spoilt([](StandbyStatus& s) { s.process.start_time += 1; }));
}

TEST(StandbyCommit, AndOriginAreFoundAsTheyWereSaved) {
  const TempDir dir;
  EXPECT_FALSE(find_standby_commit(dir.path()));
  EXPECT_FALSE(find_standby_origin(dir.path()));
  save_standby_commit(dir.path(), commit_example());
  save_standby_origin(dir.path(), {.gtid = "0-1-7", .source = "db1:3306"});
  EXPECT_EQ(find_standby_commit(dir.path()), commit_example());
  EXPECT_EQ(find_standby_origin(dir.path())->gtid, "0-1-7");
  EXPECT_EQ(find_standby_origin(dir.path())->source, "db1:3306");
}

TEST(StandbyStatus, AFileThatMakesNoSenseIsCorruption) {
  const TempDir dir;
  json::object object = to_json(status_example(), moment());
  object["state"] = "asleep";
  for (const std::string& text : {std::string("{"), std::string("[]"), std::string("{}"), json::serialize(object)}) {
    write_file_durably(standby_status_file(dir.path()), as_bytes(text));
    try {
      static_cast<void>(find_standby_status(dir.path()));
      ADD_FAILURE() << text;
    } catch (const Exception& e) {
      EXPECT_EQ(e.code(), Code::kCorruption) << text;
    }
  }
}

}  // namespace
}  // namespace lifeboat::rescue
