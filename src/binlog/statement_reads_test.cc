#include "binlog/statement_reads.h"

#include <gtest/gtest.h>

namespace lifeboat::binlog {
namespace {

std::string read_by(std::string_view text, std::string_view database = "app") {
  const std::vector<TableName> tables{{"shop", "orders"}, {"app", "visits"}, {"gone", "*"}};
  const auto found = table_read(text, {}, database, tables);
  return found ? found->text() : "";
}

TEST(StatementReads, WhatIsPutIntoATableReadsNothing) {
  EXPECT_EQ(read_by("INSERT INTO shop.orders VALUES (1, 'visits')"), "");
  EXPECT_EQ(read_by("INSERT LOW_PRIORITY visits (id) VALUES (1)"), "");
  EXPECT_EQ(read_by("insert into gone.t select 1"), "");
  EXPECT_EQ(read_by("INSERT INTO `shop`.`orders` SELECT * FROM app.other"), "");
}

TEST(StatementReads, WhatDependsOnTheRowsThatAreThereDoes) {
  EXPECT_EQ(read_by("INSERT IGNORE INTO shop.orders VALUES (1)"), "shop.orders");
  EXPECT_EQ(read_by("REPLACE shop.orders VALUES (1)"), "shop.orders");
  EXPECT_EQ(read_by("INSERT INTO visits VALUES (1) ON DUPLICATE KEY UPDATE n = n + 1"), "app.visits");
  EXPECT_EQ(read_by("UPDATE shop.orders SET note = 'x' WHERE id = 1"), "shop.orders");
  EXPECT_EQ(read_by("DELETE FROM Visits WHERE id = 1"), "app.visits");
}

TEST(StatementReads, WhatIsReadForAnotherTableDoes) {
  EXPECT_EQ(read_by("INSERT INTO totals SELECT SUM(amount) FROM `shop` . `orders`"), "shop.orders");
  EXPECT_EQ(read_by("UPDATE app.t SET a = (SELECT MAX(n) FROM other, visits)"), "app.visits");
  EXPECT_EQ(read_by("WITH v AS (SELECT * FROM visits) DELETE t FROM t JOIN v"), "app.visits");
  EXPECT_EQ(read_by("CREATE TABLE t AS SELECT * FROM visits"), "app.visits");
  EXPECT_EQ(read_by("CREATE TABLE shop.orders (id INT)"), "");
}

TEST(StatementReads, NamesOfOtherDatabasesAreOthers) {
  EXPECT_EQ(read_by("UPDATE orders SET a = 1"), "");
  EXPECT_EQ(read_by("UPDATE orders SET a = 1", "shop"), "shop.orders");
  EXPECT_EQ(read_by("DELETE FROM visits", "shop"), "");
  EXPECT_EQ(read_by("DROP TABLE shop.orders"), "");
}

TEST(StatementReads, WholeDatabasesAreMetWhereTablesStand) {
  EXPECT_EQ(read_by("UPDATE t SET a = 1", "gone"), "gone.*");
  EXPECT_EQ(read_by("DELETE FROM t", "gone"), "gone.*");
  EXPECT_EQ(read_by("UPDATE app.t SET a = b", "gone"), "");
  EXPECT_EQ(read_by("INSERT INTO app.t SELECT a FROM gone.x"), "gone.*");
}

TEST(StatementReads, WhatCannotBeReadMayReadAnything) {
  EXPECT_EQ(read_by("UPDATE t SET a = 'open"), "shop.orders");
}

}  // namespace
}  // namespace lifeboat::binlog
