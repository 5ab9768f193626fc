/// The numbers of the binary log's formats that base's Decoder does not know: odd widths, big-endian, MySQL's two kinds
/// of variable length. All read through a Decoder, so nothing can leave its bytes.
#pragma once

#include "base/bytes.h"

namespace lifeboat::binlog {

/// `width` bytes, at most 8, little-endian.
std::uint64_t read_little(Decoder& in, std::size_t width);
/// `width` bytes, at most 8, big-endian.
std::uint64_t read_big(Decoder& in, std::size_t width);
/// The protocol's length-encoded integer: below 251 one byte, else 252, 253, 254 announce 2, 3, 8 bytes.
std::uint64_t read_packed(Decoder& in);
/// MySQL 8's serialization library: as many low one-bits in the first byte as bytes follow.
std::uint64_t read_varlen(Decoder& in);
std::int64_t read_varlen_signed(Decoder& in);
/// A length of up to 1 GiB, bounded by what is left, and the bytes.
ByteView read_packed_bytes(Decoder& in);

void put_little(ByteSpan out, std::size_t at, std::uint64_t value, std::size_t width);
std::uint64_t get_little(ByteView in, std::size_t at, std::size_t width);
void append_varlen(Encoder& out, std::uint64_t value);

}  // namespace lifeboat::binlog
