// In one word whether production is protected, and never a better one than what is known.

#include "rescue/protection.h"

#include <gtest/gtest.h>
#include <unistd.h>

namespace lifeboat::rescue {
namespace {

json::object source(const std::string& url) {
  json::object out{{"source", url},           {"state", "following"},     {"problem", ""}, {"exposed", json::array()},
                   {"alarms", json::array()}, {"warnings", json::array()}};
  out["vault"] = nullptr;
  return out;
}

json::object relay_of(json::array sources) {
  return {{"sources", std::move(sources)}};
}

StandbyStatus standby(const std::string& source) {
  StandbyStatus status;
  status.process = ProcessIdentity::of(::getpid());
  status.name = "standby";
  status.state = StandbyState::kFollowing;
  status.source = source;
  status.last_commit = StandbyCommit{.image = "i", .gtid = {}, .time = now(), .last_proven = "i"};
  return status;
}

TEST(Protection, IsWholeWithAFollowedSourceAndAStandbyBehindIt) {
  const Protection protection = judge_protection(relay_of({source("mysql://r@db1:3306")}), true, {standby("db1:3306")});
  EXPECT_EQ(protection.state, ProtectionState::kProtected);
  EXPECT_TRUE(protection.reasons.empty());
}

TEST(Protection, IsNoneWithoutARelay) {
  EXPECT_EQ(judge_protection(std::nullopt, false, {standby("db1:3306")}).state, ProtectionState::kNotProtected);
  const auto dead = judge_protection(relay_of({source("mysql://r@db1:3306")}), false, {standby("db1:3306")});
  EXPECT_EQ(dead.state, ProtectionState::kNotProtected);
}

TEST(Protection, DoesNotCountSourcesThatWereReplaced) {
  json::object damaged = source("mysql://r@db1:3306");
  damaged["state"] = "waiting";
  damaged["retired"] = "rescue-1";
  const json::object relay = relay_of({damaged, source("mysql://r@127.0.0.1:5000")});
  EXPECT_EQ(judge_protection(relay, true, {standby("127.0.0.1:5000")}).state, ProtectionState::kProtected);
  const Protection behind_damaged = judge_protection(relay, true, {standby("db1:3306")});
  EXPECT_EQ(behind_damaged.state, ProtectionState::kAtRisk);
  EXPECT_NE(behind_damaged.reasons.front().find("counts no more"), std::string::npos);
  EXPECT_EQ(judge_protection(relay_of({damaged}), true, {}).state, ProtectionState::kNotProtected);
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
    EXPECT_EQ(judge_protection(relay_of({each}), true, {standby("db1:3306")}).state, ProtectionState::kAtRisk);
  }
  const json::object well = relay_of({source("mysql://r@db1:3306")});
  EXPECT_EQ(judge_protection(well, true, {}).state, ProtectionState::kAtRisk);
  StandbyStatus unproven = standby("db1:3306");
  unproven.last_commit->last_proven.clear();
  StandbyStatus held = standby("db1:3306");
  held.state = StandbyState::kHeld;
  for (const StandbyStatus& each : {unproven, held}) {
    EXPECT_EQ(judge_protection(well, true, {each}).state, ProtectionState::kAtRisk);
  }
  EXPECT_EQ(judge_protection(well, true, {held, standby("db1:3306")}).state, ProtectionState::kProtected);
}

}  // namespace
}  // namespace lifeboat::rescue
