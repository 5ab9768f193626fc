#include "rescue/drill_dropped.h"

#include <gtest/gtest.h>

namespace lifeboat::rescue {
namespace {

bool drops(const std::string& danger_class, const std::string& statement, const std::string& object,
           std::vector<std::string> objects = {}) {
  FoundDanger danger;
  danger.danger_class = danger_class;
  danger.statement = statement;
  danger.objects = std::move(objects);
  return may_be_dropped_by(object, danger);
}

TEST(DrillDropped, IsWhatAStatementOfItsKindNames) {
  EXPECT_TRUE(drops("drop_table", "DROP TABLE a, `orders`", "table shop.orders"));
  EXPECT_TRUE(drops("drop_table", "", "trigger shop.orders.stamp", {"shop.orders"})) << "it goes with its table";
  EXPECT_TRUE(drops("drop_database", "", "view shop.named", {"shop.*"}));
  EXPECT_TRUE(drops("drop_routine", "drop trigger shop.STAMP", "trigger shop.orders.stamp"));
  EXPECT_TRUE(drops("drop_routine", "DROP FUNCTION twice", "routine shop.twice (function)"));
  EXPECT_TRUE(drops("account", "DROP USER 'clerk'@'10.0.0.%'", "user clerk@10.0.0.%"));
  EXPECT_TRUE(drops("rename_table", "RENAME TABLE shop.old TO shop.new", "table shop.old", {"shop.old"}));
}

TEST(DrillDropped, IsNothingThatAStatementOnlyWritesTo) {
  EXPECT_FALSE(drops("delete_all", "DELETE FROM shop.orders", "table shop.orders", {"shop.orders"}));
  EXPECT_FALSE(drops("update_all", "UPDATE t SET who = 'clerk'", "user clerk@%", {"shop.t"}));
  EXPECT_FALSE(drops("truncate_table", "TRUNCATE shop.orders", "trigger shop.orders.stamp", {"shop.orders"}));
  EXPECT_FALSE(drops("drop_table", "DROP TABLE clerk", "user clerk@%", {"shop.clerk"})) << "of another kind";
}

TEST(DrillDropped, IsNothingWhoseNameIsAPartOfAnother) {
  EXPECT_FALSE(drops("drop_table", "DROP TABLE shop.orders_old", "table shop.orders"));
  EXPECT_FALSE(drops("drop_table", "DROP TABLE shop.border", "table shop.order"));
  EXPECT_FALSE(drops("drop_routine", "DROP TRIGGER stampö", "trigger shop.orders.stamp"));
  EXPECT_TRUE(drops("drop_table", "DROP TABLE orders_old, orders", "table shop.orders"));
  EXPECT_FALSE(drops("account", "DROP USER clerk", "user @localhost")) << "who has no name";
}

}  // namespace
}  // namespace lifeboat::rescue
