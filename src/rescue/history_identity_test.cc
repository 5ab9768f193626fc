// Two servers, and one before and after a RESET MASTER, give the same GTIDs: what tells them apart.

#include "rescue/history_identity.h"

#include <gtest/gtest.h>

#include "base/error.h"
#include "relay/serving_testing.h"
#include "relay/succession.h"
#include "rescue/log_choice.h"

namespace lifeboat::rescue {
namespace {

using relay::testing::kGroupTime;
using relay::testing::LogBuilder;

constexpr std::uint32_t kMadeAt = 1'700'000'000;

SystemTime at(std::uint32_t seconds) {
  return from_unix_ms(std::int64_t{seconds} * 1000);
}

bool tells(const std::string& said, std::string_view words) {
  return said.find(words) != std::string::npos;
}

class HistoryIdentityTest : public ::testing::Test {
 protected:
  HistoryIdentityTest() { keep("db1-3306", 1, 5); }

  /// The log of a source, up to that transaction.
  void keep(const std::string& source, std::uint32_t server, std::uint64_t last, std::uint32_t made_at = kMadeAt) {
    LogBuilder log({}, made_at, server);
    for (std::uint64_t n = 1; n <= last; ++n)
      log.group({0, server, n}, "DO 0", kGroupTime + 3600U * static_cast<std::uint32_t>(n));
    const Path path = relay_directory() / source / "000001";
    make_directories(path);
    write_file_durably(path / "bin.000001", log.bytes());
    sizes_.push_back(log.size());
  }
  Path relay_directory() const { return directory_.path() / "relay"; }
  Path incarnation(const std::string& source = "db1-3306") const { return relay_directory() / source / "000001"; }
  std::string another_source(const std::string& source) {
    RescueLog log(incarnation());
    return HistoryIdentity(log).another_source(source);
  }
  std::string later(std::string_view position, std::uint32_t seconds) {
    RescueLog log(incarnation());
    return HistoryIdentity(log).later(binlog::GtidPosition::parse(position), at(seconds));
  }
  std::string another_place(const ImagePosition& position) {
    RescueLog log(incarnation());
    return HistoryIdentity(log).another_place(position);
  }

  TempDir directory_;
  std::vector<std::size_t> sizes_;
};

TEST_F(HistoryIdentityTest, OfAnotherSourceIsWhatTheRelayKeepsNoLogOf) {
  EXPECT_EQ(another_source(""), "");
  EXPECT_EQ(another_source("db1:3306"), "");
  EXPECT_EQ(another_source("db9:3306"), "it is of db9:3306, and this log of db1-3306");
}

TEST_F(HistoryIdentityTest, OfOneHistoryAreSourcesThatGiveNumbersOfTheirOwn) {
  keep("db2-3306", 2, 3);
  EXPECT_EQ(another_source("db2:3306"), "") << "a ring: GTIDs tell";
  keep("db3-3306", 1, 3, kMadeAt + 1);
  EXPECT_NE(another_source("db3:3306"), "") << "another server with the same server_id";
  keep("alias-3306", 1, 3);
  EXPECT_EQ(another_source("alias:3306"), "") << "the same server by another name";
}

TEST_F(HistoryIdentityTest, OneLogHasAllOfAnotherOnlyWhereItWasReplicated) {
  const auto has_all = [&](const std::string& one, const std::string& other) {
    return log_has_all_of(relay_directory(), one, other, std::chrono::milliseconds(0));
  };
  keep("alias-3306", 1, 3);
  EXPECT_TRUE(has_all("db1-3306", "alias-3306"));
  EXPECT_FALSE(has_all("alias-3306", "db1-3306"));
  keep("db2-3306", 2, 3);
  EXPECT_FALSE(has_all("db1-3306", "db2-3306")) << "numbers of its own are another history until they are found here";
  keep("empty-3306", 3, 0);
  EXPECT_FALSE(has_all("db1-3306", "empty-3306")) << "of nothing, nothing is known";
  EXPECT_FALSE(has_all("db1-3306", "none-3306"));
}

TEST_F(HistoryIdentityTest, OfASourceThatWasReplacedIsWhatMayHoldTheMistake) {
  keep("db2-3306", 2, 3);
  relay::SuccessionStep step{.source = relay::SourceAddress::parse("mysql://r@db1:3306"),
                             .like = relay::SourceAddress::parse("mysql://r@db2:3306"),
                             .listen = {},
                             .retired = {"db2-3306"},
                             .by = "rescue-1"};
  succeed(relay_directory(), step);
  EXPECT_NE(another_source("db2:3306").find("rescue-1"), std::string::npos);
  step.moved = true;
  succeed(relay_directory(), step);
  EXPECT_EQ(another_source("db2:3306"), "") << "its very history";
}

TEST_F(HistoryIdentityTest, NobodyHadATransactionBeforeItWas) {
  const std::uint32_t third = kGroupTime + 3 * 3600;
  EXPECT_EQ(later("0-1-3", third), "");
  EXPECT_EQ(later("0-1-3", third - 300), "") << "clocks differ";
  EXPECT_TRUE(tells(later("0-1-3", third - 1200), "RESET MASTER"));
  EXPECT_EQ(later("0-1-99,7-1-1", 1), "") << "of what is not there nothing is known";
}

TEST_F(HistoryIdentityTest, WhatWasTakenAtAPlaceHasWhatTheLogHasThere) {
  const ImagePosition right{
      .gtid = binlog::GtidPosition::parse("0-1-5"), .file = "bin.000001", .position = sizes_[0], .source = "db1:3306"};
  EXPECT_EQ(another_place(right), "");
  ImagePosition other = right;
  other.gtid = binlog::GtidPosition::parse("0-1-4");
  EXPECT_TRUE(tells(another_place(other), "this log has 0-1-5"));
  other.source = "db2:3306";
  EXPECT_EQ(another_place(other), "") << "its files are others";
  other = right;
  other.file = "bin.000007";
  EXPECT_EQ(another_place(other), "") << "it is not on this disk";
}

TEST_F(HistoryIdentityTest, ADataDirectoryHasTheLogsFilesIfItHasOfThatName) {
  const RescueLog log(incarnation());
  const TempDir data;
  EXPECT_EQ(other_files(log, data.path(), at(kMadeAt + 10)), "");
  write_file_durably(data.path() / "bin.000001", read_file(incarnation() / "bin.000001"));
  EXPECT_EQ(other_files(log, data.path(), at(kMadeAt + 10)), "");
  write_file_durably(data.path() / "bin.000001", LogBuilder({}, kMadeAt + 5).bytes());
  EXPECT_TRUE(tells(other_files(log, data.path(), at(kMadeAt + 10)), "bin.000001"));
  EXPECT_EQ(other_files(log, data.path(), at(kMadeAt)), "") << "begun since it was booted";
  write_file_durably(data.path() / "bin.000001", LogBuilder({}, kMadeAt + 5, 2).bytes());
  EXPECT_EQ(other_files(log, data.path(), at(kMadeAt + 10)), "") << "a replica has files of its own";
}

TEST_F(HistoryIdentityTest, OfTwoServersWithOneServerIdNeitherHoldsWhatTheOtherDoes) {
  keep("db2-3306", 2, 0);
  EXPECT_EQ(choose_incarnation(relay_directory(), "", ""), incarnation());
  keep("db3-3306", 1, 3, kMadeAt + 1);
  try {
    choose_incarnation(relay_directory(), "", "");
    FAIL() << "one of two histories was chosen";
  } catch (const Exception& e) {
    EXPECT_EQ(e.code(), Code::kUsage);
    EXPECT_TRUE(tells(e.error().hint, "--source")) << e.error().hint;
  }
}

}  // namespace
}  // namespace lifeboat::rescue
