// Which groups a dump lets go, and when: rules, the guard, UNTIL.

#include "relay/dump.h"

#include <gtest/gtest.h>

#include "base/units.h"
#include "relay/replica_server_testing.h"

namespace lifeboat::relay {
namespace {

using binlog::parse_gtid;
using testing::kHead;
using testing::LogBuilder;
using testing::TestClient;
using DumpTest = testing::ServedFiles;

TEST_F(DumpTest, StopsAtUntil) {
  start();
  const auto one = client();
  one->set("SET @slave_until_gtid='0-1-2'");
  one->dump({.gtid = "", .flags = 0});
  EXPECT_EQ(one->events_to_end(), std::string(kHead) + " Gtid(0-1-1) Query Gtid(0-1-2) Query Gtid_list(1,0-1-2)");
}

TEST_F(DumpTest, FollowsTheTailIntoNewFiles) {
  start();
  const auto one = client();
  one->dump({.gtid = "0-1-4,1-1-1", .flags = 0});
  for (int i = 0; i < 4; ++i) one->next_event();
  log.put("bin.000002", second.group(parse_gtid("0-1-5")), "0-1-2,1-1-1", "0-1-5,1-1-1");
  EXPECT_EQ(one->next_name(), "Gtid(0-1-5)");
  EXPECT_EQ(one->next_name(), "Query");
  LogBuilder third(binlog::parse_gtid_list("0-1-5,1-1-1"));
  log.put("bin.000002", second.rotate("bin.000003"), "0-1-2,1-1-1", "0-1-5,1-1-1");
  log.put("bin.000003", third.group(parse_gtid("0-1-6")), "0-1-5,1-1-1", "0-1-6,1-1-1");
  EXPECT_EQ(one->next_name(), "Rotate");
  for (const char* name : {"Rotate", "Format_description", "Gtid_list", "Gtid(0-1-6)"})
    EXPECT_EQ(one->next_name(), name);
}

TEST_F(DumpTest, AHoldLetsHeartbeatsThroughUntilItIsLifted) {
  write_rules("id:2 hold\n");
  start();
  const auto one = client();
  one->set("SET @master_heartbeat_period=50000000");
  one->dump({.gtid = ""});
  for (const char* name : {"Rotate", "Format_description", "Gtid_list"}) EXPECT_EQ(one->next_name(), name);
  EXPECT_EQ(one->next_name(), "Heartbeat");
  EXPECT_EQ(server->replicas().at(0).dump.waiting_for, "rule");
  const auto free = client();
  free->dump({.gtid = "0-1-2,1-1-1", .server_id = 3});
  EXPECT_TRUE(free->events_to_end().ends_with("Gtid(0-1-4) Query")) << "another replica is not held";
  write_rules("");
  std::string name = one->next_name();
  while (name == "Heartbeat") name = one->next_name();
  EXPECT_EQ(name, "Gtid(0-1-1)");
}

TEST_F(DumpTest, ASkippedGroupIsToldAsIgnored) {
  write_rules("user:repl skip 0-1-2,0-1-3\n");
  start();
  EXPECT_EQ(dump_all({.gtid = ""}), std::string(kHead) +
                                        " Gtid(0-1-1) Query Gtid_list(2,0-1-2) Gtid(1-1-1) Query Rotate " +
                                        std::string(kHead) + " Gtid_list(2,0-1-3) Gtid(0-1-4) Query");
}

TEST_F(DumpTest, WhatCompletesASkippedXaTransactionIsLeftOutWithIt) {
  using binlog::GtidEvent;
  write_rules("* skip 0-1-5\n");
  start();
  second.xa(parse_gtid("0-1-5"), GtidEvent::kPreparedXa, "skipped")
      .xa(parse_gtid("0-1-6"), GtidEvent::kPreparedXa, "x");
  second.xa(parse_gtid("0-1-7"), GtidEvent::kCompletedXa, "x")
      .xa(parse_gtid("0-1-8"), GtidEvent::kCompletedXa, "skipped");
  log.put("bin.000002", second, "0-1-2,1-1-1", "0-1-8,1-1-1");
  const std::string rest = " Gtid(0-1-7) Query Gtid_list(2,0-1-8)";
  EXPECT_EQ(dump_all({.gtid = "0-1-4,1-1-1"}),
            std::string(kHead) + " Gtid_list(0,0-1-4,1-1-1) Gtid_list(2,0-1-5) Gtid(0-1-6) Xa_prepare" + rest);
  // And for one that has come again in between.
  EXPECT_EQ(dump_all({.gtid = "0-1-6,1-1-1"}), std::string(kHead) + " Gtid_list(0,0-1-6,1-1-1)" + rest);
}

/// A replica is past it: whatever the guard would say of it by now, there is nobody to hold.
TEST_F(DumpTest, AnXaTransactionThatAReplicaIsPastIsNotHeld) {
  using binlog::GtidEvent;
  start();
  gate.set(second.size(), Verdict::kHold);
  second.xa(parse_gtid("0-1-5"), GtidEvent::kPreparedXa, "x").xa(parse_gtid("0-1-6"), GtidEvent::kCompletedXa, "x");
  log.put("bin.000002", second, "0-1-2,1-1-1", "0-1-6,1-1-1");
  EXPECT_EQ(dump_all({.gtid = "0-1-5,1-1-1"}), std::string(kHead) + " Gtid_list(0,0-1-5,1-1-1) Gtid(0-1-6) Query");
  EXPECT_EQ(gate.asked(), 0);
  gate.set(
      LogBuilder(binlog::parse_gtid_list("0-1-2,1-1-1")).group(parse_gtid("0-1-3")).group(parse_gtid("0-1-4")).size(),
      Verdict::kSkip);
  EXPECT_EQ(dump_all({.gtid = "0-1-5,1-1-1"}), std::string(kHead) + " Gtid_list(0,0-1-5,1-1-1) Gtid_list(2,0-1-6)");
}

TEST_F(DumpTest, StopAfterEndsTheStreamThere) {
  write_rules("* stop-after 0-1-2\n");
  start();
  EXPECT_EQ(dump_all({.gtid = ""}), std::string(kHead) + " Gtid(0-1-1) Query Gtid(0-1-2) Query");
}

/// Wherever the replica begins: the rule is a bound, no event.
TEST_F(DumpTest, NothingBehindStopAfterIsServed) {
  start();
  const auto dump_until = [this](std::string_view stop, const TestClient::DumpFrom& from) {
    write_rules(format("* stop-after {}\n", stop));
    server.reset();
    port.reset();  // which keeps the rules
    start();
    return dump_all(from);
  };
  const std::string head(kHead);
  EXPECT_EQ(dump_until("0-1-1", {.gtid = "0-1-2,1-1-1"}), head) << "it is past it";
  EXPECT_EQ(dump_until("0-1-1", {.gtid = "0-1-1"}), head + " Gtid_list(0,0-1-1)");
  EXPECT_EQ(dump_until("1-1-1", {.gtid = "0-1-2"}), head + " Gtid_list(0,0-1-2) Gtid(1-1-1) Query Rotate " + head)
      << "the last of its file";
  const auto after_head = static_cast<std::uint32_t>(LogBuilder(binlog::parse_gtid_list("0-1-2,1-1-1")).size());
  const auto after_one =
      static_cast<std::uint32_t>(LogBuilder(binlog::parse_gtid_list("0-1-2,1-1-1")).group(parse_gtid("0-1-3")).size());
  EXPECT_EQ(dump_until("1-1-1", {.file = "bin.000002", .position = after_head}), "Rotate Format_description");
  EXPECT_EQ(dump_until("0-1-3", {.file = "bin.000002", .position = after_one}), "Rotate Format_description");
  EXPECT_EQ(dump_until("0-1-4", {.file = "bin.000002", .position = after_one}),
            "Rotate Format_description Gtid(0-1-4) Query");
  log.put("bin.000002", second.group(parse_gtid("0-1-6")), "0-1-2,1-1-1", "0-1-6,1-1-1");
  EXPECT_EQ(dump_until("0-1-5", {.gtid = "0-1-3,1-1-1"}), head + " Gtid_list(0,0-1-3,1-1-1) Gtid(0-1-4) Query")
      << "the source never logged it";
}

TEST_F(DumpTest, StopAfterHoldsAlsoWhenItIsWrittenLate) {
  write_rules("* hold\n");
  start();
  const auto one = client();
  one->set("SET @master_heartbeat_period=20000000");
  one->dump({.gtid = "0-1-2,1-1-1", .flags = 0});
  EXPECT_TRUE(waits_for("rule"));
  write_rules("* stop-after 0-1-2\n");
  EXPECT_TRUE(waits_for("stop-after"));
  write_rules("* stop-after 0-1-3\n");
  for (const char* name : {"Rotate", "Format_description", "Gtid_list", "Gtid(0-1-3)", "Query"})
    EXPECT_EQ(next_but_heartbeats(*one), name);
  EXPECT_TRUE(waits_for("stop-after"));
  write_rules("");
  EXPECT_EQ(next_but_heartbeats(*one), "Gtid(0-1-4)");
}

/// Who writes a rule while a group waits means that group, too.
TEST_F(DumpTest, RulesWrittenWhileAGroupWaitsApplyToIt) {
  start();
  const std::uint64_t place = LogBuilder({}).group(parse_gtid("0-1-1")).size();
  gate.set(place, Verdict::kHold);
  const auto one = client();
  one->set("SET @master_heartbeat_period=20000000");
  one->dump({.gtid = "0-1-1", .flags = 0});
  EXPECT_TRUE(waits_for("guard: test"));
  write_rules("* hold\n");
  EXPECT_TRUE(waits_for("rule"));
  gate.set(place, Verdict::kPass);
  write_rules("* delay 1000000h\n");
  EXPECT_TRUE(waits_for("delay"));
  write_rules("* hold\n");
  EXPECT_TRUE(waits_for("rule"));
  gate.set(place, Verdict::kHold);
  write_rules("");
  EXPECT_TRUE(waits_for("guard: test"));
  write_rules("* skip 0-1-2\n");
  for (const char* name : {"Rotate", "Format_description", "Gtid_list", "Gtid_list(0,0-1-1)", "Gtid_list(2,0-1-2)"})
    EXPECT_EQ(next_but_heartbeats(*one), name);
}

TEST_F(DumpTest, ADelayHoldsYoungGroupsOnly) {
  write_rules("* delay 1h\n");
  start();
  const auto young = static_cast<std::uint32_t>(unix_ms(now()) / 1000);
  log.put("bin.000002", second.group(parse_gtid("0-1-5"), "DO 1", young), "0-1-2,1-1-1", "0-1-5,1-1-1");
  const auto one = client();
  one->set("SET @master_heartbeat_period=20000000");
  one->dump({.gtid = "0-1-2,1-1-1", .flags = 0});
  for (const char* name :
       {"Rotate", "Format_description", "Gtid_list", "Gtid(0-1-3)", "Query", "Gtid(0-1-4)", "Query", "Heartbeat"}) {
    EXPECT_EQ(one->next_name(), name);
  }
  EXPECT_EQ(server->replicas().at(0).dump.waiting_for, "delay");
}

TEST_F(DumpTest, TheGuardsVerdictsAreObeyed) {
  start();
  const std::uint64_t place = LogBuilder({}).group(parse_gtid("0-1-1")).size();
  gate.set(place, Verdict::kHold);
  const auto one = client();
  one->set("SET @master_heartbeat_period=20000000");
  one->dump({.gtid = "", .flags = 0});
  for (const char* name : {"Rotate", "Format_description", "Gtid_list", "Gtid(0-1-1)", "Query", "Heartbeat"}) {
    EXPECT_EQ(one->next_name(), name);
  }
  EXPECT_EQ(server->replicas().at(0).dump.waiting_for, "guard: test");
  gate.set(place, Verdict::kSkip);
  std::string name = one->next_name();
  while (name == "Heartbeat") name = one->next_name();
  EXPECT_EQ(name, "Gtid_list(2,0-1-2)");
}

TEST_F(DumpTest, AClientThatDoesNotWaitIsToldOfAHold) {
  start();
  gate.set(LogBuilder({}).group(parse_gtid("0-1-1")).size(), Verdict::kHold);
  const auto one = client();
  one->dump({.gtid = ""});
  try {
    one->events_to_end();
    ADD_FAILURE() << "it ended without an error";
  } catch (const SqlFailure& failure) {
    EXPECT_NE(std::string_view(failure.what()).find("guard: test"), std::string_view::npos) << failure.what();
  }
}

}  // namespace
}  // namespace lifeboat::relay
