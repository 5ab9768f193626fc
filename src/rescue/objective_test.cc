#include "rescue/objective.h"

#include <gtest/gtest.h>

#include "base/error.h"

namespace lifeboat::rescue {
namespace {

using std::chrono::milliseconds;

TEST(Objective, IsReadBesideOtherTables) {
  const Objective objective = parse_objective(
      "[[guard.rule]]\nthen = 'allow'\n[objective]\nback_within = \"30m\"\nlose_at_most = \"5s\"\n", "lifeboat.toml");
  EXPECT_EQ(objective.back_within, milliseconds(1'800'000));
  EXPECT_EQ(objective.lose_at_most, milliseconds(5'000));
}

TEST(Objective, IsNoneWhereNoneIsWritten) {
  EXPECT_EQ(parse_objective("", "lifeboat.toml"), Objective());
  EXPECT_EQ(parse_objective("[objective]\n", "lifeboat.toml"), Objective());
}

TEST(Objective, ThatMakesNoSenseIsNamed) {
  for (const char* text : {"[objectiv]\nback_within = \"30m\"\n", "[objective]\nback_withn = \"30m\"\n",
                           "[objective]\nback_within = \"soon\"\n"}) {
    try {
      static_cast<void>(parse_objective(text, "lifeboat.toml"));
      ADD_FAILURE() << text;
    } catch (const Exception& e) {
      EXPECT_EQ(e.code(), Code::kUsage);
      EXPECT_NE(e.error().message.find("lifeboat.toml"), std::string::npos) << e.error().message;
    }
  }
}

}  // namespace
}  // namespace lifeboat::rescue
