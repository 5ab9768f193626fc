#include "relay/replica_rules.h"

#include <gtest/gtest.h>

#include "base/error.h"

namespace lifeboat::relay {
namespace {

using std::chrono::hours;
using std::chrono::minutes;

TEST(ReplicaRules, AllLinesThatFitCountTogether) {
  const RuleSet rules = RuleSet::parse(
      "# comment\n"
      "*            skip        0-1-77\n"
      "user:reports delay       1h   # one hour\n"
      "user:reports delay       5m\n"
      "id:12        hold\n"
      "\n"
      "id:12\tskip 0-1-90,1-1-3\r\n"
      "id:13        stop-after  0-1-500");
  const ReplicaRules twelve = rules.of({.user = "reports", .server_id = 12});
  EXPECT_TRUE(twelve.hold);
  EXPECT_EQ(twelve.delay, hours(1));
  EXPECT_EQ(twelve.skip.size(), 3U);
  EXPECT_FALSE(twelve.stop_after);
  const ReplicaRules thirteen = rules.of({.user = "repl", .server_id = 13});
  EXPECT_FALSE(thirteen.hold);
  EXPECT_EQ(thirteen.delay, minutes(0));
  EXPECT_EQ(thirteen.skip.size(), 1U);
  EXPECT_EQ(thirteen.stop_after, binlog::parse_gtid("0-1-500"));
}

TEST(ReplicaRules, WrongLinesAreNamed) {
  for (const char* text : {"*", "* holt", "bob hold", "id:x hold", "id: hold", "* delay", "* delay soon", "* skip 0-1",
                           "* hold now", "user: hold", "* stop-after 1"}) {
    try {
      RuleSet::parse(std::string("\n") + text);
      ADD_FAILURE() << text;
    } catch (const Exception& exception) {
      EXPECT_EQ(exception.code(), Code::kUsage) << text;
      EXPECT_TRUE(exception.error().text().contains("line 2")) << exception.what();
    }
  }
}

TEST(ReplicaRules, NoNameIsNoRulesButANamedFileMustBeThere) {
  const TempDir dir;
  EXPECT_FALSE(RuleBook({}).of({}).hold);
  EXPECT_THROW(RuleBook(dir.path() / "none"), Exception);
}

TEST(ReplicaRules, AHoldStaysWhenItsFileIsLost) {
  const TempDir dir;
  write_file_durably(dir.path() / "rules", as_bytes("* hold\n"));
  RuleBook book(dir.path() / "rules", std::chrono::milliseconds(0));
  std::filesystem::remove(dir.path() / "rules");
  EXPECT_TRUE(book.of({}).hold);
  write_file_durably(dir.path() / "rules", as_bytes(""));
  EXPECT_FALSE(book.of({}).hold);
}

TEST(ReplicaRules, AWrongFileIsRefusedAtTheStart) {
  const TempDir dir;
  write_file_durably(dir.path() / "rules", as_bytes("* holt\n"));
  EXPECT_THROW(RuleBook(dir.path() / "rules"), Exception);
}

}  // namespace
}  // namespace lifeboat::relay
