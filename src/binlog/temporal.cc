// Dates and times out of a row's bytes. Values that are no date (month 13, zero dates) are shown as they stand.
#include "base/error.h"
#include "binlog/column_value.h"
#include "binlog/wire.h"

namespace lifeboat::binlog {

namespace {

using enum ColumnType;

std::uint64_t big(ByteView bytes) {
  Decoder in(bytes, "time value");
  return read_big(in, bytes.size());
}

/// ".25": `decimals` digits of a fraction that is stored in as many bytes as pairs of digits.
std::string fraction_text(std::uint64_t fraction, unsigned decimals) {
  if (decimals == 0) return {};
  const unsigned stored = (decimals + 1) / 2 * 2;
  return format(".{:0{}}", fraction, stored).substr(0, 1 + decimals);
}

std::string date_text(std::uint64_t packed) {
  return format("{:04}-{:02}-{:02}", packed >> 9U, packed >> 5U & 15U, packed & 31U);
}

std::string clock_text(std::uint64_t hms) {
  return format("{:02}:{:02}:{:02}", hms >> 12U, hms >> 6U & 63U, hms & 63U);
}

std::string old_time_text(ByteView bytes) {
  const auto raw = static_cast<std::uint32_t>(get_little(bytes, 0, 3));
  const bool negative = (raw & 0x800000U) != 0;
  const std::uint32_t value = negative ? 0x1000000U - raw : raw;
  return format("{}{:02}:{:02}:{:02}", negative ? "-" : "", value / 10000, value / 100 % 100, value % 100);
}

std::string old_datetime_text(ByteView bytes) {
  const std::uint64_t value = get_little(bytes, 0, 8);
  const std::uint64_t date = value / 1000000;
  const std::uint64_t time = value % 1000000;
  return format("{:04}-{:02}-{:02} {:02}:{:02}:{:02}", date / 10000, date / 100 % 100, date % 100, time / 10000,
                time / 100 % 100, time % 100);
}

std::string time2_text(const Column& column, ByteView bytes) {
  const std::size_t fraction_bits = 8 * (bytes.size() - 3);
  const std::uint64_t bias = std::uint64_t{0x800000} << fraction_bits;
  const std::uint64_t raw = big(bytes);
  const bool negative = raw < bias;
  const std::uint64_t value = negative ? bias - raw : raw - bias;
  const std::uint64_t fraction = value & ((std::uint64_t{1} << fraction_bits) - 1);
  const std::uint64_t hms = value >> fraction_bits & 0x3fffffU;
  return format("{}{}{}", negative ? "-" : "", clock_text(hms), fraction_text(fraction, column.decimals));
}

std::string datetime2_text(const Column& column, ByteView bytes) {
  const std::uint64_t value = big(bytes.first(5)) & 0x7fffffffffU;
  const std::uint64_t days = value >> 17U;
  const std::uint64_t months = days >> 5U;
  return format("{:04}-{:02}-{:02} {}{}", months / 13, months % 13, days & 31U, clock_text(value & 0x1ffffU),
                fraction_text(big(bytes.subspan(5)), column.decimals));
}

}  // namespace

std::string temporal_text(const Column& column, ByteView bytes) {
  switch (column.type) {
    case kYear:
      return bytes[0] == 0 ? "0000" : format("{}", 1900 + bytes[0]);
    case kDate:
    case kNewDate:
      return date_text(get_little(bytes, 0, 3));
    case kTime:
      return old_time_text(bytes);
    case kDatetime:
      return old_datetime_text(bytes);
    case kTimestamp:
      return format("{}", get_little(bytes, 0, 4));
    case kTimestamp2:
      return format("{}{}", big(bytes.first(4)), fraction_text(big(bytes.subspan(4)), column.decimals));
    case kTime2:
      return time2_text(column, bytes);
    default:
      return datetime2_text(column, bytes);
  }
}

}  // namespace lifeboat::binlog
