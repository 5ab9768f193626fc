// What fits in a column's new type, pair by pair: with a strict sql_mode, and without.

#include "binlog/column_fit.h"

#include <gtest/gtest.h>

#include "base/format.h"
#include "binlog/danger_testing.h"

namespace lifeboat::binlog {
namespace {

struct Pair {
  std::string_view from;
  std::string_view to;
};

/// Whether the guard would hold the change.
bool narrows(const Pair& types, std::uint64_t sql_mode) {
  Classifier classify(sql_mode);
  EXPECT_EQ(classify(format("CREATE TABLE t (c {})", types.from)), "");
  const std::string told = classify(format("ALTER TABLE t MODIFY c {}", types.to));
  EXPECT_TRUE(told.empty() || told == "narrow_column shop.t") << told;
  return !told.empty();
}

std::string text(const Pair& types) {
  return format("{} to {}", types.from, types.to);
}

TEST(ColumnFit, what_holds_all_that_it_held_passes_in_every_mode) {
  for (const Pair& types : std::initializer_list<Pair>{{"INT", "INT"},
                                                       {"INT", "BIGINT"},
                                                       {"INT(5)", "INTEGER(11)"},
                                                       {"TINYINT UNSIGNED", "SMALLINT"},
                                                       {"SERIAL", "BIGINT UNSIGNED"},
                                                       {"INT", "DECIMAL(10,0)"},
                                                       {"SMALLINT", "DECIMAL(7,2)"},
                                                       {"DECIMAL(9,0)", "INT"},
                                                       {"INT", "DOUBLE"},
                                                       {"MEDIUMINT", "FLOAT"},
                                                       {"FLOAT", "DOUBLE"},
                                                       {"DECIMAL(15,0)", "DOUBLE"},
                                                       {"FLOAT(7,2)", "FLOAT"},
                                                       {"FLOAT(53)", "DOUBLE"},
                                                       {"DECIMAL(10,2)", "DECIMAL(12,2)"},
                                                       {"DECIMAL(10,2)", "NUMERIC(12,4)"},
                                                       {"INT", "VARCHAR(11)"},
                                                       {"BIGINT", "CHAR(20)"},
                                                       {"DECIMAL(5,2)", "VARCHAR(8)"},
                                                       {"INT", "TEXT"},
                                                       {"YEAR", "SMALLINT"},
                                                       {"DATE", "VARCHAR(10)"},
                                                       {"DATETIME(3)", "CHAR(23)"},
                                                       {"DATE", "DATETIME"},
                                                       {"TIMESTAMP", "DATETIME"},
                                                       {"TIME(2)", "TIME(3)"},
                                                       {"CHAR(10)", "VARCHAR(10)"},
                                                       {"VARCHAR(10)", "VARCHAR(10)"},
                                                       {"VARCHAR(10)", "VARCHAR(255)"},
                                                       {"VARCHAR(60)", "TINYTEXT"},
                                                       {"VARCHAR(5000)", "TEXT"},
                                                       {"TEXT", "LONGTEXT"},
                                                       {"VARCHAR(10)", "VARBINARY(40)"},
                                                       {"VARCHAR(10)", "BLOB"},
                                                       {"BLOB", "MEDIUMBLOB"},
                                                       {"BINARY(5)", "VARBINARY(5)"},
                                                       {"VARCHAR(5) CHARSET latin1", "VARCHAR(5) CHARSET utf8"},
                                                       {"VARCHAR(5)", "VARCHAR(5) COLLATE utf8mb4_bin"},
                                                       {"VARCHAR(5) COLLATE latin1_bin", "CHAR(5) CHARSET latin1"},
                                                       {"ENUM('a','b')", "ENUM('a','b','c')"},
                                                       {"ENUM('a','b')", "SET('b','a')"},
                                                       {"ENUM('a','bcd')", "VARCHAR(3)"},
                                                       {"SET('a','b')", "VARCHAR(3)"},
                                                       {"BIT(3)", "BIT(4)"},
                                                       {"POINT", "POINT"}}) {
    EXPECT_FALSE(narrows(types, kStrict)) << text(types);
    EXPECT_FALSE(narrows(types, 0)) << text(types);
  }
}

TEST(ColumnFit, what_any_server_rounds_or_reads_otherwise_is_held) {
  for (const Pair& types : std::initializer_list<Pair>{{"DATETIME", "DATE"},
                                                       {"DATETIME", "TIME"},
                                                       {"DATE", "YEAR"},
                                                       {"TIME", "DATETIME"},
                                                       {"DATETIME(6)", "DATETIME"},
                                                       {"TIME(3)", "DECIMAL(20,2)"},
                                                       {"DATETIME(1)", "BIGINT"},
                                                       {"DATE", "FLOAT"},
                                                       {"DECIMAL(10,2)", "INT"},
                                                       {"DECIMAL(10,2)", "BIT(8)"},
                                                       {"DECIMAL(10,2)", "ENUM('1','2')"},
                                                       {"DECIMAL(10,2)", "DECIMAL(12,1)"},
                                                       {"DECIMAL(10,2)", "DOUBLE"},
                                                       {"DECIMAL(16,0)", "DOUBLE"},
                                                       {"DOUBLE", "FLOAT"},
                                                       {"DOUBLE", "DECIMAL(20,10)"},
                                                       {"DOUBLE", "DOUBLE(20,2)"},
                                                       {"FLOAT(10,4)", "FLOAT(10,2)"},
                                                       {"FLOAT", "BIGINT"},
                                                       {"INT", "FLOAT"},
                                                       {"BIGINT", "DOUBLE"},
                                                       {"VARCHAR(20)", "INT"},
                                                       {"TEXT", "DATETIME"},
                                                       {"ENUM('a','b')", "INT"}}) {
    EXPECT_TRUE(narrows(types, kStrict)) << text(types);
    EXPECT_TRUE(narrows(types, 0)) << text(types);
  }
}

TEST(ColumnFit, what_only_a_lax_server_cuts_is_held_of_that_one) {
  for (const Pair& types : std::initializer_list<Pair>{{"BIGINT", "INT"},
                                                       {"INT", "INT UNSIGNED"},
                                                       {"INT UNSIGNED", "INT"},
                                                       {"DECIMAL(10,0)", "INT"},
                                                       {"DECIMAL(10,2)", "DECIMAL(9,2)"},
                                                       {"DECIMAL(10,2)", "DECIMAL(10,2) UNSIGNED"},
                                                       {"INT", "DECIMAL(9,0)"},
                                                       {"DOUBLE(10,2)", "DOUBLE(9,2)"},
                                                       {"INT", "VARCHAR(10)"},
                                                       {"INT", "BIT(8)"},
                                                       {"INT", "DATE"},
                                                       {"DATE", "INT"},
                                                       {"YEAR", "TINYINT"},
                                                       {"YEAR", "DATE"},
                                                       {"DATETIME", "TIMESTAMP"},
                                                       {"VARCHAR(20)", "VARCHAR(19)"},
                                                       {"VARCHAR(100)", "TINYTEXT"},
                                                       {"TEXT", "VARCHAR(100)"},
                                                       {"MEDIUMTEXT", "TEXT"},
                                                       {"VARCHAR(10)", "VARBINARY(10)"},
                                                       {"BLOB", "TEXT"},
                                                       {"VARCHAR(5)", "VARCHAR(5) CHARSET latin1"},
                                                       {"VARCHAR(5) CHARSET utf8mb4", "VARCHAR(5) CHARSET utf8"},
                                                       {"VARCHAR(5) CHARSET utf8mb4", "VARCHAR(5)"},
                                                       {"ENUM('a','b')", "ENUM('a')"},
                                                       {"SET('a','b')", "ENUM('a','b')"},
                                                       {"VARCHAR(5)", "ENUM('a')"},
                                                       {"POINT", "VARCHAR(100)"}}) {
    EXPECT_FALSE(narrows(types, kStrict)) << text(types);
    EXPECT_TRUE(narrows(types, 0)) << text(types);
  }
}

}  // namespace
}  // namespace lifeboat::binlog
