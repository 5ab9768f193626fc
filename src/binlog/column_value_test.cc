// Every column type from bytes worked out by hand, or as a MariaDB 10.11 or MySQL server wrote them.
#include "binlog/column_value.h"

#include <gtest/gtest.h>

#include "base/error.h"
#include "binlog/inflate.h"
#include "binlog/json_binary.h"

namespace lifeboat::binlog {
namespace {

using enum ColumnType;
constexpr std::size_t kLimit = 1U << 20U;

ColumnValue value_of(const Column& column, const Bytes& bytes) {
  return decode_value(column, {Cell::State::kValue, bytes}, kLimit);
}

std::string text_of(const Column& column, std::string_view hex) {
  return value_of(column, from_hex(hex)).text;
}

TEST(ColumnValue, integers_are_signed_unless_the_log_says_otherwise) {
  EXPECT_EQ(value_of({.type = kTiny}, from_hex("ff")).integer, -1);
  EXPECT_EQ(value_of({.type = kShort}, from_hex("0080")).integer, -32768);
  EXPECT_EQ(value_of({.type = kInt24}, from_hex("ffff7f")).integer, 8388607);
  EXPECT_EQ(value_of({.type = kInt24}, from_hex("000080")).integer, -8388608);
  EXPECT_EQ(value_of({.type = kLong}, from_hex("feffffff")).integer, -2);
  const ColumnValue big = value_of({.type = kLongLong, .is_unsigned = true}, from_hex("ffffffffffffffff"));
  EXPECT_EQ(big.kind, ColumnValue::Kind::kUnsigned);
  EXPECT_EQ(big.number, 18446744073709551615U);
}

TEST(ColumnValue, reals) {
  EXPECT_EQ(value_of({.type = kFloat}, from_hex("0000c03f")).real, 1.5);
  EXPECT_EQ(value_of({.type = kDouble}, from_hex("00000000000004c0")).real, -2.5);
}

TEST(ColumnValue, decimals) {
  // 1234567890.1234 as DECIMAL(14,4), the example in MySQL's own description of the format; and its negative.
  const Column wide{.type = kDecimal, .precision = 14, .decimals = 4};
  EXPECT_EQ(text_of(wide, "810dfb38d204d2"), "1234567890.1234");
  EXPECT_EQ(text_of(wide, "7ef204c72dfb2d"), "-1234567890.1234");
  EXPECT_EQ(text_of({.type = kDecimal, .precision = 5, .decimals = 2}, "800005"), "0.05");
  EXPECT_EQ(text_of({.type = kDecimal, .precision = 5, .decimals = 2}, "7ffffa"), "-0.05");
  EXPECT_EQ(text_of({.type = kDecimal, .precision = 3, .decimals = 0}, "8000"), "0");
  EXPECT_EQ(text_of({.type = kDecimal, .precision = 2, .decimals = 2}, "99"), "0.25");
}

TEST(ColumnValue, dates_and_times_of_both_kinds) {
  EXPECT_EQ(text_of({.type = kDate}, "76d50f"), "2026-11-22");
  EXPECT_EQ(text_of({.type = kYear}, "7e"), "2026");
  EXPECT_EQ(text_of({.type = kYear}, "00"), "0000");
  EXPECT_EQ(text_of({.type = kTime}, "40e201"), "12:34:56");
  EXPECT_EQ(text_of({.type = kTime}, "c01dfe"), "-12:34:56");
  EXPECT_EQ(text_of({.type = kDatetime}, "c0a6fc686d120000"), "2026-11-22 12:34:56");
  EXPECT_EQ(text_of({.type = kTimestamp}, "01000000"), "1");
  EXPECT_EQ(text_of({.type = kTimestamp2, .decimals = 2}, "0000000119"), "1.25");
  EXPECT_EQ(text_of({.type = kTimestamp2, .decimals = 6}, "0000000103d090"), "1.250000");
  // 12:34:56 is 12 << 12 | 34 << 6 | 56 = 0xc8b8.
  EXPECT_EQ(text_of({.type = kTime2}, "80c8b8"), "12:34:56");
  EXPECT_EQ(text_of({.type = kTime2, .decimals = 1}, "80c8b832"), "12:34:56.5");
  EXPECT_EQ(text_of({.type = kTime2}, "7f3748"), "-12:34:56");
  EXPECT_EQ(text_of({.type = kTime2, .decimals = 2}, "7fffffff"), "-00:00:00.01");
  EXPECT_EQ(text_of({.type = kTime2, .decimals = 6}, "7fffffffffff"), "-00:00:00.000001");
  // 2026-11: 2026 * 13 + 11 = 26349; << 5 | 22; << 17 | 0xc8b8; with the highest of 40 bits set.
  EXPECT_EQ(text_of({.type = kDatetime2}, "99bb6cc8b8"), "2026-11-22 12:34:56");
}

TEST(ColumnValue, bits_enums_and_sets) {
  EXPECT_EQ(value_of({.type = kBit, .length = 10}, from_hex("0205")).number, 0x205U);
  const Column choice{.type = kEnum, .length = 1, .labels = {"a", "b"}};
  EXPECT_EQ(value_of(choice, from_hex("02")).text, "b");
  EXPECT_EQ(value_of(choice, from_hex("00")).text, "");
  EXPECT_EQ(value_of(choice, from_hex("09")).number, 9U);
  const Column set{.type = kSet, .length = 1, .labels = {"x", "y", "z"}};
  EXPECT_EQ(value_of(set, from_hex("05")).text, "x,z");
  EXPECT_EQ(value_of(set, from_hex("05")).number, 5U);
}

// Bytes that MariaDB 10.11 wrote for a VARCHAR and a TEXT COMPRESSED, without and with zlib's header.
TEST(ColumnValue, compressed_columns) {
  std::string wanted;
  for (int i = 0; i < 200; ++i) wanted += "abc";
  EXPECT_EQ(as_text(inflate_column(from_hex("8a02584b4c4a4e1c45a388da0800"), kLimit)), wanted);
  EXPECT_EQ(as_text(inflate_column(from_hex("820258789c4b4c4a4e1c45a388da0800ada3e5b1"), kLimit)), wanted);
  EXPECT_EQ(as_text(inflate_column(from_hex("0073686f7274"), kLimit)), "short");
  EXPECT_THROW(inflate_column(from_hex("8a02594b4c4a4e1c45a388da0800"), kLimit), Exception);  // says one byte more
  EXPECT_THROW(inflate_column(from_hex("8a02574b4c4a4e1c45a388da0800"), kLimit), Exception);  // says one byte less
  EXPECT_THROW(inflate_column(from_hex("8a02584b4c4a4e1c45a388da0800"), 599), Exception);
  EXPECT_THROW(inflate_column(from_hex("8cffffffff4b4c4a4e1c45a388da0800"), std::size_t{1} << 40U), Exception);
}

TEST(ColumnValue, json_documents) {
  const auto text = [](std::string_view hex) { return json_text(from_hex(hex), kLimit); };
  EXPECT_EQ(text(""), "null");
  EXPECT_EQ(text("0401"), "true");
  EXPECT_EQ(text("05ffff"), "-1");
  EXPECT_EQ(text("0b000000000000f83f"), "1.5");
  EXPECT_EQ(text("0b0000000000000040"), "2.0");
  EXPECT_EQ(text("0c03612262"), R"("a\"b")");
  // {"a": 1, "b": [null, "x"]}: head, two keys, two values, keys' text; then the array.
  EXPECT_EQ(text("00"
                 "0200"
                 "2000"
                 "1200"
                 "0100"
                 "1300"
                 "0100"
                 "050100"
                 "021400"
                 "6162"
                 "0200"
                 "0c00"
                 "040000"
                 "0c0a00"
                 "0178"),
            R"({"a": 1, "b": [null, "x"]})");
  // DECIMAL(3,2) 1.25 as an opaque value.
  EXPECT_EQ(text("0ff604"
                 "0302"
                 "8119"),
            "1.25");
}

TEST(ColumnValue, json_that_lies_is_refused) {
  const Bytes good = from_hex(
      "000200200012000100130001000501000214006162"
      "02000c000400000c0a000178");
  EXPECT_NO_THROW(json_text(good, kLimit));
  EXPECT_THROW(json_text(good, 10), Exception);
  for (std::size_t size = 1; size < good.size(); ++size) {
    EXPECT_THROW(json_text(ByteView(good).first(size), kLimit), Exception) << size;
  }
  // An array whose only member is itself.
  EXPECT_THROW(json_text(from_hex("02"
                                  "0100"
                                  "0700"
                                  "020000"),
                         kLimit),
               Exception);
}

TEST(ColumnValue, json_diffs) {
  const Bytes diffs = from_hex(
      "00"
      "03242e61"
      "03050200"
      "02"
      "03242e62");
  EXPECT_EQ(json_diff_text(diffs, kLimit),
            R"([{"op": "replace", "path": "$.a", "value": 2}, {"op": "remove", "path": "$.b"}])");
}

TEST(ColumnValue, a_cell_of_wrong_size_is_refused) {
  EXPECT_THROW(value_of({.type = kLong}, from_hex("ff")), Exception);
  EXPECT_EQ(decode_value({.type = kLong}, {Cell::State::kNull, {}}, kLimit).kind, ColumnValue::Kind::kNull);
}

}  // namespace
}  // namespace lifeboat::binlog
