#include "binlog/column_value.h"

#include <bit>

#include "base/error.h"
#include "binlog/inflate.h"
#include "binlog/json_binary.h"
#include "binlog/wire.h"

namespace lifeboat::binlog {

namespace {

using enum ColumnType;

/// Bytes of a value whose type alone says it; 0 for the others.
std::size_t fixed_size(const Column& column) {
  const std::size_t fraction = (column.decimals + 1U) / 2;
  switch (column.type) {
    case kTiny:
    case kYear:
      return 1;
    case kShort:
      return 2;
    case kInt24:
    case kDate:
    case kNewDate:
    case kTime:
      return 3;
    case kLong:
    case kFloat:
    case kTimestamp:
      return 4;
    case kLongLong:
    case kDouble:
    case kDatetime:
      return 8;
    case kTime2:
      return 3 + fraction;
    case kTimestamp2:
      return 4 + fraction;
    case kDatetime2:
      return 5 + fraction;
    case kBit:
      return (column.length + 7) / 8;
    case kEnum:
    case kSet:
      return column.length;
    case kDecimal:
      return decimal_size(column);
    default:
      return 0;
  }
}

/// Width of the length in front of a value.
std::size_t length_width(const Column& column) {
  switch (column.type) {
    case kVarchar:
    case kVarcharCompressed:
    case kString:
    case kVarString:
      return column.length > 255 ? 2 : 1;
    default:
      return column.length;
  }
}

std::int64_t sign_extend(std::uint64_t value, std::size_t width) {
  const std::size_t shift = 64 - 8 * width;
  return static_cast<std::int64_t>(value << shift) >> shift;
}

ColumnValue integer_value(const Column& column, ByteView bytes) {
  ColumnValue value;
  value.number = get_little(bytes, 0, bytes.size());
  value.integer = sign_extend(value.number, bytes.size());
  value.kind = column.is_unsigned.value_or(false) ? ColumnValue::Kind::kUnsigned : ColumnValue::Kind::kSigned;
  return value;
}

ColumnValue label_value(const Column& column, ByteView bytes) {
  ColumnValue value;
  value.number = get_little(bytes, 0, bytes.size());
  if (column.type == kEnum) {
    value.kind = ColumnValue::Kind::kEnum;
    if (value.number >= 1 && value.number <= column.labels.size()) value.text = column.labels[value.number - 1];
    return value;
  }
  value.kind = ColumnValue::Kind::kSet;
  for (std::size_t i = 0; i < column.labels.size() && i < 64; ++i) {
    if ((value.number >> i & 1U) == 0) continue;
    if (!value.text.empty()) value.text += ',';
    value.text += column.labels[i];
  }
  return value;
}

ColumnValue text_value(std::string text) {
  ColumnValue value;
  value.kind = ColumnValue::Kind::kText;
  value.text = std::move(text);
  return value;
}

ColumnValue real_value(double real) {
  ColumnValue value;
  value.kind = ColumnValue::Kind::kReal;
  value.real = real;
  return value;
}

ColumnValue bytes_value(ByteView bytes) {
  ColumnValue value;
  value.kind = ColumnValue::Kind::kBytes;
  value.bytes = bytes;
  return value;
}

ColumnValue bit_value(ByteView bytes) {
  ColumnValue value;
  value.kind = ColumnValue::Kind::kBits;
  Decoder in(bytes, "bit value");
  value.number = read_big(in, bytes.size());
  return value;
}

ColumnValue column_compressed_value(ByteView bytes, std::size_t max_size) {
  ColumnValue value;
  value.kind = ColumnValue::Kind::kBytes;
  value.storage = inflate_column(bytes, max_size);
  value.bytes = value.storage;
  return value;
}

ColumnValue vector_value(ByteView bytes) {
  Decoder in(bytes, "vector value");
  if (bytes.size() % 4 != 0) in.bad("not whole numbers");
  std::string text = "[";
  while (in.left() > 0) text += format("{}{:g}", text.size() > 1 ? "," : "", std::bit_cast<float>(in.u32()));
  return text_value(text + "]");
}

ColumnValue present_value(const Column& column, ByteView bytes, std::size_t max_size) {
  switch (column.type) {
    case kTiny:
    case kShort:
    case kInt24:
    case kLong:
    case kLongLong:
      return integer_value(column, bytes);
    case kFloat:
      return real_value(std::bit_cast<float>(static_cast<std::uint32_t>(get_little(bytes, 0, 4))));
    case kDouble:
      return real_value(std::bit_cast<double>(get_little(bytes, 0, 8)));
    case kDecimal:
      return text_value(decimal_text(column, bytes));
    case kTimestamp:
    case kTimestamp2:
    case kDate:
    case kNewDate:
    case kTime:
    case kTime2:
    case kDatetime:
    case kDatetime2:
    case kYear:
      return text_value(temporal_text(column, bytes));
    case kBit:
      return bit_value(bytes);
    case kEnum:
    case kSet:
      return label_value(column, bytes);
    case kJson:
      return text_value(json_text(bytes, max_size));
    case kVector:
      return vector_value(bytes);
    case kVarcharCompressed:
    case kBlobCompressed:
      return column_compressed_value(bytes, max_size);
    default:
      return bytes_value(bytes);
  }
}

}  // namespace

ByteView take_value(Decoder& in, const Column& column) {
  const std::size_t fixed = fixed_size(column);
  if (fixed != 0) return in.raw(fixed);
  if (column.type == kNull) return {};
  if (column.type == kOldDecimal) fail(Code::kUnsupported, "rows event: a DECIMAL of MySQL 4");
  const std::uint64_t size = read_little(in, length_width(column));
  return in.raw(static_cast<std::size_t>(size));
}

ColumnValue decode_value(const Column& column, const Cell& cell, std::size_t max_size) {
  if (cell.state == Cell::State::kValue) {
    const std::size_t fixed = fixed_size(column);
    if (fixed != 0 && cell.bytes.size() != fixed) Decoder(ByteView(), "value").bad("not as long as its type");
    return present_value(column, cell.bytes, max_size);
  }
  if (cell.state != Cell::State::kJsonDiff) return {};
  ColumnValue value = text_value(json_diff_text(cell.bytes, max_size));
  value.kind = ColumnValue::Kind::kJsonDiff;
  return value;
}

}  // namespace lifeboat::binlog
