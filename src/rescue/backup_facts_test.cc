#include "rescue/backup_facts.h"

#include <gtest/gtest.h>

#include "base/error.h"
#include "rescue/seed_boot.h"

namespace lifeboat::rescue {
namespace {

Code code_of_binlog_info(std::string_view text) {
  try {
    static_cast<void>(parse_binlog_info(text));
  } catch (const Exception& e) {
    return e.code();
  }
  return Code::kInternal;
}

TEST(BackupFacts, TheBackupsPositionIsReadWithAndWithoutGtid) {
  const BackupPosition whole = parse_binlog_info("mysql-bin.000002\t1234\t0-1-5,1-2-7\n");
  EXPECT_EQ(whole.file, "mysql-bin.000002");
  EXPECT_EQ(whole.position, 1234U);
  EXPECT_EQ(whole.gtid, "0-1-5,1-2-7");
  EXPECT_EQ(parse_binlog_info("mysql-bin.000002\t1234").gtid, "");
  for (const char* text : {"", "mysql-bin.000002", "mysql-bin.000002\t", "\t12", "a\tx", "a\t1x"}) {
    EXPECT_EQ(code_of_binlog_info(text), Code::kCorruption) << text;
  }
}

TEST(BackupFacts, WhatRecoveryFoundMayLieBeforeTheBackupsPositionAndNotAfterIt) {
  const auto recovered = find_recovered_position(
      "[Note] InnoDB: log sequence number 1\n[Note] InnoDB: Last binlog file './mysql-bin.000002', position 777\n");
  ASSERT_TRUE(recovered);
  EXPECT_EQ(recovered->file, "mysql-bin.000002");
  EXPECT_EQ(recovered->position, 777U);
  EXPECT_NO_THROW(check_recovered(*recovered, "mysql-bin.000002", 777));
  EXPECT_NO_THROW(check_recovered(*recovered, "mysql-bin.000010", 4));
  EXPECT_THROW(check_recovered(*recovered, "mysql-bin.000002", 776), Exception);
  EXPECT_THROW(check_recovered(*recovered, "mysql-bin.000001", 9999), Exception);
  EXPECT_FALSE(find_recovered_position("[Note] ready for connections\n"));
}

}  // namespace
}  // namespace lifeboat::rescue
