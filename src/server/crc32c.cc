#include "server/crc32c.h"

#include <array>
#include <cstring>

namespace lifeboat::server {
namespace {

using Table = std::array<std::array<std::uint32_t, 256>, 8>;

/// table[k][b]: the CRC of byte b followed by k zero bytes.
Table make_table() {
  constexpr std::uint32_t kPolynomial = 0x82f63b78;  // reflected
  Table table{};
  for (std::uint32_t byte = 0; byte < 256; ++byte) {
    std::uint32_t value = byte;
    for (int bit = 0; bit < 8; ++bit) value = (value & 1U) != 0 ? (value >> 1U) ^ kPolynomial : value >> 1U;
    table[0][byte] = value;
  }
  for (std::size_t k = 1; k < table.size(); ++k) {
    for (std::size_t byte = 0; byte < 256; ++byte) {
      const std::uint32_t before = table[k - 1][byte];
      table[k][byte] = (before >> 8U) ^ table[0][before & 255U];
    }
  }
  return table;
}

}  // namespace

std::uint32_t crc32c(ByteView bytes, std::uint32_t before) {
  static const Table table = make_table();
  std::uint32_t crc = ~before;
  while (bytes.size() >= 8) {
    std::uint64_t word = 0;
    std::memcpy(&word, bytes.data(), sizeof word);  // little-endian hosts only, as all formats here
    word ^= crc;
    crc = 0;
    for (unsigned i = 0; i < 8; ++i) crc ^= table[7 - i][(word >> (8 * i)) & 255U];
    bytes = bytes.subspan(8);
  }
  for (const std::uint8_t byte : bytes) crc = (crc >> 8U) ^ table[0][(crc ^ byte) & 255U];
  return ~crc;
}

}  // namespace lifeboat::server
