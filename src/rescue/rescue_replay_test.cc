#include <gtest/gtest.h>

#include "relay/serving_testing.h"
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
        "Error 'Error reading file './shop/orders.frm' (errno: 5 \"Input/output error\")' on query.",
        "Table './d/t' is marked as crashed and should be repaired"}) {
    EXPECT_TRUE(tells_damage(said)) << said;
    EXPECT_FALSE(tells_conflict(said)) << said;
  }
  EXPECT_FALSE(tells_damage("Error 'Got error 28 from storage engine' on query."));
  EXPECT_TRUE(tells_full_disk("[ERROR] mariadbd: Disk full (./app/t.MAD); waiting for someone to free some space"));
  EXPECT_TRUE(tells_full_disk("The table 'orders' is full"));
  EXPECT_FALSE(tells_full_disk("Error 'Got error 1877 from storage engine' on query."));
  EXPECT_FALSE(tells_damage("Error 'Got error 28 \"No space left on device\" from storage engine InnoDB' on query."));
}

class PositionInLog : public ::testing::Test {
 protected:
  PositionInLog() {
    const relay::testing::LogBuilder content =
        relay::testing::LogBuilder({{0, 1, 2}, {1, 5, 1}}).group({0, 1, 3}).group({1, 5, 2}).group({0, 1, 4});
    make_directories(directory_.path() / "db1-3306" / "000001");
    write_file_durably(directory_.path() / "db1-3306" / "000001" / "bin.000002", content.bytes());
  }
  /// Of a server that says so.
  std::string at(std::string_view applied, std::string_view logged) {
    RescueLog log(directory_.path() / "db1-3306" / "000001");
    return position_in_log(log, binlog::GtidPosition::parse(applied), binlog::GtidPosition::parse(logged)).format();
  }

 private:
  TempDir directory_;
};

TEST_F(PositionInLog, IsWhatItsBinaryLogSays) {
  EXPECT_EQ(at("", "0-1-3,1-5-2"), "0-1-3,1-5-2");
  EXPECT_EQ(at("0-1-3", "0-1-4"), "0-1-4");
  EXPECT_EQ(at("0-1-3", "0-1-3"), "0-1-3");
}

TEST_F(PositionInLog, IsNotWhereAReplicaOfAnotherHistoryStoodOnce) {
  EXPECT_EQ(at("0-9-1000000", "0-1-3"), "0-1-3");
  EXPECT_EQ(at("0-1-1000000,1-5-2", "0-1-3"), "0-1-3,1-5-2");
}

TEST_F(PositionInLog, OfAReplicaIsWhatItHasAppliedWhateverItWroteItself) {
  EXPECT_EQ(at("0-1-3,1-5-1", ""), "0-1-3,1-5-1");
  EXPECT_EQ(at("0-1-3", "0-7-12"), "0-1-3");
}

TEST_F(PositionInLog, IsNoneThatTheLogKnowsIfItKnowsNothingOfWhatIsSaid) {
  EXPECT_EQ(at("0-9-1", ""), "0-9-1");
  EXPECT_EQ(at("0-9-1", "0-7-1"), "0-7-1");
}

TEST_F(PositionInLog, IsNotGuessed) {
  try {
    at("0-1-4", "0-1-3");
    FAIL();
  } catch (const Exception& e) {
    EXPECT_EQ(e.code(), Code::kConflict);
  }
}

}  // namespace
}  // namespace lifeboat::rescue
