// Table maps and rows of real files, and rows made by hand.
#include "binlog/rows.h"

#include <gtest/gtest.h>

#include <map>

#include "base/error.h"
#include "binlog/column_value.h"
#include "binlog/query_event.h"
#include "binlog/testing.h"
#include "binlog/transaction_payload.h"

namespace lifeboat::binlog {
namespace {

constexpr std::size_t kLimit = std::size_t{64} << 20U;

/// An event with this body and no checksum.
struct Made {
  Made(EventType type, std::string_view hex) {
    const Bytes body = from_hex(hex);
    bytes.resize(kEventHeaderSize);
    bytes.insert(bytes.end(), body.begin(), body.end());
    encode_header({.type = type, .size = static_cast<std::uint32_t>(bytes.size())}, bytes);
    event = split_event(bytes, Checksum::kNone);
  }
  Bytes bytes;
  Event event;
};

/// t.m (id INT PRIMARY KEY, v INT), as MariaDB 10.11 wrote it with full metadata.
constexpr std::string_view kMap =
    "160000000000"
    "0100"
    "017400"
    "016d00"
    "02"
    "0303"
    "00"
    "02"
    "010100"
    "0405026964"
    "0176"
    "080100";

TEST(TableMap, with_names_signs_and_primary_key) {
  const TableMap map = decode_table_map(Made(EventType::kTableMap, kMap).event, Flavour::kMariadb);
  EXPECT_EQ(map.table_id, 0x16U);
  EXPECT_EQ(map.database + "." + map.table, "t.m");
  ASSERT_EQ(map.columns.size(), 2U);
  EXPECT_EQ(map.columns[0].name, "id");
  EXPECT_EQ(map.columns[0].is_unsigned, false);
  EXPECT_FALSE(map.columns[0].nullable);
  EXPECT_TRUE(map.columns[1].nullable);
  EXPECT_EQ(map.primary_key, (std::vector<std::uint32_t>{0}));
}

// Table c of 13 columns as MariaDB 10.11 wrote it: YEAR has a sign, and GEOMETRY a collation.
constexpr std::string_view kWideMap =
    "120000000000"
    "0100"
    "017400"
    "016300"
    "0d"
    "8d8c8d0dff03fefefefefe1003"
    "12"
    "e9030233 0004f701fe03fe10fe10fe040201"
    "ff1f"
    "0101c0"
    "0308080808 3f083f3f3f"
    "070101"
    "041d016101620174017901670178016501 7a017501690269340262620279 79"
    "0a0108"
    "06050201610162";

TEST(TableMap, of_every_kind_of_metadata) {
  std::string hex;
  for (const char c : kWideMap) {
    if (c != ' ') hex += c;
  }
  const TableMap map = decode_table_map(Made(EventType::kTableMap, hex).event, Flavour::kMariadb);
  ASSERT_EQ(map.columns.size(), 13U);
  EXPECT_EQ(map.columns[0].type, ColumnType::kVarcharCompressed);
  EXPECT_EQ(map.columns[0].collation, 8U);
  EXPECT_EQ(map.columns[4].collation, 63U);
  EXPECT_EQ(map.columns[5].is_unsigned, true);
  EXPECT_EQ(map.columns[6].type, ColumnType::kEnum);
  EXPECT_EQ(map.columns[6].labels, (std::vector<std::string>{"a", "b"}));
  EXPECT_EQ(map.columns[7].collation, 8U);
  EXPECT_EQ(map.columns[8].length, 16U);  // UUID
  EXPECT_EQ(map.columns[11].length, 10U);
  EXPECT_EQ(map.columns[12].is_unsigned, false);
  EXPECT_EQ(map.columns[12].name, "yy");
}

TEST(TableMap, cut_or_lying_is_refused) {
  const Bytes body = from_hex(kMap);
  for (std::size_t size = 0; size < body.size(); ++size) {
    if (size == 19 || size == 22 || size == 29) continue;  // between optional fields
    EXPECT_THROW(
        decode_table_map(Made(EventType::kTableMap, to_hex(ByteView(body).first(size))).event, Flavour::kMysql),
        Exception)
        << size;
  }
  std::string many(kMap);
  many.replace(28, 2, "fb");  // the number of columns
  EXPECT_THROW(decode_table_map(Made(EventType::kTableMap, many).event, Flavour::kMysql), Exception);
}

TEST(Rows, images_with_some_columns_only) {
  const TableMap map = decode_table_map(Made(EventType::kTableMap, kMap).event, Flavour::kMariadb);
  // UPDATE with the key before and the other column after, two rows; binlog_row_image=minimal.
  const Made update(EventType::kUpdateRowsV1,
                    "160000000000"
                    "0100"
                    "02"
                    "fd"
                    "fe"
                    "fe01000000"
                    "fe07000000"
                    "fe02000000"
                    "ff");
  RowsReader rows(update.event, map, kLimit);
  ASSERT_TRUE(rows.next());
  EXPECT_EQ(rows.before()[0].state, Cell::State::kValue);
  EXPECT_EQ(rows.before()[1].state, Cell::State::kAbsent);
  EXPECT_EQ(rows.after()[0].state, Cell::State::kAbsent);
  EXPECT_EQ(decode_value(map.columns[1], rows.after()[1], kLimit).integer, 7);
  ASSERT_TRUE(rows.next());
  EXPECT_EQ(decode_value(map.columns[0], rows.before()[0], kLimit).integer, 2);
  EXPECT_EQ(rows.after()[1].state, Cell::State::kNull);
  EXPECT_FALSE(rows.next());
  EXPECT_TRUE(rows.header().has(RowsHeader::kStatementEnd));
  EXPECT_EQ(count_rows(update.event, map, kLimit), 2U);
}

TEST(Rows, that_do_not_fit_their_table_are_refused) {
  const TableMap map = decode_table_map(Made(EventType::kTableMap, kMap).event, Flavour::kMariadb);
  const auto count = [&](std::string_view hex) {
    return count_rows(Made(EventType::kWriteRowsV1, hex).event, map, kLimit);
  };
  EXPECT_EQ(count("160000000000"
                  "0100"
                  "02"
                  "ff"
                  "fc0100000002000000"),
            1U);
  EXPECT_EQ(count("160000000000"
                  "0100"
                  "02"
                  "ff"),
            0U);
  EXPECT_THROW(count("170000000000"
                     "0100"
                     "02"
                     "ff"
                     "fc0100000002000000"),
               Exception);
  EXPECT_THROW(count("160000000000"
                     "0100"
                     "03"
                     "ff"
                     "fc0100000002000000"),
               Exception);
  EXPECT_THROW(count("160000000000"
                     "0100"
                     "02"
                     "ff"
                     "fc01000000020000"),
               Exception);
  EXPECT_THROW(count("160000000000"
                     "0100"
                     "02"
                     "fc"
                     "fc0100000002000000"),
               Exception);  // no columns, yet bytes
  EXPECT_EQ(count("ffffff000000"
                  "0100"
                  "00"),
            0U);  // the end of a statement, and nothing else
}

TEST(Rows, of_a_mysql_file) {
  const TestLog log = read_test_log("mysql-bin.checksum-crc32");
  std::map<std::uint64_t, TableMap> maps;
  std::map<RowsKind, std::uint64_t> counts;
  std::string first_name;
  for (const Event& event : log.events) {
    if (event.header.type == EventType::kTableMap) {
      TableMap map = decode_table_map(event, log.format.flavour);
      maps.insert_or_assign(map.table_id, std::move(map));
    }
    if (rows_kind(event.header.type) == RowsKind::kNone) continue;
    const TableMap& map = maps.at(decode_rows_header(event).table_id);
    RowsReader rows(event, map, kLimit);
    while (rows.next()) {
      ++counts[rows.header().kind];
      const RowImage& image = rows.after().empty() ? rows.before() : rows.after();
      for (std::size_t i = 0; i < image.size(); ++i) decode_value(map.columns[i], image[i], kLimit);
      if (first_name.empty()) first_name = as_text(image[1].bytes);
    }
  }
  EXPECT_EQ(first_name, "test2");
  EXPECT_EQ(counts[RowsKind::kWrite], 34U);
  EXPECT_EQ(counts[RowsKind::kUpdate], 23U);
  EXPECT_EQ(counts[RowsKind::kDelete], 6U);
}

TEST(TransactionPayload, of_a_mysql_file) {
  const TestLog log = read_test_log("mysql-bin.compressed");
  const Event payload = log.of(EventType::kMysqlTransactionPayload).at(0);
  PayloadReader reader(payload, kLimit);
  Event event;
  std::vector<EventType> types;
  std::size_t size = 0;
  while (reader.next(event)) {
    types.push_back(event.header.type);
    size += event.whole.size();
  }
  using enum EventType;
  EXPECT_EQ(types, (std::vector<EventType>{kQuery, kTableMap, kUpdateRows, kXid}));
  PayloadReader bounded(payload, size - 1);
  EXPECT_THROW(while (bounded.next(event)){}, Exception);
}

}  // namespace
}  // namespace lifeboat::binlog
