// DECIMAL: digits before and after the point, each packed nine to four bytes, big-endian; the first bit is 1 if the
// number is not negative, and all bits of a negative number are inverted.
#include <array>

#include "base/error.h"
#include "binlog/column_value.h"
#include "binlog/wire.h"

namespace lifeboat::binlog {

namespace {

constexpr unsigned kDigitsPerWord = 9;
/// Bytes that 0 to 8 left-over digits take.
constexpr std::array<std::uint8_t, 9> kPartSize = {0, 1, 1, 2, 2, 3, 3, 4, 4};

std::size_t digits_size(unsigned digits) {
  return digits / kDigitsPerWord * std::size_t{4} + kPartSize[digits % kDigitsPerWord];
}

void append_digits(Decoder& in, unsigned digits, std::string& out) {
  if (digits == 0) return;
  const std::uint64_t value = read_big(in, kPartSize[digits % kDigitsPerWord] + (digits == kDigitsPerWord ? 4U : 0U));
  out += format("{:0{}}", value, digits);
}

void append_words(Decoder& in, unsigned digits, std::string& out) {
  for (; digits >= kDigitsPerWord; digits -= kDigitsPerWord) append_digits(in, kDigitsPerWord, out);
}

}  // namespace

std::size_t decimal_size(const Column& column) {
  return digits_size(column.precision - column.decimals) + digits_size(column.decimals);
}

std::string decimal_text(const Column& column, ByteView bytes) {
  if (bytes.empty()) return "0";
  const bool negative = (bytes[0] & 0x80U) == 0;
  Bytes plain(bytes.begin(), bytes.end());
  plain[0] ^= 0x80U;
  if (negative) {
    for (std::uint8_t& byte : plain) byte = static_cast<std::uint8_t>(~byte);
  }
  Decoder in(plain, "decimal value");
  const unsigned whole = column.precision - column.decimals;
  std::string digits;
  append_digits(in, whole % kDigitsPerWord, digits);
  append_words(in, whole, digits);
  digits.erase(0, std::min(digits.find_first_not_of('0'), digits.size()));
  if (digits.empty()) digits = "0";
  std::string fraction;
  append_words(in, column.decimals, fraction);
  append_digits(in, column.decimals % kDigitsPerWord, fraction);
  return format("{}{}{}{}", negative ? "-" : "", digits, fraction.empty() ? "" : ".", fraction);
}

}  // namespace lifeboat::binlog
