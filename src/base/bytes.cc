#include "base/bytes.h"

#include <algorithm>

#include "base/error.h"

namespace lifeboat {

std::string to_hex(ByteView bytes) {
  static constexpr char kDigits[] = "0123456789abcdef";
  std::string out;
  out.reserve(bytes.size() * 2);
  for (std::uint8_t byte : bytes) {
    out.push_back(kDigits[byte >> 4U]);
    out.push_back(kDigits[byte & 15U]);
  }
  return out;
}

namespace {
int hex_value(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}
}  // namespace

Bytes from_hex(std::string_view hex) {
  if (hex.size() % 2 != 0) fail(Code::kUsage, format("'{}' is not hexadecimal", hex));
  Bytes out;
  out.reserve(hex.size() / 2);
  for (std::size_t i = 0; i < hex.size(); i += 2) {
    const int high = hex_value(hex[i]);
    const int low = hex_value(hex[i + 1]);
    if (high < 0 || low < 0) fail(Code::kUsage, format("'{}' is not hexadecimal", hex));
    out.push_back(static_cast<std::uint8_t>(high * 16 + low));
  }
  return out;
}

namespace {
constexpr std::string_view kBase64 = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
}

std::string to_base64(ByteView bytes) {
  std::string out;
  out.reserve((bytes.size() + 2) / 3 * 4);
  for (std::size_t i = 0; i < bytes.size(); i += 3) {
    const std::size_t left = std::min<std::size_t>(bytes.size() - i, 3);
    std::uint32_t group = 0;
    for (std::size_t k = 0; k < 3; ++k) group = group << 8U | (k < left ? bytes[i + k] : 0U);
    for (std::size_t k = 0; k < 4; ++k) out += k <= left ? kBase64[(group >> (18 - 6 * k)) & 63U] : '=';
  }
  return out;
}

Bytes from_base64(std::string_view text) {
  Bytes out;
  std::string_view digits = text;
  while (digits.size() + 2 > text.size() && digits.ends_with('=')) digits.remove_suffix(1);
  std::uint32_t group = 0;
  unsigned bits = 0;
  bool legal = text.size() % 4 == 0;
  for (const char c : digits) {
    const std::size_t value = kBase64.find(c);
    legal = legal && value != std::string_view::npos;
    if (!legal) break;
    group = (group << 6U | static_cast<std::uint32_t>(value)) & 0xffffffU;
    bits += 6;
    if (bits < 8) continue;
    bits -= 8;
    out.push_back(static_cast<std::uint8_t>(group >> bits));
  }
  // The bits left over are zero in what to_base64 writes.
  if (!legal || (group & ((1U << bits) - 1)) != 0) fail(Code::kUsage, "not base64");
  return out;
}

bool all_zero(ByteView bytes) {
  if (bytes.empty()) return true;
  // Zero if the first byte is zero and every byte equals the one before it: memcmp does that with vector instructions.
  return bytes[0] == 0 && std::memcmp(bytes.data(), bytes.data() + 1, bytes.size() - 1) == 0;
}

void Encoder::fixed(std::uint64_t value, int width) {
  for (int i = 0; i < width; ++i) {
    out_.push_back(static_cast<std::uint8_t>(value));
    value >>= 8U;
  }
}

void Encoder::varint(std::uint64_t value) {
  while (value >= 0x80) {
    out_.push_back(static_cast<std::uint8_t>(value | 0x80U));
    value >>= 7U;
  }
  out_.push_back(static_cast<std::uint8_t>(value));
}

void Encoder::svarint(std::int64_t value) {
  const auto bits = static_cast<std::uint64_t>(value);
  varint((bits << 1U) ^ (value < 0 ? ~std::uint64_t{0} : 0));
}

void Encoder::text(std::string_view text) {
  varint(text.size());
  raw(text);
}

void Decoder::bad(std::string_view why) const {
  fail(Code::kCorruption, format("{}: {}", what_, why));
}

ByteView Decoder::raw(std::size_t size) {
  if (size > left()) bad("truncated");
  ByteView out = in_.subspan(at_, size);
  at_ += size;
  return out;
}

std::uint64_t Decoder::fixed(int width) {
  ByteView bytes = raw(static_cast<std::size_t>(width));
  std::uint64_t value = 0;
  for (std::size_t i = bytes.size(); i-- > 0;) value = (value << 8U) | bytes[i];
  return value;
}

std::uint8_t Decoder::u8() {
  return static_cast<std::uint8_t>(fixed(1));
}
std::uint16_t Decoder::u16() {
  return static_cast<std::uint16_t>(fixed(2));
}
std::uint32_t Decoder::u32() {
  return static_cast<std::uint32_t>(fixed(4));
}
std::uint64_t Decoder::u64() {
  return fixed(8);
}

std::uint64_t Decoder::varint() {
  std::uint64_t value = 0;
  for (unsigned shift = 0; shift < 64; shift += 7) {
    const std::uint8_t byte = u8();
    if (shift == 63 && byte > 1) bad("number too large");
    value |= static_cast<std::uint64_t>(byte & 0x7fU) << shift;
    if ((byte & 0x80U) == 0) return value;
  }
  bad("number too long");
}

std::int64_t Decoder::svarint() {
  const std::uint64_t bits = varint();
  return static_cast<std::int64_t>((bits >> 1U) ^ (~(bits & 1U) + 1U));
}

std::string Decoder::text(std::size_t max_size) {
  const std::uint64_t size = varint();
  if (size > max_size) bad("text too long");
  return std::string(as_text(raw(static_cast<std::size_t>(size))));
}

std::size_t Decoder::count(std::size_t min_item_size) {
  const std::uint64_t value = varint();
  if (value > left() / (min_item_size == 0 ? 1 : min_item_size)) bad("count larger than the data");
  return static_cast<std::size_t>(value);
}

void Decoder::expect_end() const {
  if (left() != 0) bad("unexpected bytes at the end");
}

}  // namespace lifeboat
