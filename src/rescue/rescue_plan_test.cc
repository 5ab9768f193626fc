// What a rescue plans, by a kept log, images that say where they lie, and the record of the relay's guard.

#include "rescue/rescue_plan.h"

#include <gtest/gtest.h>

#include "relay/hold_book.h"
#include "relay/serving_testing.h"
#include "vault/image_testing.h"
#include "vault/image_writer.h"

namespace lifeboat::rescue {
namespace {

using relay::testing::LogBuilder;
using Texts = std::vector<std::string>;

constexpr std::uint64_t kLastDrop = 260;

class RescuePlanTest : public ::testing::Test {
 protected:
  /// As the relay keeps it; from 0-1-4 on there are more dangers of one class than are looked at.
  RescuePlanTest() {
    write("bin.000002",
          LogBuilder({{0, 1, 2}}).group({0, 1, 3}).group({0, 1, 4}, "DROP TABLE shop.old").rotate("bin.000003"));
    LogBuilder drops({{0, 1, 4}});
    for (std::uint64_t n = 5; n <= kLastDrop; ++n) drops.group({0, 1, n}, format("DROP TABLE shop.t{}", n));
    write("bin.000003", drops);
  }
  Path relay_directory() const { return directory_.path() / "relay"; }
  Path incarnation() const { return relay_directory() / "db1-3306" / "000001"; }
  void write(const std::string& name, const LogBuilder& content) const {
    make_directories(incarnation());
    write_file_durably(incarnation() / name, content.bytes());
  }
  std::string hold_at_guard(const std::string& gtid, const std::string& file) const {
    relay::HoldSubject subject;
    subject.source = "db1-3306";
    subject.incarnation = "000001";
    subject.file = file;
    subject.gtid = gtid;
    subject.id = relay::hold_id(subject);
    relay::HoldBook(relay_directory()).begin(subject, "id:2");
    return subject.id;
  }
  void skip_at_guard(const std::string& gtid, const std::string& file) const {
    const std::string id = hold_at_guard(gtid, file);
    relay::HoldBook book(relay_directory());
    book.skip({.id = id}, "test");
  }
  vault::ImageName make_image(std::string_view gtid, const std::string& source = {}) {
    vault::ImageInfo info{.origin = "test"};
    info.time = from_unix_ms(1'700'000'100'000);
    set_position(info, {.gtid = binlog::GtidPosition::parse(gtid), .source = source, .taken = info.time});
    return vault::ImageWriter(*vault_, nullptr).publish(std::move(info), false).name;
  }
  RescuePicture plan(const Path& log_directory, const Path& guard_directory, const std::string& image = {}) {
    return plan(log_directory, guard_directory, {.skip = {format("0-1-{}", kLastDrop)}, .image = image});
  }
  RescuePicture plan(const Path& log_directory, const Path& guard_directory, const RescueOrder& order) {
    RescueLog log(log_directory);
    return plan_rescue({.log = log,
                        .relay_directory = relay_directory(),
                        .guard_directory = guard_directory,
                        .vault = *vault_,
                        .standbys = {}},
                       order);
  }
  RescuePicture plan() { return plan(incarnation(), relay_directory()); }

  TempDir directory_;
  vault::CacheInTempDir cache_;
  vault::TestVault vault_;
};

TEST_F(RescuePlanTest, WhatTheGuardSkippedStaysOutHoweverMuchCameSince) {
  make_image("0-1-2");
  skip_at_guard("0-1-4", "bin.000002");
  const RescueRecord record = plan().record;
  EXPECT_EQ(record.skip, (Texts{"0-1-260", "0-1-4"}));
  EXPECT_EQ(record.skipped_before, Texts{"0-1-4"});
  EXPECT_EQ(record.guard, relay_directory());
}

TEST_F(RescuePlanTest, WhatTheGuardSkippedIsFoundForACopyOfTheLog) {
  make_image("0-1-2");
  skip_at_guard("0-1-4", "bin.000002");
  const Path copy = directory_.path() / "copy" / "db1-3306" / "000001";
  make_directories(copy.parent_path());
  std::filesystem::copy(incarnation(), copy);
  EXPECT_EQ(plan(copy, relay_directory()).record.skipped_before, Texts{"0-1-4"});
  const RescueRecord unasked = plan(copy, {}).record;
  EXPECT_EQ(unasked.skip, Texts{"0-1-260"});
  EXPECT_TRUE(unasked.guard.empty()) << "nobody could say what was skipped";
}

TEST_F(RescuePlanTest, WhatTheImageHasIsNotLeftOut) {
  make_image("0-1-4");
  skip_at_guard("0-1-4", "bin.000002");
  EXPECT_EQ(plan().record.skip, Texts{"0-1-260"});
}

TEST_F(RescuePlanTest, AnImageBehindWhichTheVaultAloneHasWhatWasSkippedWillNotDo) {
  make_image("0-1-2");
  skip_at_guard("0-1-4", "bin.000002");
  std::filesystem::remove(incarnation() / "bin.000002");
  try {
    plan();
    FAIL() << "it would be replayed";
  } catch (const Exception& e) {
    EXPECT_EQ(e.code(), Code::kNotFound);
    EXPECT_NE(e.error().message.find("0-1-4"), std::string::npos) << e.what();
    EXPECT_NE(e.error().message.find("--standalone --dir"), std::string::npos) << e.what();
  }
  const vault::ImageName later = make_image("0-1-5");
  EXPECT_EQ(plan().record.images, Texts{later});
}

TEST_F(RescuePlanTest, WhatLiesBehindTheMomentIsToldAsGivenUpByChoice) {
  make_image("0-1-2");
  const RescuePicture picture = plan(incarnation(), {}, RescueOrder{.to = "0-1-10"});
  EXPECT_NE(picture.record.rest.find("after 0-1-10: 250 transactions"), std::string::npos) << picture.record.rest;
  EXPECT_EQ(picture.ways.front().loss, picture.record.rest);
  EXPECT_EQ(picture.record.loss, "") << "it is no loss that has to be accepted";
  EXPECT_EQ(plan(incarnation(), {}, RescueOrder{.to = "0-1-260"}).record.rest, "");
  EXPECT_EQ(plan().record.rest, "");
}

TEST_F(RescuePlanTest, OfTheVaultAloneNamesCommandsThatGoByItAlone) {
  make_image("0-1-2");
  const RescuePicture picture = plan(incarnation(), {}, RescueOrder{.to = "0-1-10", .standalone = true});
  int commands = 0;
  for (const RescueWay& way : picture.ways) {
    if (!way.command.starts_with("lifeboat rescue")) continue;
    EXPECT_TRUE(way.command.starts_with("lifeboat rescue --standalone")) << way.command;
    ++commands;
  }
  EXPECT_EQ(commands, 3);
}

TEST_F(RescuePlanTest, WhatLiesBehindAMomentIsCountedInEachDomain) {
  const Path log = directory_.path() / "two" / "db1-3306" / "000001";
  make_directories(log);
  const LogBuilder content =
      LogBuilder({}).group({0, 1, 1}).group({7, 1, 1}).group({0, 1, 2}).group({7, 1, 2}, "DO 0", 1'700'000'100);
  write_file_durably(log / "bin.000001", content.bytes());
  const RescueLog::Rest rest = RescueLog(log).rest_behind(binlog::GtidPosition::parse("0-1-2,7-1-1"));
  EXPECT_EQ(rest.transactions, 1U);
  EXPECT_EQ(rest.first, from_unix_ms(1'700'000'100'000));
  EXPECT_EQ(RescueLog(log).rest_behind(binlog::GtidPosition::parse("0-1-1")).transactions, 3U);
}

TEST_F(RescuePlanTest, ARehearsalLeavesOutWhatTheGuardHoldsAndNothingElse) {
  make_image("0-1-2");
  const RescueOrder rehearsal{.way = "image", .rehearsal = true};
  EXPECT_EQ(plan(incarnation(), relay_directory(), rehearsal).record.skip, Texts());
  hold_at_guard("0-1-259", "bin.000003");
  EXPECT_EQ(plan(incarnation(), relay_directory(), rehearsal).record.skip, Texts{"0-1-259"});
}

TEST_F(RescuePlanTest, ARehearsalUpToAMomentReplaysNothingOfWhatTheGuardHoldsBehindIt) {
  make_image("0-1-2");
  hold_at_guard("0-1-199", "bin.000003");
  hold_at_guard("0-1-259", "bin.000003");
  const RescueOrder rehearsal{.to = "0-1-200", .way = "image", .rehearsal = true};
  EXPECT_EQ(plan(incarnation(), relay_directory(), rehearsal).record.skip, Texts{"0-1-199"});
  const RescueOrder named{.to = "0-1-200", .skip = {"0-1-259"}, .way = "image"};
  EXPECT_THROW(plan(incarnation(), relay_directory(), named), Exception) << "that is a contradiction";
}

TEST_F(RescuePlanTest, AnImageOfAnotherServerIsNotTakenUnlessItIsNamed) {
  const vault::ImageName ours = make_image("0-1-2", "db1:3306");
  const vault::ImageName theirs = make_image("0-1-3", "db9:3306");
  const RescuePicture picture = plan();
  EXPECT_EQ(picture.record.images, Texts{ours});
  ASSERT_EQ(picture.images.front().info.name, theirs);
  EXPECT_TRUE(picture.images.front().foreign);
  EXPECT_NE(picture.images.front().why_not.find("it is of db9:3306, and this log of db1-3306"), std::string::npos)
      << picture.images.front().why_not;
  EXPECT_EQ(plan(incarnation(), {}, theirs).record.images, Texts{theirs});
  EXPECT_THROW(plan(incarnation(), {}, "latest"), Exception) << "that names nothing";
}

}  // namespace
}  // namespace lifeboat::rescue
