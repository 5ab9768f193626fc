/// Byte strings, and a bounded little-endian encoder and decoder for every format of ours.
#pragma once

#include <cstdint>
#include <cstring>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace lifeboat {

using Bytes = std::vector<std::uint8_t>;
using ByteView = std::span<const std::uint8_t>;
using ByteSpan = std::span<std::uint8_t>;

inline ByteView as_bytes(std::string_view text) {
  return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};
}
inline std::string_view as_text(ByteView bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

std::string to_hex(ByteView bytes);
/// Throws kUsage unless `hex` is an even number of hex digits.
Bytes from_hex(std::string_view hex);

/// RFC 4648, with padding.
std::string to_base64(ByteView bytes);
/// Throws kUsage unless `text` is base64 as to_base64 writes it.
Bytes from_base64(std::string_view text);

/// True if every byte is zero; fast (word by word).
bool all_zero(ByteView bytes);

/// Appends to a Bytes it owns. Integers are little-endian; varints are LEB128.
class Encoder {
 public:
  void u8(std::uint8_t value) { out_.push_back(value); }
  void u16(std::uint16_t value) { fixed(value, 2); }
  void u32(std::uint32_t value) { fixed(value, 4); }
  void u64(std::uint64_t value) { fixed(value, 8); }
  void varint(std::uint64_t value);
  /// Signed, zigzag.
  void svarint(std::int64_t value);
  void raw(ByteView bytes) { out_.insert(out_.end(), bytes.begin(), bytes.end()); }
  void raw(std::string_view text) { raw(as_bytes(text)); }
  /// varint length, then the bytes.
  void text(std::string_view text);

  std::size_t size() const { return out_.size(); }
  const Bytes& bytes() const { return out_; }
  Bytes take() { return std::move(out_); }

 private:
  void fixed(std::uint64_t value, int width);
  Bytes out_;
};

/// Reads what Encoder wrote from bytes it does not own. Everything is bounded: reading past the end, an overlong
/// varint or left-over bytes at `expect_end` throw kCorruption naming `what`.
class Decoder {
 public:
  explicit Decoder(ByteView in, std::string_view what) : in_(in), what_(what) {}
  Decoder(Bytes&& in, std::string_view what) = delete;  ///< they would be gone before the first is read

  std::uint8_t u8();
  std::uint16_t u16();
  std::uint32_t u32();
  std::uint64_t u64();
  std::uint64_t varint();
  std::int64_t svarint();
  ByteView raw(std::size_t size);
  std::string text(std::size_t max_size = 1U << 20U);
  /// A varint that counts things of at least `min_item_size` bytes each: refused if they could not fit in what is left.
  std::size_t count(std::size_t min_item_size = 1);

  std::size_t left() const { return in_.size() - at_; }
  std::size_t position() const { return at_; }
  void expect_end() const;
  /// Throws kCorruption "<what>: <why>".
  [[noreturn]] void bad(std::string_view why) const;

 private:
  std::uint64_t fixed(int width);
  ByteView in_;
  std::string what_;
  std::size_t at_ = 0;
};

}  // namespace lifeboat
