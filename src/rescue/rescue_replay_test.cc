#include <gtest/gtest.h>

#include "rescue/rescue_run.h"

namespace lifeboat::rescue {
namespace {

TEST(WhatAServerSays, OfDataOtherThanItsSourceHad) {
  for (const std::string_view said :
       {"Could not execute Update_rows_v1 event on table d.t; Can't find record in 't', Error_code: 1032",
        "Error 'Can't create database 'shop'; database exists' on query.",
        "Error 'Cannot delete or update a parent row: a foreign key constraint fails (`d`.`c`)' on query.",
        "Column 1 of table 'd.t' cannot be converted from type 'int' to type 'varchar(20)'",
        "Error 'Operation CREATE USER failed for 'app'@'%'' on query.",
        "Error 'PROCEDURE d.p does not exist' on query.", "Error 'Table 'd.t' doesn't exist' on query."}) {
    EXPECT_TRUE(tells_conflict(said)) << said;
    EXPECT_FALSE(tells_damage(said)) << said;
  }
}

TEST(WhatAServerSays, OfFilesThatAreNotWhole) {
  for (const std::string_view said :
       {"Error 'Got error 194 \"Tablespace is missing for a table\" from storage engine InnoDB' on query.",
        "Error 'Table 'shop.orders' doesn't exist in engine' on query.",
        "Error 'Index for table './d/t.MYI' is corrupt; try to repair it' on query.",
        "Table './d/t' is marked as crashed and should be repaired"}) {
    EXPECT_TRUE(tells_damage(said)) << said;
    EXPECT_FALSE(tells_conflict(said)) << said;
  }
  EXPECT_FALSE(tells_damage("Error 'Got error 28 \"No space left on device\" from storage engine InnoDB' on query."));
}

}  // namespace
}  // namespace lifeboat::rescue
