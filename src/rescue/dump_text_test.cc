#include "rescue/dump_text.h"

#include <gtest/gtest.h>

namespace lifeboat::rescue {
namespace {

constexpr std::string_view kDumpHead =
    "-- MariaDB dump 10.19  Distrib 10.11.19-MariaDB, for debian-linux-gnu (x86_64)\n--\n"
    "-- Host: localhost    Database: \n-- ------------------------------------------------------\n"
    "-- Server version\t10.11.19-MariaDB-log\n"
    "-- CHANGE MASTER TO MASTER_USE_GTID=slave_pos;\n"
    "-- CHANGE MASTER TO MASTER_LOG_FILE='mysql-bin.000003', MASTER_LOG_POS=42;\n"
    "--\n-- Current Database: `shop`\n--\n";
constexpr std::string_view kDumpTail =
    "INSERT INTO t VALUES ('SET GLOBAL gtid_slave_pos=\\'9-9-9\\'');\n"
    "-- SET GLOBAL gtid_slave_pos='0-1-9';\n-- Dump completed on 2026-11-28\n";

TEST(DumpText, ThePositionIsReadFromHeadAndEnd) {
  const auto found = find_dump_position(kDumpHead, kDumpTail);
  ASSERT_TRUE(found);
  EXPECT_EQ(found->file, "mysql-bin.000003");
  EXPECT_EQ(found->position, 42U);
  EXPECT_EQ(found->gtid, "0-1-9");
}

TEST(DumpText, EitherHalfOfAPositionDoesAndNoneIsNone) {
  EXPECT_EQ(find_dump_position("-- MariaDB dump\nCREATE TABLE t (a INT);\n", kDumpTail)->gtid, "0-1-9");
  EXPECT_EQ(find_dump_position("-- MariaDB dump\nCREATE TABLE t (a INT);\n", kDumpTail)->file, "");
  EXPECT_EQ(find_dump_position(kDumpHead, "-- Dump completed on 2026-11-28\n")->file, "mysql-bin.000003");
  EXPECT_FALSE(find_dump_position("-- MariaDB dump\n", "-- Dump completed on 2026-11-28\n"));
}

TEST(DumpText, StatementsThatAreNoCommentsTellThePositionAsWell) {
  const auto found = find_dump_position("CHANGE MASTER TO MASTER_LOG_FILE='b.000001', MASTER_LOG_POS=7;\n",
                                        "\nSET GLOBAL gtid_slave_pos='0-1-2,1-1-3';\n");
  ASSERT_TRUE(found);
  EXPECT_EQ(found->file, "b.000001");
  EXPECT_EQ(found->gtid, "0-1-2,1-1-3");
}

TEST(DumpText, APositionOfAReplicasSourceNamesTheConnection) {
  for (const std::string name : {"", "db0"}) {
    const std::string line = "CHANGE MASTER '" + name + "' TO MASTER_LOG_FILE='b.000002', MASTER_LOG_POS=9;\n";
    for (const std::string& head : {line, "-- " + line}) {
      const auto found =
          find_dump_position("-- MariaDB dump\nCHANGE MASTER '' TO MASTER_USE_GTID=slave_pos;\n" + head, "");
      ASSERT_TRUE(found) << head;
      EXPECT_EQ(found->file, "b.000002");
      EXPECT_EQ(found->position, 9U);
    }
  }
}

TEST(DumpText, AnEmptyGtidPositionTellsNothing) {
  EXPECT_FALSE(find_dump_position("-- MariaDB dump\n", "\nSET GLOBAL gtid_slave_pos='';\n-- Dump completed\n"));
}

TEST(DumpText, WhatDataSaysIsNoPosition) {
  constexpr std::string_view kData = "INSERT INTO t VALUES ('-- SET GLOBAL gtid_slave_pos=\\'9-9-9\\'');\n";
  EXPECT_FALSE(find_dump_position(kData, kData));
  constexpr std::string_view kFile = "INSERT INTO t VALUES ('CHANGE MASTER TO MASTER_LOG_FILE='a', MASTER_LOG_POS=1;";
  EXPECT_FALSE(find_dump_position(kFile, kFile));
}

TEST(DumpText, TheHeadTellsServerAndDatabase) {
  const DumpHead all = read_dump_head(kDumpHead);
  EXPECT_TRUE(all.has_comments);
  EXPECT_EQ(all.version, "10.11.19-MariaDB-log");
  EXPECT_EQ(all.database, "");
  constexpr std::string_view kOne =
      "-- MySQL dump 10.13\n--\n-- Host: db1    Database: shop\n-- -----\n-- Server version\t8.0.36\n\nCREATE TABLE t";
  const DumpHead one = read_dump_head(kOne);
  EXPECT_EQ(one.database, "shop");
  EXPECT_EQ(one.version, "8.0.36");
  EXPECT_FALSE(read_dump_head("CREATE TABLE t (a INT);\n").has_comments);
}

TEST(DumpText, ADumpIsWholeOnlyIfItSaysSo) {
  DumpGlimpse glimpse;
  glimpse.see(as_bytes("-- MariaDB dump\nINSERT INTO t VALUES ('-- Dump completed');\n"));
  EXPECT_FALSE(glimpse.complete());
  const std::string much(100'000, 'x');
  glimpse.see(as_bytes(much));
  glimpse.see(as_bytes("\n-- Dump comp"));
  glimpse.see(as_bytes("leted on 2026-11-28  1:00:00\n"));
  EXPECT_TRUE(glimpse.complete());
  EXPECT_LE(glimpse.tail().size(), 16384U);
}

}  // namespace
}  // namespace lifeboat::rescue
