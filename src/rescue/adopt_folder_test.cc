#include "rescue/adopt_folder.h"

#include <gtest/gtest.h>

#include "base/error.h"

namespace lifeboat::rescue {
namespace {

using Kind = FolderPart::Kind;

void expect_part(const std::string& file, Kind kind, const std::string& database, const std::string& table) {
  const auto part = part_of_name(file, {"shop", "shop.old"});
  ASSERT_TRUE(part) << file;
  EXPECT_EQ(part->kind, kind) << file;
  EXPECT_EQ(part->database, database) << file;
  EXPECT_EQ(part->table, table) << file;
}

TEST(AdoptFolder, NamesTellWhatAFileIs) {
  expect_part("shop-schema-create.sql", Kind::kDatabase, "shop", "");
  expect_part("shop-schema-create.sql.gz", Kind::kDatabase, "shop", "");
  expect_part("shop.orders-schema.sql.zst", Kind::kTable, "shop", "orders");
  expect_part("shop.orders.sql", Kind::kData, "shop", "orders");
  expect_part("shop.orders.00001.sql.gz", Kind::kData, "shop", "orders");
  expect_part("shop.orders.00000.00001.sql", Kind::kData, "shop", "orders");
  expect_part("shop.seen-schema-view.sql", Kind::kView, "shop", "seen");
  expect_part("shop.orders-schema-triggers.sql", Kind::kTriggers, "shop", "orders");
  expect_part("shop-schema-triggers.sql", Kind::kTriggers, "shop", "");
  expect_part("shop-schema-post.sql", Kind::kRoutines, "shop", "");
  expect_part("shop.old.orders.sql", Kind::kData, "shop.old", "orders");
  expect_part("shop.2024.00001.sql", Kind::kData, "shop", "2024");
  expect_part("other.orders.sql", Kind::kData, "other", "orders");
}

TEST(AdoptFolder, WhatIsNoPartOfADumpIsLeftAlone) {
  for (const char* name : {"metadata", "readme.txt", "shop.orders-metadata", "orders.sql", ".sql", "shop..sql.gz.sh"}) {
    EXPECT_FALSE(part_of_name(name, {"shop"})) << name;
  }
}

TEST(AdoptFolder, PartsComeInTheOrderInWhichTheyAreLoaded) {
  const TempDir folder("folder");
  const auto put = [&](const std::string& name, std::size_t bytes) {
    write_file_durably(folder.path() / name, as_bytes(std::string(bytes, 'x')));
  };
  put("shop.a.sql", 10);
  put("shop.b.sql", 20);
  put("shop.b-schema-triggers.sql", 1);
  put("shop-schema-post.sql", 1);
  put("shop.a-schema.sql", 1);
  put("shop-schema-create.sql", 1);
  put("metadata", 1);
  std::vector<std::string> files;
  for (const FolderPart& part : list_parts(folder.path())) files.push_back(part.file);
  EXPECT_EQ(files, (std::vector<std::string>{"shop-schema-create.sql", "shop.a-schema.sql", "shop.b.sql", "shop.a.sql",
                                             "shop-schema-post.sql", "shop.b-schema-triggers.sql"}));
  put("shop.a.00000.dat", 1);
  EXPECT_THROW(list_parts(folder.path()), Exception);
}

TEST(AdoptFolder, TheServersOwnPositionCountsBeforeThatInItsSource) {
  const auto found = parse_folder_metadata(
      "Started dump at: 2026-11-30 01:00:00\nSHOW MASTER STATUS:\n\tLog: mysql-bin.000007\n\tPos: 1234\n"
      "\tGTID:0-1-42\n\nSHOW SLAVE STATUS:\n\tHost: db0\n\tLog: other.000001\n\tPos: 9\n\tGTID:0-9-9\n\n"
      "Finished dump at: 2026-11-30 01:30:00\n");
  ASSERT_TRUE(found);
  EXPECT_EQ(found->file, "mysql-bin.000007");
  EXPECT_EQ(found->position, 1234U);
  EXPECT_EQ(found->gtid, "0-1-42");
  const auto of_source = parse_folder_metadata("SHOW SLAVE STATUS:\n\tHost: db0\n\tLog: other.000001\n\tPos: 9\n");
  ASSERT_TRUE(of_source);
  EXPECT_EQ(of_source->file, "other.000001");
  EXPECT_FALSE(parse_folder_metadata("Started dump at: 2026-11-30 01:00:00\nFinished dump at: now\n"));
}

TEST(AdoptFolder, MetadataIsReadAsNewerVersionsWriteIt) {
  const auto found = parse_folder_metadata(
      "# Started dump at: 2026-11-30 01:00:00\n[config]\nquote_character = BACKTICK\n\n[source]\n"
      "# SOURCE_LOG_FILE = \"mysql-bin.000007\"\n# SOURCE_LOG_POS = 1234\nexecuted_gtid_set = \"0-1-42\"\n\n"
      "[`shop`.`orders`]\nrows = 100\nposition = 5\n");
  ASSERT_TRUE(found);
  EXPECT_EQ(found->file, "mysql-bin.000007");
  EXPECT_EQ(found->position, 1234U);
  EXPECT_EQ(found->gtid, "0-1-42");
}

TEST(AdoptFolder, StatementsEndWithALinesLastSemicolon) {
  EXPECT_EQ(split_statements("SET a=1;\n\nCREATE TRIGGER t BEGIN SET b=2; \n SET c=3; END;\n"),
            (std::vector<std::string>{"SET a=1", "CREATE TRIGGER t BEGIN SET b=2; \n SET c=3; END"}));
  EXPECT_EQ(split_statements("SELECT 1;"), std::vector<std::string>{"SELECT 1"});
  EXPECT_TRUE(split_statements("\n;\n").empty());
}

TEST(AdoptFolder, ANameIsReadUnquoted) {
  EXPECT_EQ(created_name("CREATE DATABASE /*!32312 IF NOT EXISTS*/ `a``b` /*!40100 */;", "CREATE DATABASE"), "a`b");
  EXPECT_EQ(created_name("CREATE TABLE `t` (`a` INT)", "CREATE TABLE"), "t");
  EXPECT_EQ(created_name("CREATE TABLE `t", "CREATE TABLE"), "");
  EXPECT_EQ(created_name("nothing", "CREATE TABLE"), "");
}

}  // namespace
}  // namespace lifeboat::rescue
