#include "binlog/wire.h"

#include <bit>

namespace lifeboat::binlog {

std::uint64_t get_little(ByteView in, std::size_t at, std::size_t width) {
  std::uint64_t value = 0;
  for (std::size_t i = width; i-- > 0;) value = value << 8U | in[at + i];
  return value;
}

void put_little(ByteSpan out, std::size_t at, std::uint64_t value, std::size_t width) {
  for (std::size_t i = 0; i < width; ++i, value >>= 8U) out[at + i] = static_cast<std::uint8_t>(value);
}

std::uint64_t read_little(Decoder& in, std::size_t width) {
  return get_little(in.raw(width), 0, width);
}

std::uint64_t read_big(Decoder& in, std::size_t width) {
  std::uint64_t value = 0;
  for (const std::uint8_t byte : in.raw(width)) value = value << 8U | byte;
  return value;
}

std::uint64_t read_packed(Decoder& in) {
  const std::uint8_t first = in.u8();
  switch (first) {
    case 252:
      return in.u16();
    case 253:
      return read_little(in, 3);
    case 254:
      return in.u64();
    case 251:
    case 255:
      in.bad("not a length");
    default:
      return first;
  }
}

std::uint64_t read_varlen(Decoder& in) {
  const std::uint8_t first = in.u8();
  const auto more = static_cast<std::size_t>(std::countr_one(first));
  if (more == 8) return in.u64();
  const std::uint64_t low = static_cast<std::uint64_t>(first) >> (more + 1);
  return low | read_little(in, more) << (7 - more);
}

std::int64_t read_varlen_signed(Decoder& in) {
  const std::uint64_t value = read_varlen(in);
  const std::uint64_t magnitude = value >> 1U;
  return static_cast<std::int64_t>((value & 1U) != 0 ? ~magnitude : magnitude);
}

ByteView read_packed_bytes(Decoder& in) {
  const std::uint64_t size = read_packed(in);
  if (size > in.left()) in.bad("truncated");
  return in.raw(static_cast<std::size_t>(size));
}

void append_varlen(Encoder& out, std::uint64_t value) {
  const auto bits = static_cast<std::size_t>(std::bit_width(value | 1U));
  const std::size_t size = bits > 56 ? 9 : (bits + 6) / 7;
  if (size == 9) {
    out.u8(0xff);
    out.u64(value);
    return;
  }
  value = value << size | ((1U << (size - 1)) - 1U);
  for (std::size_t i = 0; i < size; ++i, value >>= 8U) out.u8(static_cast<std::uint8_t>(value));
}

}  // namespace lifeboat::binlog
