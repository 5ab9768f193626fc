#include "rescue/drill_record.h"

#include <gtest/gtest.h>

#include "rescue/drill_state.h"

namespace lifeboat::rescue {
namespace {

DrillRecord example_drill() {
  DrillRecord record;
  record.id = "20261130-121221-3f9a2c";
  record.image = "20261130-111111-3f9a2c";
  record.level = DrillLevel::kEqual;
  record.key = "recovery";
  record.gtid = "0-1-99";
  record.left_out = {"0-1-7", "0-1-9"};
  record.lost_seconds = 1.5;
  record.objective = {.back_within = std::chrono::minutes(30), .lose_at_most = std::chrono::seconds(5)};
  record.phases = {
      {.name = "boot", .begun = from_unix_ms(1'000), .seconds = 0.25, .work = 7, .unit = "bytes", .recovers = true},
      {.name = "tables", .begun = from_unix_ms(2'000), .seconds = {}, .unit = "tables"}};
  record.failures = {
      {.check = "tables", .code = Code::kCorruption, .what = "table shop.orders: it is corrupt", .hint = ""}};
  record.coverage = DrillCoverage{.compared = {{.name = "shop.items", .chunks = 2, .rows = 9}},
                                  .not_compared = {{.subject = "shop.log", .said = "MyISAM has no snapshots"}},
                                  .snapshots = 1,
                                  .rows = 9};
  return record;
}

json::object proof_of(const DrillRecord& record) {
  json::object proof{{"image", record.image}, {"id", record.id}, {"time", 3'000}, {"passed", record.passed()}};
  for (const auto& [key, value] : to_json(record)) proof[key] = value;
  return proof;
}

TEST(DrillRecord, SaysWhatWasMeasured) {
  const json::object said = to_json(example_drill());
  const json::object& phase = said.at("phases").as_array().at(0).as_object();
  EXPECT_EQ(json_string(phase, "phase"), "boot");
  EXPECT_EQ(json_integer(phase, "work"), 7);
  EXPECT_TRUE(json_flag(phase, "recovers"));
  EXPECT_TRUE(said.at("phases").as_array().at(1).as_object().at("seconds").is_null());
  EXPECT_TRUE(said.at("back_seconds").is_null());
  EXPECT_EQ(json_string(said.at("coverage").as_object().at("not_compared").as_array().at(0).as_object(), "table"),
            "shop.log");
  EXPECT_TRUE(to_json(DrillRecord()).at("coverage").is_null());
}

TEST(DrillRecord, IsToldToPeopleWithWhatFailed) {
  const std::string text = describe_drill(proof_of(example_drill()));
  for (const char* words : {"20261130-121221-3f9a2c", "FAILED", "table shop.orders: it is corrupt", "boot 0.2 s",
                            "tables did not end", "recovery key", "left out  0-1-7, 0-1-9", "lost      1.5 s",
                            "objective back within 30m", "objective lose at most 5.0s"}) {
    EXPECT_NE(text.find(words), std::string::npos) << words << "\n" << text;
  }
  EXPECT_NE(describe_drill(proof_of(DrillRecord())).find("passed"), std::string::npos);
}

TEST(DrillRecord, AdvisesWhoDrills) {
  EXPECT_EQ(drill_hint("See whether it follows: lifeboat relay status"),
            "See whether it follows: lifeboat relay status");
  EXPECT_EQ(drill_hint("Give an account with SUPER: lifeboat rescue --user NAME --user-password-file FILE"),
            "Give an account with SUPER: lifeboat drill run --user NAME --user-password-file FILE");
  EXPECT_EQ(drill_hint("`lifeboat rescue --image x` takes it all the same."),
            "`lifeboat drill run --image x` takes it all the same.");
  EXPECT_EQ(drill_hint("Choose whose is to be rescued: lifeboat rescue --source db1-3306").find("lifeboat rescue"),
            std::string::npos);
  for (const char* other : {"Leave it out, and all like it: lifeboat rescue --name drill-x --on-conflict skip",
                            "By the log that is in the vault: `lifeboat rescue --standalone --dir /x`."}) {
    EXPECT_TRUE(drill_hint(other).starts_with("A rescue would meet the same")) << other;
  }
}

TEST(DrillRecord, LevelsHaveNames) {
  for (const std::string& name : drill_level_names()) EXPECT_EQ(drill_level_name(drill_level_of(name)), name);
  EXPECT_LT(drill_level_of("boot"), drill_level_of("equal"));
  EXPECT_THROW(static_cast<void>(drill_level_of("deep")), Exception);
}

TEST(DrillState, OneDrillAtATime) {
  const TempDir root;
  EXPECT_FALSE(try_lock_drills(root.path())) << "there was none yet";
  const FileLock lock = lock_drills(root.path());
  EXPECT_FALSE(try_lock_drills(root.path()));
  EXPECT_THROW(static_cast<void>(lock_drills(root.path())), Exception);
}

TEST(DrillState, WhatCannotBeRemovedIsNotInTheWayOfTheRest) {
  const TempDir root;
  const FileLock lock = lock_drills(root.path());
  for (const char* id : {"20261130-121221-3f9a2c", "20261130-131221-3f9a2c"}) {
    make_directories(drill_directory(root.path(), id) / "log");
  }
  const Path branch = root.path() / "branches" / drill_branch("20261130-121221-3f9a2c");
  make_directories(branch);
  write_file_durably(branch / "branch.json", as_bytes("{"));
  EXPECT_EQ(remove_dead_drills(root.path()), std::vector<std::string>{"20261130-131221-3f9a2c"});
  EXPECT_TRUE(std::filesystem::exists(drill_directory(root.path(), "20261130-121221-3f9a2c")));
}

TEST(DrillState, WhatADeadOneLeftIsRemoved) {
  const TempDir root;
  const FileLock lock = lock_drills(root.path());
  make_directories(drill_directory(root.path(), "20261130-121221-3f9a2c") / "log");
  EXPECT_EQ(remove_dead_drills(root.path()), std::vector<std::string>{"20261130-121221-3f9a2c"});
  EXPECT_TRUE(remove_dead_drills(root.path()).empty());
}

}  // namespace
}  // namespace lifeboat::rescue
