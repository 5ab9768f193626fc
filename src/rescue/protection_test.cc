// In one word whether production is protected, and never a better one than what is known.

#include "rescue/protection.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include "rescue/rescue_record.h"

namespace lifeboat::rescue {
namespace {

json::object source(const std::string& url) {
  json::object out{{"source", url},           {"state", "following"},     {"problem", ""}, {"exposed", json::array()},
                   {"alarms", json::array()}, {"warnings", json::array()}};
  out["vault"] = nullptr;
  return out;
}

json::object relay_of(json::array sources) {
  return {{"updated", format_time(now())}, {"guard", {{"problem", ""}}}, {"sources", std::move(sources)}};
}

StandbyStatus standby(const std::string& source) {
  StandbyStatus status;
  status.process = ProcessIdentity::of(::getpid());
  status.updated = now();
  status.name = "standby";
  status.state = StandbyState::kFollowing;
  status.source = source;
  status.last_commit = StandbyCommit{.image = "i", .gtid = {}, .time = now(), .last_proven = "i"};
  return status;
}

/// Sources with histories of their own.
Protection judge(std::optional<json::object> relay, bool running, std::vector<StandbyStatus> standbys) {
  return judge_protection({.relay = std::move(relay),
                           .running = running,
                           .standbys = std::move(standbys),
                           .places = {},
                           .switches = {},
                           .has_all_of = [](const std::string&, const std::string&) { return false; },
                           .time = now()});
}

TEST(Protection, IsWholeWithAFollowedSourceAndAStandbyBehindIt) {
  const Protection protection = judge(relay_of({source("mysql://r@db1:3306")}), true, {standby("db1:3306")});
  EXPECT_EQ(protection.state, ProtectionState::kProtected);
  EXPECT_TRUE(protection.reasons.empty());
}

TEST(Protection, IsNoneWithoutARelay) {
  EXPECT_EQ(judge(std::nullopt, false, {standby("db1:3306")}).state, ProtectionState::kNotProtected);
  const auto dead = judge(relay_of({source("mysql://r@db1:3306")}), false, {standby("db1:3306")});
  EXPECT_EQ(dead.state, ProtectionState::kNotProtected);
}

TEST(Protection, DoesNotCountSourcesThatWereReplaced) {
  json::object damaged = source("mysql://r@db1:3306");
  damaged["state"] = "waiting";
  damaged["retired"] = "rescue-1";
  const json::object relay = relay_of({damaged, source("mysql://r@127.0.0.1:5000")});
  EXPECT_EQ(judge(relay, true, {standby("127.0.0.1:5000")}).state, ProtectionState::kProtected);
  const Protection behind_damaged = judge(relay, true, {standby("db1:3306")});
  EXPECT_EQ(behind_damaged.state, ProtectionState::kAtRisk);
  EXPECT_NE(behind_damaged.reasons.front().find("counts no more"), std::string::npos);
  EXPECT_EQ(judge(relay_of({damaged}), true, {}).state, ProtectionState::kNotProtected);
}

TEST(Protection, IsAtRiskByWhateverIsAmiss) {
  json::object exposed = source("mysql://r@db1:3306");
  exposed["exposed"] = json::array{json::object{{"open", true}, {"why", "the relay was not following"}}};
  json::object late = source("mysql://r@db1:3306");
  late["vault"] = json::object{{"within_promise", false}};
  json::object away = source("mysql://r@db1:3306");
  away["state"] = "waiting";
  away["problem"] = "connection refused";
  for (const json::object& each : {exposed, late, away}) {
    EXPECT_EQ(judge(relay_of({each}), true, {standby("db1:3306")}).state, ProtectionState::kAtRisk);
  }
  const json::object well = relay_of({source("mysql://r@db1:3306")});
  EXPECT_EQ(judge(well, true, {}).state, ProtectionState::kAtRisk);
  StandbyStatus unproven = standby("db1:3306");
  unproven.last_commit->last_proven.clear();
  StandbyStatus held = standby("db1:3306");
  held.state = StandbyState::kHeld;
  for (const StandbyStatus& each : {unproven, held}) {
    EXPECT_EQ(judge(well, true, {each}).state, ProtectionState::kAtRisk);
  }
  EXPECT_EQ(judge(well, true, {held, standby("db1:3306")}).state, ProtectionState::kProtected);
}

TEST(Protection, IsAtRiskWhereTheGuardHasAProblemOrNobodySpeaks) {
  const std::string old = format_time(now() - std::chrono::minutes(1));
  json::object guarded_badly = relay_of({source("mysql://r@db1:3306")});
  guarded_badly["guard"] = {{"problem", "rules.toml: line 3"}};
  json::object silent = relay_of({source("mysql://r@db1:3306")});
  silent["updated"] = old;
  for (const auto& [relay, said] : {std::pair(guarded_badly, "line 3"), std::pair(silent, "said nothing")}) {
    const Protection protection = judge(relay, true, {standby("db1:3306")});
    EXPECT_EQ(protection.state, ProtectionState::kAtRisk);
    ASSERT_EQ(protection.reasons.size(), 1U);
    EXPECT_NE(protection.reasons.front().find(said), std::string::npos) << protection.reasons.front();
  }
  StandbyStatus hung = standby("db1:3306");
  hung.updated = parse_time(old);
  EXPECT_EQ(judge(relay_of({source("mysql://r@db1:3306")}), true, {hung}).state, ProtectionState::kAtRisk);
}

TEST(Protection, NeedsAStandbyForEachHistory) {
  ProtectionView view{.relay = relay_of({source("mysql://r@db1:3306"), source("mysql://r@db2:3306")}),
                      .running = true,
                      .standbys = {standby("db1:3306")},
                      .places = {},
                      .switches = {},
                      .has_all_of = [](const std::string&, const std::string&) { return false; },
                      .time = now()};
  const Protection bare = judge_protection(view);
  EXPECT_EQ(bare.state, ProtectionState::kAtRisk);
  EXPECT_EQ(bare.reasons, std::vector<std::string>{"no standby is behind db2:3306"});
  view.has_all_of = [](const std::string& one, const std::string& other) {
    return one == "db1:3306" && other == "db2:3306";
  };
  EXPECT_EQ(judge_protection(view).state, ProtectionState::kProtected) << "it is a ring";
}

TEST(Protection, IsNoneWhileTheRelayDoesNotFollowWhatProductionRunsOn) {
  ProtectionView view{.relay = relay_of({source("mysql://r@db1:3306")}),
                      .running = true,
                      .standbys = {standby("db1:3306")},
                      .places = {{.rescue = "rescue-1", .branch = "b", .address = "127.0.0.1:5000", .follow = "so"}},
                      .switches = {},
                      .has_all_of = [](const std::string&, const std::string&) { return false; },
                      .time = now()};
  EXPECT_EQ(judge_protection(view).state, ProtectionState::kNotProtected);
  view.places.front().address = "db1:3306";
  EXPECT_EQ(judge_protection(view).state, ProtectionState::kProtected);
}

RescueRecord record_of(const Path& directory, const std::string& name) {
  RescueRecord record;
  record.name = name;
  record.directory = directory / name;
  return record;
}

TEST(Protection, NamesSwitchesThatWereLeftInTheMiddle) {
  const TempDir root;
  RescueRecord finishing = record_of(rescues_directory(root.path()), "rescue-1");
  finishing.cut_over = {{"state", "switched"}};
  finishing.finish = {{"state", "begun"}};
  save_rescue(finishing);
  EXPECT_TRUE(switches_left(root.path()).empty()) << "production goes on";
  finishing.finish["haproxy"] = json::object();
  save_rescue(finishing);
  RescueRecord moving = record_of(root.path() / "moves", "move-db1-3306");
  moving.finish = {{"state", "opening"}};
  save_rescue(moving);
  RescueRecord cutting = record_of(rescues_directory(root.path()), "rescue-2");
  cutting.cut_over = {{"state", "begun"}, {"fenced", json::object()}};
  save_rescue(cutting);
  const std::vector<std::string> left = switches_left(root.path());
  ASSERT_EQ(left.size(), 3U);
  EXPECT_NE(left[0].find("finish rescue-1"), std::string::npos) << left[0];
  EXPECT_NE(left[1].find("cut-over rescue-2"), std::string::npos) << left[1];
  EXPECT_NE(left[2].find("lifeboat move"), std::string::npos) << left[2];
  const FileLock at_work = lock_rescue(moving);
  EXPECT_NE(switches_left(root.path())[2].find("at work"), std::string::npos);
  EXPECT_EQ(judge_protection({.relay = relay_of({source("mysql://r@db1:3306")}),
                              .running = true,
                              .standbys = {standby("db1:3306")},
                              .places = {},
                              .switches = left,
                              .has_all_of = {},
                              .time = now()})
                .state,
            ProtectionState::kAtRisk);
}

}  // namespace
}  // namespace lifeboat::rescue
