// A file of MySQL 9.7: what only MySQL writes, held against what was told to the server.
#include <gtest/gtest.h>

#include "binlog/describe.h"
#include "binlog/group_reader.h"
#include "binlog/mysql_gtid_event.h"
#include "binlog/query_event.h"
#include "binlog/testing.h"

namespace lifeboat::binlog {
namespace {

constexpr std::size_t kLimit = std::size_t{1} << 20U;

class MysqlFeatures : public testing::Test {
 protected:
  /// All rows of an event that is the `nth` of its type, as JSON text.
  std::string rows_of(EventType type, std::size_t nth) {
    Describer describer(kLimit);
    std::size_t seen = 0;
    for (const Event& event : log_.events) {
      const json::object described = describer.describe(event, 0);
      if (event.header.type == type && seen++ == nth) return json::serialize(described.at("rows"));
    }
    return {};
  }
  TestLog log_ = read_test_log("mysql-9.7-features");
};

TEST_F(MysqlFeatures, everything_decodes) {
  Describer describer(kLimit);
  for (const Event& event : log_.events) {
    EXPECT_TRUE(checksum_matches(event));
    const json::object described = describer.describe(event, 0);
    EXPECT_FALSE(described.contains("error")) << json::serialize(described);
    EXPECT_FALSE(described.contains("status_complete")) << json::serialize(described);
  }
}

TEST_F(MysqlFeatures, values_are_those_that_were_inserted) {
  EXPECT_EQ(
      rows_of(EventType::kWriteRows, 0),
      R"([{"after":{"id":1,"y":"2026","u":4294967295,"s":-1,)"
      R"("g":{"hex":"000000000101000000000000000000f03f0000000000000040"},"c":"grün","e":"b","z":"x,y","n":"1.500",)"
      R"("b":"b'101'","v":"[1,2.5,-3]","t":"-12:34:56.789","d":"2026-11-22 12:34:56.123456","ts":"1.25",)"
      R"("j":"{\"a\": 1, \"b\": [null, true, false, \"x\", 1.5, -70000, 18446744073709551615], \"c\": {}, )"
      R"(\"long\": \"012345678901234567890\"}"}}])");
}

// As MySQL itself prints the document.
TEST_F(MysqlFeatures, json_of_other_types) {
  const std::string rows = rows_of(EventType::kWriteRows, 1);
  const std::string wanted = R"({\"d\": 1.25, \"t\": \"12:34:56.500000\", \"dt\": \"2026-11-22 12:34:56.000000\", )"
                             R"(\"bin\": \"base64:type15:AP8=\", \"date\": \"2026-11-22\", \"nested\": [1, [2, [3]]]})";
  EXPECT_NE(rows.find(wanted), std::string::npos) << rows;
}

TEST_F(MysqlFeatures, partial_json_is_shown_as_what_changed) {
  EXPECT_NE(rows_of(EventType::kMysqlPartialUpdateRows, 0)
                .find(R"([{\"op\": \"replace\", \"path\": \"$.a\", \"value\": 2}, )"
                      R"({\"op\": \"replace\", \"path\": \"$.long\", \"value\": \"short\"}])"),
            std::string::npos);
  EXPECT_NE(rows_of(EventType::kMysqlPartialUpdateRows, 1).find(R"([{\"op\": \"remove\", \"path\": \"$.c\"}])"),
            std::string::npos);
  EXPECT_EQ(rows_of(EventType::kMysqlPartialUpdateRows, 2), R"([{"before":{"id":3},"after":{"c":"min"}}])");
}

TEST_F(MysqlFeatures, tagged_gtid_and_the_set_of_those_before) {
  const Event tagged = log_.of(EventType::kMysqlGtidTagged).at(0);
  const MysqlGtidEvent gtid = decode_mysql_gtid(tagged);
  EXPECT_EQ(gtid.gtid.source.tag, "tag_one");
  EXPECT_EQ(gtid.gtid.number, 2U);
  EXPECT_EQ(gtid.transaction_size, 375U);
  const Event previous = log_.of(EventType::kMysqlPreviousGtids).at(0);
  const GtidSet set = decode_previous_gtids(previous);
  EXPECT_TRUE(set.contains(MysqlGtid{{gtid.gtid.source.uuid, "tag_one"}, 1}));
  EXPECT_FALSE(set.contains(gtid.gtid));
  EXPECT_EQ(to_hex(set.encode()), to_hex(previous.body));
}

TEST_F(MysqlFeatures, groups_with_their_kinds_and_sizes) {
  GroupReader reader;
  std::size_t groups = 0;
  std::size_t ddl = 0;
  std::uint64_t stated = 0;
  for (const Event& event : log_.events) {
    if (is_mysql_gtid(event.header.type)) stated = decode_mysql_gtid(event).transaction_size;
    if (reader.next(event) != Place::kEnds) continue;
    ++groups;
    ddl += reader.group().ddl ? 1 : 0;
    // The server tells how large a transaction is, as it lies in the file.
    EXPECT_TRUE(reader.group().mysql_gtid);
    EXPECT_EQ(reader.group().size, stated);
  }
  EXPECT_EQ(groups, log_.of(EventType::kMysqlGtid).size() + 1);
  EXPECT_EQ(ddl, 2U);  // CREATE TABLE and ALTER TABLE; CREATE TABLE … SELECT is a transaction of rows
  EXPECT_FALSE(reader.inside());
}

}  // namespace
}  // namespace lifeboat::binlog
