#include "vault/table_name.h"

#include <gtest/gtest.h>

namespace lifeboat::vault {
namespace {

TEST(TableName, IsReadFromTheFilesPath) {
  EXPECT_EQ(table_of_path("shop/orders.ibd"), "shop/orders");
  EXPECT_EQ(table_of_path("shop/orders.frm"), "shop/orders");
  EXPECT_EQ(table_of_path("data/shop/orders.MYD"), "shop/orders");
  EXPECT_EQ(table_of_path("shop/orders#P#p2026.ibd"), "shop/orders");
  EXPECT_EQ(table_of_path("shop/orders#p#p0#sp#s1.ibd"), "shop/orders");
  EXPECT_EQ(table_of_path("my@002dshop/caf@00e9.ibd"), "my-shop/café");
  EXPECT_EQ(table_of_path("shop/a@b.ibd"), "shop/a@b");
}

TEST(TableName, IsEmptyForFilesOfNoTable) {
  for (const char* path : {"ibdata1", "undo001", "ib_logfile0", "shop/db.opt", "shop/#sql-1.ibd", "orders.ibd", ""}) {
    EXPECT_EQ(table_of_path(path), "") << path;
  }
}

}  // namespace
}  // namespace lifeboat::vault
