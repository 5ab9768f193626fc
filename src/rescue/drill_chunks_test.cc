#include "rescue/drill_chunks.h"

#include <gtest/gtest.h>

#include "base/error.h"

namespace lifeboat::rescue {
namespace {

ComparedTable table_by(const std::string& type, const std::string& charset = {}) {
  const TableColumn key{.name = "a`b", .type = type, .charset = charset};
  return {.database = "shop",
          .table = "orders",
          .columns = {key, {.name = "note", .type = "text", .charset = "utf8mb4"}},
          .key = key};
}

/// What was asked, and one answer to it.
struct Asked {
  std::string sql;
  std::vector<server::Row> answer;
  AskRows ask() {
    return [this](const std::string& said) {
      sql = said;
      return answer;
    };
  }
};

TEST(DrillChunks, AreCutBehindTheLastKey) {
  Asked asked{.sql = {}, .answer = {{"2000"}}};
  const Chunk chunk = cut_chunk(asked.ask(), table_by("int"), "1000", 500);
  EXPECT_EQ(chunk.after, "1000");
  EXPECT_EQ(chunk.up_to, "2000");
  EXPECT_EQ(
      asked.sql,
      "SELECT `a``b` FROM `shop`.`orders` FORCE INDEX (PRIMARY) WHERE `a``b` > 1000 ORDER BY `a``b` LIMIT 499, 1");
  EXPECT_EQ(describe_chunk(table_by("int"), chunk), "a`b > 1000 and <= 2000");
}

TEST(DrillChunks, TheLastHasAnOpenEnd) {
  Asked asked;
  const Chunk chunk = cut_chunk(asked.ask(), table_by("int"), "1000", 500);
  EXPECT_EQ(chunk.up_to, "");
  EXPECT_EQ(describe_chunk(table_by("int"), chunk), "a`b > 1000");
  EXPECT_EQ(describe_chunk(table_by("int"), {}), "all of it");
}

TEST(DrillChunks, KeysOfTextAreWrittenInTheirOwnBytes) {
  Asked asked{.sql = {}, .answer = {{"4F27"}}};
  const Chunk chunk = cut_chunk(asked.ask(), table_by("varchar", "latin1"), "", 10);
  EXPECT_EQ(chunk.up_to, "_latin1 X'4F27'");
  EXPECT_NE(asked.sql.find("SELECT HEX(`a``b`)"), std::string::npos) << asked.sql;
  EXPECT_EQ(describe_chunk(table_by("varchar", "latin1"), chunk), "a`b <= 'O''");
}

TEST(DrillChunks, AKeyThatIsNoneIsRefused) {
  for (const auto& [type, value] : {std::pair("int", "1 OR 1"), std::pair("datetime", "2020' OR '1"),
                                    std::pair("varchar", "00' OR '1"), std::pair("int", "")}) {
    Asked asked{.sql = {}, .answer = {{value}}};
    EXPECT_THROW(cut_chunk(asked.ask(), table_by(type, "utf8mb4"), "", 10), Exception) << value;
  }
}

TEST(DrillChunks, AreSummedUpByNumberAndHash) {
  Asked asked{.sql = {}, .answer = {{"3", "12345"}}};
  const ChunkSum sum = sum_chunk(asked.ask(), table_by("int"), {.after = "1", .up_to = "9"});
  EXPECT_EQ(sum, (ChunkSum{.rows = 3, .hash = "12345"}));
  EXPECT_NE(asked.sql.find("SUM(CAST("), std::string::npos) << asked.sql;
  EXPECT_TRUE(asked.sql.ends_with("FROM `shop`.`orders` WHERE `a``b` > 1 AND `a``b` <= 9")) << asked.sql;
  EXPECT_NE(asked.sql.find("IFNULL(MD5(`note`), 'N')"), std::string::npos) << asked.sql;
  asked.answer = {{"three", "12345"}};
  EXPECT_THROW(sum_chunk(asked.ask(), table_by("int"), {}), Exception);
  asked.answer = {};
  EXPECT_THROW(sum_chunk(asked.ask(), table_by("int"), {}), Exception);
}

}  // namespace
}  // namespace lifeboat::rescue
