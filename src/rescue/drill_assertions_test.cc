#include "rescue/drill_assertions.h"

#include <gtest/gtest.h>

#include "base/error.h"

namespace lifeboat::rescue {
namespace {

TEST(DrillAssertions, AreQueriesWithTheRowsThatTheyMustGive) {
  const auto found = parse_assertions(
      "-- the orders are there\nSELECT COUNT(*) > 1000\n  FROM shop.orders;\n--> 1\n\nSELECT a, b FROM t ORDER BY a;\n"
      "--> 1\tx\n--> 2\tNULL\n",
      "checks.sql");
  ASSERT_EQ(found.size(), 2U);
  EXPECT_EQ(found[0].name, "the orders are there");
  EXPECT_EQ(found[0].line, 2U);
  EXPECT_EQ(found[0].sql, "SELECT COUNT(*) > 1000\nFROM shop.orders");
  EXPECT_EQ(found[0].rows, std::vector<std::string>{"1"});
  EXPECT_EQ(found[1].name, "");
  EXPECT_EQ(found[1].rows, (std::vector<std::string>{"1\tx", "2\tNULL"}));
}

TEST(DrillAssertions, ThatMakeNoSenseAreNamedByTheirLine) {
  const std::pair<const char*, const char*> kWrong[] = {{"SELECT 1\n", "line 1"},
                                                        {"SELECT 1;\n", "line 1"},
                                                        {"\nSELECT 1;\nSELECT 2;\n--> 2\n", "line 2"},
                                                        {"--> 1\n", "line 1"},
                                                        {"SELECT 1\n--> 1\n", "line 2"}};
  for (const auto& [text, line] : kWrong) {
    try {
      static_cast<void>(parse_assertions(text, "checks.sql"));
      ADD_FAILURE() << text;
    } catch (const Exception& e) {
      EXPECT_EQ(e.code(), Code::kUsage);
      EXPECT_NE(e.error().message.find(format("checks.sql {}", line)), std::string::npos) << e.error().message;
    }
  }
}

TEST(DrillAssertions, OfAnEmptyFileAreNone) {
  EXPECT_TRUE(parse_assertions("", "checks.sql").empty());
}

}  // namespace
}  // namespace lifeboat::rescue
