#include "codec/base32.h"

namespace lifeboat::codec {

namespace {
constexpr std::string_view kDigits = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

int digit_value(char c) {
  if (c >= 'a' && c <= 'z') return c - 'a';
  const std::size_t at = kDigits.find(c);
  return at == std::string_view::npos ? -1 : static_cast<int>(at);
}
}  // namespace

std::string to_base32(ByteView bytes) {
  std::string out;
  std::uint32_t bits = 0;
  unsigned count = 0;
  for (std::uint8_t byte : bytes) {
    bits = (bits << 8U) | byte;
    count += 8;
    while (count >= 5) {
      count -= 5;
      out.push_back(kDigits[(bits >> count) & 31U]);
    }
  }
  if (count > 0) out.push_back(kDigits[(bits << (5 - count)) & 31U]);
  return out;
}

std::optional<Bytes> from_base32(std::string_view text) {
  Bytes out;
  std::uint32_t bits = 0;
  unsigned count = 0;
  for (char c : text) {
    const int value = digit_value(c);
    if (value < 0) return std::nullopt;
    bits = (bits << 5U) | static_cast<std::uint32_t>(value);
    count += 5;
    if (count >= 8) {
      count -= 8;
      out.push_back(static_cast<std::uint8_t>(bits >> count));
    }
  }
  const bool one_spelling = count < 5 && (bits & ((1U << count) - 1U)) == 0;
  return one_spelling ? std::optional(std::move(out)) : std::nullopt;
}

}  // namespace lifeboat::codec
