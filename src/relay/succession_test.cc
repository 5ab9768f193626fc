// Who took whose place is known to everybody who asks, and can be taken back.

#include "relay/succession.h"

#include <gtest/gtest.h>

#include <thread>

#include "base/error.h"

namespace lifeboat::relay {
namespace {

class SuccessionTest : public ::testing::Test {
 protected:
  void step(const std::string& by, const std::string& source, std::vector<std::string> retired, bool moved = false) {
    succeed(directory_.path(), {.source = SourceAddress::parse(source),
                                .like = SourceAddress::parse("mysql://r@db1:3306"),
                                .listen = "127.0.0.1:4000",
                                .retired = std::move(retired),
                                .moved = moved,
                                .by = by});
  }
  Succession read() const { return read_succession(directory_.path()); }

  TempDir directory_;
};

TEST_F(SuccessionTest, IsEmptyWhereNothingWasReplaced) {
  EXPECT_EQ(read(), Succession());
}

TEST_F(SuccessionTest, RetiresEachSourceForTheStepThatReplacedIt) {
  step("rescue-1", "mysql://r@127.0.0.1:5000", {"db1-3306", "db2-3306"});
  step("rescue-2", "mysql://r@127.0.0.1:6000", {"127.0.0.1-5000", "db2-3306"}, true);
  ASSERT_EQ(read().successors.size(), 2U);
  EXPECT_EQ(read().successors.front().source.text(), "mysql://r@127.0.0.1:5000");
  EXPECT_EQ(read().find_retired("db2-3306")->by, "rescue-1");
  EXPECT_FALSE(read().find_retired("db1-3306")->moved);
  EXPECT_TRUE(read().find_retired("127.0.0.1-5000")->moved);
  EXPECT_EQ(read().find_retired("127.0.0.1-6000"), nullptr);
}

TEST_F(SuccessionTest, IsTheSameAfterARepetition) {
  step("rescue-1", "mysql://r@127.0.0.1:5000", {"db1-3306"});
  const Succession once = read();
  step("rescue-1", "mysql://r@127.0.0.1:5000", {"db1-3306"});
  EXPECT_EQ(read(), once);
}

TEST_F(SuccessionTest, KeepsWhatWasRetiredWhenItIsRepeatedWithLess) {
  step("rescue-1", "mysql://r@127.0.0.1:5000", {"db1-3306", "db2-3306"});
  step("rescue-1", "mysql://r@127.0.0.1:5000", {"db1-3306"});
  EXPECT_NE(read().find_retired("db2-3306"), nullptr);
}

TEST_F(SuccessionTest, FollowsAServerToItsNewAddress) {
  step("rescue-1", "mysql://r@127.0.0.1:5000", {"db1-3306"});
  step("rescue-1", "mysql://r@127.0.0.1:5001", {"db1-3306"});
  ASSERT_EQ(read().successors.size(), 1U);
  EXPECT_EQ(read().successors.front().source.text(), "mysql://r@127.0.0.1:5001");
  ASSERT_NE(read().find_retired("127.0.0.1-5000"), nullptr);
  EXPECT_TRUE(read().find_retired("127.0.0.1-5000")->moved) << "it is the same server";
  step("rescue-1", "mysql://r@127.0.0.1:5000", {"db1-3306"});
  EXPECT_EQ(read().find_retired("127.0.0.1-5000"), nullptr);
  EXPECT_NE(read().find_retired("127.0.0.1-5001"), nullptr);
}

TEST_F(SuccessionTest, CountsAnAddressThatProductionCameBackTo) {
  step("move-there", "mysql://r@127.0.0.1:5000", {"db1-3306"}, true);
  step("move-back", "mysql://r@db1:3306", {"127.0.0.1-5000"}, true);
  EXPECT_EQ(read().find_retired("db1-3306"), nullptr);
  EXPECT_NE(read().find_retired("127.0.0.1-5000"), nullptr);
  step("move-there", "mysql://r@127.0.0.1:5000", {"db1-3306"}, true);
  EXPECT_NE(read().find_retired("db1-3306"), nullptr);
  EXPECT_EQ(read().find_retired("127.0.0.1-5000"), nullptr);
}

TEST_F(SuccessionTest, RetiresWhoHadReplacedTheSameSource) {
  step("rescue-1", "mysql://r@127.0.0.1:5000", {"db1-3306"});
  step("rescue-2", "mysql://r@127.0.0.1:6000", {"db1-3306"});
  ASSERT_NE(read().find_retired("127.0.0.1-5000"), nullptr);
  EXPECT_EQ(read().find_retired("127.0.0.1-5000")->by, "rescue-2");
  take_back(directory_.path(), "rescue-2");
  EXPECT_EQ(read().find_retired("127.0.0.1-5000"), nullptr);
}

TEST_F(SuccessionTest, LosesNoStepOfTwoAtOnce) {
  std::vector<std::jthread> both;
  for (const std::string name : {"one", "other"}) {
    both.emplace_back([this, name] {
      for (int i = 0; i < 20; ++i) {
        succeed(directory_.path(), {.source = SourceAddress::parse(format("mysql://r@{}-{}:1", name, i)),
                                    .like = SourceAddress::parse(format("mysql://r@was-{}-{}:1", name, i)),
                                    .listen = {},
                                    .retired = {},
                                    .by = format("{}-{}", name, i)});
      }
    });
  }
  both.clear();
  EXPECT_EQ(read().successors.size(), 40U);
}

TEST_F(SuccessionTest, IsTakenBackStepByStep) {
  step("rescue-1", "mysql://r@127.0.0.1:5000", {"db1-3306"});
  const Succession once = read();
  step("rescue-2", "mysql://r@127.0.0.1:6000", {"127.0.0.1-5000"});
  take_back(directory_.path(), "rescue-2");
  EXPECT_EQ(read().successors, once.successors);
  EXPECT_EQ(read().find_retired("127.0.0.1-5000"), nullptr);
  EXPECT_NE(read().find_retired("127.0.0.1-6000"), nullptr) << "its log is of nobody any more";
  take_back(directory_.path(), "rescue-2");
  take_back(directory_.path(), "rescue-1");
  EXPECT_TRUE(read().successors.empty());
  EXPECT_EQ(read().find_retired("db1-3306"), nullptr);
  step("rescue-1", "mysql://r@127.0.0.1:5000", {"db1-3306"});
  EXPECT_EQ(read().find_retired("127.0.0.1-5000"), nullptr) << "it is in place again";
}

TEST_F(SuccessionTest, SaysWhatToDoAboutAFileThatMakesNoSense) {
  write_file_durably(directory_.path() / "succession.json", as_bytes(R"({"successors": 3, "retired": []})"));
  try {
    static_cast<void>(read());
    FAIL();
  } catch (const Exception& e) {
    EXPECT_EQ(e.code(), Code::kCorruption);
    EXPECT_NE(e.error().hint.find("--source"), std::string::npos);
  }
}

}  // namespace
}  // namespace lifeboat::relay
