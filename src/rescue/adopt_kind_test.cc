#include "rescue/adopt_kind.h"

#include <gtest/gtest.h>

#include "base/error.h"
#include "rescue/adopt_input.h"
#include "rescue/adopt_place.h"

namespace lifeboat::rescue {
namespace {

Error kind_error(std::string_view head) {
  try {
    static_cast<void>(kind_of_content(as_bytes(head), "x"));
  } catch (const Exception& e) {
    return e.error();
  }
  return {};
}

void touch(const Path& directory, const std::string& name) {
  write_file_durably(directory / name, as_bytes("x"));
}

TEST(AdoptKind, ContentTellsAStreamFromStatements) {
  EXPECT_EQ(kind_of_content(as_bytes("XBSTCK01\0P"), "x"), BackupKind::kStream);
  for (const char* sql : {"-- MariaDB dump 10.19\n", "/*M!999999\\- enable the sandbox mode */", "\n\n SET NAMES utf8;",
                          "create table t (a int);", "\xef\xbb\xbfINSERT INTO t", "DROP TABLE"}) {
    EXPECT_EQ(kind_of_content(as_bytes(sql), "x"), BackupKind::kSql) << sql;
  }
}

TEST(AdoptKind, WhatIsNoBackupIsSaidToBeWhatItLooksLike) {
  EXPECT_EQ(kind_error("").code, Code::kUnsupported);
  EXPECT_NE(kind_error("").message.find("is empty"), std::string::npos);
  EXPECT_NE(kind_error("\xfe\x62\x69\x6e....").message.find("--log"), std::string::npos);
  std::string tar(512, '\0');
  tar.replace(257, 5, "ustar");
  EXPECT_NE(kind_error(tar).message.find("tar"), std::string::npos);
  EXPECT_EQ(kind_error("hello").code, Code::kUnsupported);
  EXPECT_EQ(kind_error(std::string_view("SET\0x", 5)).code, Code::kUnsupported);
}

TEST(AdoptKind, AFolderIsToldByWhatItHolds) {
  const TempDir mydumper;
  touch(mydumper.path(), "shop-schema-create.sql.gz");
  touch(mydumper.path(), "metadata.partial");
  EXPECT_THROW(kind_of_directory(mydumper.path()), Exception);
  touch(mydumper.path(), "metadata");
  EXPECT_EQ(kind_of_directory(mydumper.path()), BackupKind::kMydumper);
  const TempDir files;
  EXPECT_THROW(kind_of_directory(files.path()), Exception);
  touch(files.path(), "ibdata1");
  EXPECT_EQ(kind_of_directory(files.path()), BackupKind::kDataDirectory);
  touch(files.path(), "mariadb_backup_checkpoints");
  EXPECT_EQ(kind_of_directory(files.path()), BackupKind::kBackupFolder);
}

TEST(AdoptKind, PackedContentIsToldByItsFirstBytesAndNamesLoseTheirEnding) {
  EXPECT_EQ(packing_of(as_bytes("\x1f\x8b\x08")), Packing::kGzip);
  EXPECT_EQ(packing_of(as_bytes("\x28\xb5\x2f\xfd")), Packing::kZstd);
  EXPECT_EQ(packing_of(as_bytes("-- dump")), Packing::kNone);
  EXPECT_EQ(name_without_packing("a.sql.gz"), "a.sql");
  EXPECT_EQ(name_without_packing("a.sql.zst"), "a.sql");
  EXPECT_EQ(name_without_packing("a.gz.sql"), "a.gz.sql");
}

TEST(AdoptKind, APlaceIsAFileWithAPositionOrAGtidPosition) {
  EXPECT_EQ(parse_place("mysql-bin.000042:1234").file, "mysql-bin.000042");
  EXPECT_EQ(parse_place("mysql-bin.000042:1234").position, 1234U);
  EXPECT_EQ(parse_place("0-1-42,1-2-7").gtid, "0-1-42,1-2-7");
  for (const char* text : {"mysql-bin:12", "mysql-bin.000042:", "mysql-bin.000042:1x", "yesterday"}) {
    EXPECT_THROW(parse_place(text), Exception) << text;
  }
}

}  // namespace
}  // namespace lifeboat::rescue
