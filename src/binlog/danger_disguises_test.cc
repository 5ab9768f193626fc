// Statements that look bounded, false or harmless, and that a server reads otherwise: tests/danger/ has them labelled
// by one.

#include "base/format.h"
#include "binlog/danger_testing.h"

namespace lifeboat::binlog {
namespace {

TEST(DangerDisguises, BlanksAreTheCharacterSets) {
  const auto latin1 = [](std::string_view text) { return Classifier(kStrict, Charset::kLatin1)(text); };
  EXPECT_EQ(latin1("SET STATEMENT\xA0max_statement_time=1 FOR DROP DATABASE shop"), "drop_database shop.*");
  EXPECT_EQ(latin1("DROP\xA0TABLE\xA0t"), "drop_table shop.t");
  EXPECT_EQ(latin1("DELETE FROM t --\xA0LIMIT 5"), "delete_all shop.t");
  EXPECT_EQ(latin1("DELETE FROM t WHERE id = @x\xA0OR 1"), "delete_all shop.t");
  EXPECT_EQ(latin1("DELETE FROM b\xFC"
                   "cher WHERE id = 5"),
            "");
  for (const Charset charset : {Charset::kSingleByte, Charset::kSwe7}) {
    const auto single = [&](std::string_view text) { return Classifier(kStrict, charset)(text); };
    EXPECT_EQ(single("SET STATEMENT\xFFmax_statement_time=1 FOR DROP DATABASE shop"), "unknown; unknown");
    EXPECT_EQ(single("DELETE FROM t --\x80LIMIT 5"), "delete_all shop.t; unknown");
    EXPECT_EQ(single("INSERT INTO t VALUES ('caf\xE9') /* \xFF */"), "");
  }
  EXPECT_EQ(Classifier(kStrict, Charset::kSwe7)("DELETE FROM t WHERE a[b = 5"), "delete_range shop.t; unknown");
  EXPECT_EQ(charset_of_collation(8), Charset::kLatin1);
  EXPECT_EQ(charset_of_collation(1024 + 47), Charset::kLatin1);
  EXPECT_EQ(charset_of_collation(51), Charset::kSingleByte);
  EXPECT_EQ(charset_of_collation(10), Charset::kSwe7);
  for (const unsigned plain : {0U, 11U, 33U, 45U, 63U, 65U, 224U, 255U, 2304U}) {
    EXPECT_EQ(charset_of_collation(plain), Charset::kPlain) << plain;
  }
}

}  // namespace
}  // namespace lifeboat::binlog
