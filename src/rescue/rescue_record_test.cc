#include "rescue/rescue_record.h"

#include <gtest/gtest.h>

namespace lifeboat::rescue {
namespace {

RescueRecord example_rescue(const Path& root) {
  RescueRecord record;
  record.name = "rescue-0-1-42";
  record.directory = rescues_directory(root) / record.name;
  record.request = {{"to", ""}, {"skip", json::array{"0-1-42"}}};
  record.instead = to_json(RescueRecord());
  record.images = {"20261128-224000-abcdef", "20261128-214000-abcdef"};
  record.log = "/relay.d/db1-3306/000001";
  record.until = "0-1-99";
  record.skip = {"0-1-42"};
  record.standby = "standby";
  record.holes = {"0-1-42"};
  record.objects = {"shop.*"};
  record.conflicts = {{.subject = "0-1-50", .said = "table exists"}};
  record.doubtful = {{.subject = "0-1-51", .said = "depends on shop.orders"}};
  record.phases = {{.name = "mount", .begun = from_unix_ms(1'000), .seconds = 0.25},
                   {.name = "boot", .begun = from_unix_ms(2'000), .seconds = {}}};
  record.ready = true;
  record.cut_over = {{"state", "fenced"}};
  return record;
}

TEST(RescueRecord, IsReadAsItWasSaved) {
  const TempDir root;
  const RescueRecord record = example_rescue(root.path());
  save_rescue(record);
  const auto read = find_rescue(root.path(), record.name);
  ASSERT_TRUE(read);
  EXPECT_EQ(json::serialize(to_json(*read)), json::serialize(to_json(record)));
  EXPECT_EQ(read->directory, record.directory);
  EXPECT_TRUE(phase_is_through(*read, "mount"));
  EXPECT_FALSE(phase_is_through(*read, "boot"));
  EXPECT_FALSE(phase_is_through(*read, "replay"));
}

TEST(RescueRecord, ThatMakesNoSenseIsCorruption) {
  const TempDir root;
  const RescueRecord record = example_rescue(root.path());
  save_rescue(record);
  const json::object whole = to_json(record);
  for (const auto& [key, value] : whole) {
    if (key == "ready") continue;
    json::object without = whole;
    without.erase(key);
    write_file_durably(record.directory / "rescue.json", as_bytes(json::serialize(without)));
    EXPECT_THROW(static_cast<void>(find_rescue(root.path(), record.name)), Exception) << key;
  }
}

TEST(RescueRecord, KeepsWhatAPhaseHadBegunWhenItFails) {
  const TempDir root;
  RescueRecord record = example_rescue(root.path());
  EXPECT_THROW(run_phase(record, "replay", [] { fail(Code::kUnavailable, "gone"); }), Exception);
  EXPECT_FALSE(phase_is_through(*find_rescue(root.path(), record.name), "replay"));
  run_phase(record, "replay", [] {});
  EXPECT_TRUE(phase_is_through(*find_rescue(root.path(), record.name), "replay"));
  EXPECT_EQ(find_rescue(root.path(), record.name)->phases.size(), 3U);
}

TEST(RescueRecord, IsNotFoundNamingThoseThereAre) {
  const TempDir root;
  save_rescue(example_rescue(root.path()));
  try {
    static_cast<void>(open_rescue(root.path(), "other"));
    FAIL();
  } catch (const Exception& e) {
    EXPECT_EQ(e.code(), Code::kNotFound);
    EXPECT_NE(e.error().hint.find("rescue-0-1-42"), std::string::npos);
  }
}

TEST(RescueName, IsLegalForAVolume) {
  EXPECT_EQ(rescue_name_for("0-1-42"), "rescue-0-1-42");
  EXPECT_EQ(rescue_name_for("to-2026-11-28T22:40:00Z"), "rescue-to-2026-11-28T22_40_00Z");
  EXPECT_EQ(rescue_name_for(std::string(100, 'x')).size(), 64U);
}

}  // namespace
}  // namespace lifeboat::rescue
