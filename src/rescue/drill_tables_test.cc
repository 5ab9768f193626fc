#include "rescue/drill_tables.h"

#include <gtest/gtest.h>

namespace lifeboat::rescue {
namespace {

server::Row says(const std::string& type, const std::string& text) {
  return {"shop.orders", "check", type, text};
}

TEST(DrillTables, AreWholeIfTheServerSaysSoInTheEnd) {
  EXPECT_EQ(bad_news({says("status", "OK")}), "");
  EXPECT_EQ(bad_news({says("status", "Table is already up to date")}), "");
  EXPECT_EQ(bad_news({says("note", "The storage engine for the table doesn't support check")}), "");
  EXPECT_EQ(bad_news({says("warning", "1 client is using or hasn't closed the table properly"), says("status", "OK")}),
            "");
}

TEST(DrillTables, AreDamagedByAnErrorOrABadEnd) {
  EXPECT_EQ(bad_news({says("Warning", "InnoDB: The B-tree of index PRIMARY is corrupted."), says("error", "Corrupt")}),
            "InnoDB: The B-tree of index PRIMARY is corrupted.; Corrupt");
  EXPECT_EQ(bad_news({says("status", "Operation failed")}), "Operation failed");
  EXPECT_EQ(bad_news({says("Error", "Table 'shop.orders' doesn't exist in engine"), says("status", "OK")}),
            "Table 'shop.orders' doesn't exist in engine");
}

}  // namespace
}  // namespace lifeboat::rescue
