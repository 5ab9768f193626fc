#include "binlog/statement_shape.h"

#include <gtest/gtest.h>

namespace lifeboat::binlog {
namespace {

TEST(StatementShape, IsTheSameWhateverTheValues) {
  const std::string shape = "DELETE FROM shop . log WHERE day < ? LIMIT ?";
  EXPECT_EQ(statement_shape("DELETE FROM shop.log WHERE day < '2026-10-01' LIMIT 1000"), shape);
  EXPECT_EQ(statement_shape("DELETE /* run 7 */ FROM shop.log\n WHERE day < 20261002 LIMIT 20"), shape);
}

TEST(StatementShape, TakesAListForOneValue) {
  EXPECT_EQ(statement_shape("DELETE FROM log WHERE id IN (1, 2, 3)"), "DELETE FROM log WHERE id IN ( ? )");
  EXPECT_EQ(statement_shape("DELETE FROM log WHERE id IN ('a')"), "DELETE FROM log WHERE id IN ( ? )");
}

TEST(StatementShape, TellsOtherTablesAndConditionsApart) {
  EXPECT_NE(statement_shape("DELETE FROM log WHERE id < 5"), statement_shape("DELETE FROM log WHERE id > 5"));
  EXPECT_NE(statement_shape("DELETE FROM log WHERE id < 5"), statement_shape("DELETE FROM orders WHERE id < 5"));
  EXPECT_NE(statement_shape("DELETE FROM log WHERE id < 5"), statement_shape("DELETE FROM log"));
}

TEST(StatementShape, OfACutListIsTheSameWhereverItWasCut) {
  const std::string_view text = "DELETE FROM log WHERE id IN (101, 102, 103)";
  const std::size_t list = text.find("101");
  for (std::size_t size = list + 1; size < text.size(); ++size) {
    EXPECT_EQ(statement_shape(text.substr(0, size)), "DELETE FROM log WHERE id IN ( ?") << size;
  }
}

TEST(StatementShape, TakesAnyBytes) {
  EXPECT_EQ(statement_shape(""), "");
  EXPECT_EQ(statement_shape("DELETE FROM log WHERE a = 'open"), "DELETE FROM log WHERE a =");
}

}  // namespace
}  // namespace lifeboat::binlog
