#include "binlog/json_binary.h"

#include <bit>
#include <cmath>

#include "base/error.h"
#include "base/json.h"
#include "binlog/column_value.h"
#include "binlog/wire.h"

namespace lifeboat::binlog {

namespace {

constexpr int kMaxDepth = 100;

enum Type : std::uint8_t {
  kSmallObject = 0x00,
  kLargeObject = 0x01,
  kSmallArray = 0x02,
  kLargeArray = 0x03,
  kLiteral = 0x04,
  kInt16 = 0x05,
  kUint16 = 0x06,
  kInt32 = 0x07,
  kUint32 = 0x08,
  kInt64 = 0x09,
  kUint64 = 0x0a,
  kDouble = 0x0b,
  kString = 0x0c,
  kOpaque = 0x0f,
};

std::string quoted(std::string_view text) {
  return json::serialize(json::string(text));
}

class Writer {
 public:
  explicit Writer(std::size_t max_size) : max_size_(max_size) {}

  void value(std::uint8_t type, ByteView bytes, int depth);
  void put(std::string_view text) {
    if (text.size() > max_size_ - out_.size()) fail(Code::kOutOfSpace, "json value: its text is larger than allowed");
    out_ += text;
  }
  std::string take() { return std::move(out_); }

 private:
  void container(std::uint8_t type, ByteView bytes, int depth);
  /// An object's or array's entry: the value inline, or the offset of it.
  void entry(ByteView all, ByteView entry, bool large, int depth);
  void literal(std::uint8_t value);
  void real(double value);
  void opaque(Decoder& in);

  std::size_t max_size_;
  std::string out_;
};

/// Length of a string or opaque value: seven bits a byte, at most five bytes.
std::size_t read_length(Decoder& in) {
  const std::uint64_t size = in.varint();
  if (size > in.left()) in.bad("truncated");
  return static_cast<std::size_t>(size);
}

std::size_t read_offset(Decoder& in, bool large) {
  return static_cast<std::size_t>(read_little(in, large ? 4 : 2));
}

bool is_inlined(std::uint8_t type, bool large) {
  return type == kLiteral || type == kInt16 || type == kUint16 || (large && (type == kInt32 || type == kUint32));
}

void Writer::value(std::uint8_t type, ByteView bytes, int depth) {
  Decoder in(bytes, "json value");
  switch (type) {
    case kSmallObject:
    case kLargeObject:
    case kSmallArray:
    case kLargeArray:
      return container(type, bytes, depth);
    case kLiteral:
      return literal(in.u8());
    case kInt16:
      return put(format("{}", static_cast<std::int16_t>(in.u16())));
    case kUint16:
      return put(format("{}", in.u16()));
    case kInt32:
      return put(format("{}", static_cast<std::int32_t>(in.u32())));
    case kUint32:
      return put(format("{}", in.u32()));
    case kInt64:
      return put(format("{}", static_cast<std::int64_t>(in.u64())));
    case kUint64:
      return put(format("{}", in.u64()));
    case kDouble:
      return real(std::bit_cast<double>(in.u64()));
    case kString:
      return put(quoted(as_text(in.raw(read_length(in)))));
    case kOpaque:
      return opaque(in);
    default:
      in.bad("unknown type");
  }
}

void Writer::container(std::uint8_t type, ByteView bytes, int depth) {
  const bool large = type == kLargeObject || type == kLargeArray;
  const bool object = type == kSmallObject || type == kLargeObject;
  Decoder in(bytes, "json value");
  if (depth >= kMaxDepth) in.bad("nested too deep");
  const std::size_t count = read_offset(in, large);
  const std::size_t size = read_offset(in, large);
  if (size > bytes.size()) in.bad("truncated");
  const std::size_t width = large ? 4 : 2;
  if (count > in.left() / (1 + width)) in.bad("more members than bytes");
  const ByteView all = bytes.first(size);
  Decoder keys = in;
  if (object) in.raw(count * (width + 2));
  put(object ? "{" : "[");
  for (std::size_t i = 0; i < count; ++i) {
    if (i > 0) put(", ");
    if (object) {
      Decoder key(all, "json value");
      key.raw(read_offset(keys, large));
      put(quoted(as_text(key.raw(keys.u16()))));
      put(": ");
    }
    entry(all, in.raw(1 + width), large, depth);
  }
  put(object ? "}" : "]");
}

void Writer::entry(ByteView all, ByteView entry, bool large, int depth) {
  const std::uint8_t type = entry[0];
  Decoder in(entry.subspan(1), "json value");
  if (is_inlined(type, large)) return value(type, entry.subspan(1), depth + 1);
  const std::size_t offset = read_offset(in, large);
  if (offset > all.size()) in.bad("a value outside of it");
  value(type, all.subspan(offset), depth + 1);
}

void Writer::literal(std::uint8_t value) {
  switch (value) {
    case 0:
      return put("null");
    case 1:
      return put("true");
    case 2:
      return put("false");
    default:
      fail(Code::kCorruption, "json value: unknown literal");
  }
}

void Writer::real(double value) {
  const std::string text = format("{}", value);
  put(text);
  // A number that was stored as a floating-point one is shown as one.
  if (std::isfinite(value) && text.find_first_of(".e") == std::string::npos) put(".0");
}

/// Times in JSON: one number of 64 bits, the fraction of a second in its low 24.
std::string packed_time_text(std::uint8_t type, ByteView bytes) {
  Decoder in(bytes, "json value");
  const auto raw = static_cast<std::int64_t>(in.u64());
  const bool negative = raw < 0;
  const std::uint64_t packed =
      negative ? std::uint64_t{0} - static_cast<std::uint64_t>(raw) : static_cast<std::uint64_t>(raw);
  const std::uint64_t fraction = packed & 0xffffffU;
  const std::uint64_t whole = packed >> 24U;
  const std::string clock = format("{:02}:{:02}:{:02}.{:06}", whole >> 12U & (type == 11 ? 0x3ffU : 0x1fU),
                                   whole >> 6U & 63U, whole & 63U, fraction);
  if (type == static_cast<std::uint8_t>(ColumnType::kTime)) return (negative ? "-" : "") + clock;
  const std::uint64_t days = whole >> 17U;
  const std::string date = format("{:04}-{:02}-{:02}", (days >> 5U) / 13, (days >> 5U) % 13, days & 31U);
  return type == static_cast<std::uint8_t>(ColumnType::kDate) ? date : date + " " + clock;
}

/// A value of a column's type inside the document.
void Writer::opaque(Decoder& in) {
  const std::uint8_t type = in.u8();
  const ByteView bytes = in.raw(read_length(in));
  switch (static_cast<ColumnType>(type)) {
    case ColumnType::kDecimal: {
      Decoder decimal(bytes, "json value");
      Column column{.type = ColumnType::kDecimal};
      column.precision = decimal.u8();
      column.decimals = decimal.u8();
      if (column.precision > 65 || column.decimals > column.precision) in.bad("a number of impossible width");
      return put(decimal_text(column, decimal.raw(decimal_size(column))));
    }
    case ColumnType::kDate:
    case ColumnType::kTime:
    case ColumnType::kDatetime:
    case ColumnType::kTimestamp:
      return put(quoted(packed_time_text(type, bytes)));
    default:
      return put(quoted(format("base64:type{}:{}", type, to_base64(bytes))));
  }
}

void write_document(Writer& out, ByteView document) {
  if (document.empty()) return out.put("null");
  out.value(document[0], document.subspan(1), 0);
}

}  // namespace

std::string json_text(ByteView document, std::size_t max_size) {
  Writer out(max_size);
  write_document(out, document);
  return out.take();
}

std::string json_diff_text(ByteView diffs, std::size_t max_size) {
  constexpr std::string_view kOperations[] = {"replace", "insert", "remove"};
  constexpr std::uint8_t kRemove = 2;
  Decoder in(diffs, "json diff");
  Writer out(max_size);
  out.put("[");
  for (bool first = true; in.left() > 0; first = false) {
    const std::uint8_t operation = in.u8();
    if (operation > kRemove) in.bad("unknown operation");
    const std::string_view path = as_text(read_packed_bytes(in));
    out.put(format(R"({}{{"op": "{}", "path": {})", first ? "" : ", ", kOperations[operation], quoted(path)));
    if (operation != kRemove) {
      out.put(R"(, "value": )");
      write_document(out, read_packed_bytes(in));
    }
    out.put("}");
  }
  out.put("]");
  return out.take();
}

}  // namespace lifeboat::binlog
