#include "binlog/table_map.h"

#include <algorithm>
#include <array>
#include <utility>

#include "base/error.h"
#include "binlog/table_metadata.h"
#include "binlog/wire.h"

namespace lifeboat::binlog {

namespace {

using enum ColumnType;

constexpr std::array kNames = std::to_array<std::pair<ColumnType, std::string_view>>({
    {kOldDecimal, "OLD DECIMAL"},
    {kTiny, "TINYINT"},
    {kShort, "SMALLINT"},
    {kLong, "INT"},
    {kFloat, "FLOAT"},
    {kDouble, "DOUBLE"},
    {kNull, "NULL"},
    {kTimestamp, "TIMESTAMP"},
    {kLongLong, "BIGINT"},
    {kInt24, "MEDIUMINT"},
    {kDate, "DATE"},
    {kTime, "TIME"},
    {kDatetime, "DATETIME"},
    {kYear, "YEAR"},
    {kNewDate, "DATE"},
    {kVarchar, "VARCHAR"},
    {kBit, "BIT"},
    {kTimestamp2, "TIMESTAMP"},
    {kDatetime2, "DATETIME"},
    {kTime2, "TIME"},
    {kBlobCompressed, "BLOB COMPRESSED"},
    {kVarcharCompressed, "VARCHAR COMPRESSED"},
    {kVector, "VECTOR"},
    {kJson, "JSON"},
    {kDecimal, "DECIMAL"},
    {kEnum, "ENUM"},
    {kSet, "SET"},
    {kTinyBlob, "BLOB"},
    {kMediumBlob, "BLOB"},
    {kLongBlob, "BLOB"},
    {kBlob, "BLOB"},
    {kVarString, "CHAR"},
    {kString, "CHAR"},
    {kGeometry, "GEOMETRY"},
});

std::string short_name(Decoder& in) {
  const std::uint8_t size = in.u8();
  const std::string name(as_text(in.raw(size)));
  if (in.u8() != 0) in.bad("a name does not end");
  return name;
}

/// CHAR's metadata: the real type, and the length, whose bits 8 and 9 hide (inverted) in the type's bits 4 and 5.
void read_char_metadata(Decoder& in, Column& column) {
  const std::uint8_t first = in.u8();
  const std::uint8_t second = in.u8();
  constexpr unsigned kHiding = 0x30;
  if ((first & kHiding) != kHiding) {
    column.length = second | ((first & kHiding) ^ kHiding) << 4U;
    column.type = static_cast<ColumnType>(first | kHiding);
  } else {
    column.length = second;
    column.type = static_cast<ColumnType>(first);
  }
  const bool labels = column.type == kEnum || column.type == kSet;
  const std::uint32_t widest = column.type == kEnum ? 2 : 8;
  if (labels && (column.length == 0 || column.length > widest)) in.bad("an ENUM or SET of impossible width");
  if (!labels && column.type != kString && column.type != kVarString) in.bad("a CHAR that is none");
}

void read_blob_metadata(Decoder& in, Column& column) {
  column.length = in.u8();
  if (column.length < 1 || column.length > 4) in.bad("a blob of impossible width");
}

void read_decimal_metadata(Decoder& in, Column& column) {
  constexpr std::uint8_t kMaxPrecision = 65;
  column.precision = in.u8();
  column.decimals = in.u8();
  if (column.precision > kMaxPrecision || column.decimals > column.precision) in.bad("a DECIMAL of impossible width");
}

void read_bit_metadata(Decoder& in, Column& column) {
  const std::uint8_t bits = in.u8();
  const std::uint8_t bytes = in.u8();
  column.length = bytes * 8U + bits;
  if (bits > 7 || column.length == 0 || column.length > 64) in.bad("a BIT of impossible width");
}

void read_column_metadata(Decoder& in, Column& column) {
  switch (column.type) {
    case kFloat:
    case kDouble:
      in.u8();
      return;
    case kVarchar:
    case kVarcharCompressed:
      column.length = in.u16();
      return;
    case kBit:
      return read_bit_metadata(in, column);
    case kDecimal:
      return read_decimal_metadata(in, column);
    case kBlob:
    case kBlobCompressed:
    case kTinyBlob:
    case kMediumBlob:
    case kLongBlob:
    case kGeometry:
    case kVector:
    case kJson:
      return read_blob_metadata(in, column);
    case kString:
    case kVarString:
    case kEnum:
    case kSet:
      return read_char_metadata(in, column);
    case kTimestamp2:
    case kDatetime2:
    case kTime2:
      column.decimals = in.u8();
      if (column.decimals > 6) in.bad("a fraction of impossible width");
      return;
    default:
      return;
  }
}

void read_columns(Decoder& in, TableMap& map) {
  const std::uint64_t count = read_packed(in);
  if (count > in.left()) in.bad("more columns than bytes");
  map.columns.resize(static_cast<std::size_t>(count));
  for (Column& column : map.columns) {
    column.type = static_cast<ColumnType>(in.u8());
    if (column_type_name(column.type).empty()) {
      fail(Code::kUnsupported,
           format("table {}.{}: column type {}", map.database, map.table, static_cast<unsigned>(column.type)));
    }
  }
  Decoder metadata(read_packed_bytes(in), "table map");
  for (Column& column : map.columns) read_column_metadata(metadata, column);
  metadata.expect_end();
  const ByteView nullable = in.raw((map.columns.size() + 7) / 8);
  for (std::size_t i = 0; i < map.columns.size(); ++i) {
    map.columns[i].nullable = (nullable[i / 8] & (1U << (i % 8))) != 0;
  }
}

}  // namespace

std::string_view column_type_name(ColumnType type) {
  for (const auto& [known, name] : kNames) {
    if (known == type) return name;
  }
  return {};
}

TableMap decode_table_map(const Event& event, Flavour flavour) {
  Decoder in(event.body, "table map");
  if (event.header.type != EventType::kTableMap) in.bad("not one");
  TableMap map;
  map.table_id = read_little(in, 6);
  map.flags = in.u16();
  map.database = short_name(in);
  map.table = short_name(in);
  read_columns(in, map);
  read_table_metadata(in, flavour, map);
  return map;
}

}  // namespace lifeboat::binlog
