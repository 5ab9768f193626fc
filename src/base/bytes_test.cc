#include "base/bytes.h"

#include <gtest/gtest.h>

#include <limits>
#include <vector>

#include "base/error.h"

namespace lifeboat {
namespace {

Code code_of(const auto& work) {
  try {
    work();
  } catch (const Exception& e) {
    return e.code();
  }
  return Code::kInternal;
}

TEST(Hex, RoundTripsAndRefusesWhatIsNotHex) {
  const Bytes bytes{0x00, 0x0f, 0xf0, 0xff, 0x5a};
  EXPECT_EQ(to_hex(bytes), "000ff0ff5a");
  EXPECT_EQ(from_hex("000FF0ff5A"), bytes);
  EXPECT_TRUE(from_hex("").empty());
  for (const char* bad : {"0", "0g", "zz", "0x", " 0", "abc"}) {
    EXPECT_EQ(code_of([&] { from_hex(bad); }), Code::kUsage) << bad;
  }
}

TEST(AllZero, FindsOneBitAnywhere) {
  EXPECT_TRUE(all_zero({}));
  for (std::size_t size = 1; size <= 70; ++size) {
    Bytes bytes(size);
    EXPECT_TRUE(all_zero(bytes));
    for (std::size_t at = 0; at < size; ++at) {
      bytes[at] = static_cast<std::uint8_t>(1U << (at % 8));
      EXPECT_FALSE(all_zero(bytes)) << at << " of " << size;
      bytes[at] = 0;
    }
  }
}

TEST(Encoder, LayoutIsLittleEndianAndLeb128) {
  Encoder out;
  out.u8(0x01);
  out.u16(0x0302);
  out.u32(0x07060504);
  out.u64(0x0f0e0d0c0b0a0908);
  out.varint(300);
  out.svarint(-1);
  out.text("hi");
  EXPECT_EQ(to_hex(out.bytes()),
            "0102030405060708090a0b0c0d0e0f"
            "ac02"
            "01"
            "026869");
}

TEST(Decoder, ReadsBackEveryBoundaryValue) {
  std::vector<std::uint64_t> values{0, 1, std::numeric_limits<std::uint64_t>::max()};
  for (unsigned bit = 0; bit < 64; ++bit) {
    const std::uint64_t power = std::uint64_t{1} << bit;
    values.insert(values.end(), {power - 1, power, power + 1});
  }
  Encoder out;
  for (std::uint64_t value : values) {
    out.varint(value);
    out.svarint(static_cast<std::int64_t>(value));
    out.u64(value);
  }
  Decoder in(out.bytes(), "values");
  for (std::uint64_t value : values) {
    EXPECT_EQ(in.varint(), value);
    EXPECT_EQ(in.svarint(), static_cast<std::int64_t>(value));
    EXPECT_EQ(in.u64(), value);
  }
  EXPECT_NO_THROW(in.expect_end());
}

TEST(Decoder, TruncationAtEveryLengthIsCorruptionThatNamesTheThing) {
  Encoder out;
  out.u32(7);
  out.varint(1U << 20U);
  out.text("twelve bytes");
  for (std::size_t size = 0; size < out.size(); ++size) {
    Decoder in(ByteView(out.bytes()).first(size), "pack p");
    try {
      in.u32();
      in.varint();
      in.text();
      ADD_FAILURE() << size << " bytes were enough";
    } catch (const Exception& e) {
      EXPECT_EQ(e.code(), Code::kCorruption);
      EXPECT_TRUE(e.error().message.starts_with("pack p: ")) << e.what();
    }
  }
}

TEST(Decoder, RefusesNumbersBeyond64Bits) {
  for (const char* hex : {"ffffffffffffffffff02", "ffffffffffffffffffff01", "8080808080808080808000"}) {
    const Bytes bytes = from_hex(hex);
    EXPECT_EQ(code_of([&] { Decoder(bytes, "x").varint(); }), Code::kCorruption) << hex;
  }
  const Bytes largest = from_hex("ffffffffffffffffff01");
  EXPECT_EQ(Decoder(largest, "x").varint(), std::numeric_limits<std::uint64_t>::max());
}

TEST(Decoder, RefusesCountsAndTextsThatCannotFit) {
  Encoder out;
  out.varint(3);
  out.raw(std::string_view("12345678"));
  EXPECT_EQ(Decoder(out.bytes(), "x").count(2), 3U);
  EXPECT_EQ(code_of([&] { Decoder(out.bytes(), "x").count(3); }), Code::kCorruption);
  EXPECT_EQ(code_of([&] { Decoder(out.bytes(), "x").text(2); }), Code::kCorruption);
  Encoder huge;
  huge.varint(std::numeric_limits<std::uint64_t>::max());
  EXPECT_EQ(code_of([&] { Decoder(huge.bytes(), "x").count(); }), Code::kCorruption);
  EXPECT_EQ(code_of([&] { Decoder(huge.bytes(), "x").text(); }), Code::kCorruption);
}

TEST(Decoder, LeftOverBytesAreCorruption) {
  const Bytes bytes{1, 2};
  Decoder in(bytes, "x");
  in.u8();
  EXPECT_EQ(in.left(), 1U);
  EXPECT_EQ(in.position(), 1U);
  EXPECT_EQ(code_of([&] { in.expect_end(); }), Code::kCorruption);
}

}  // namespace
}  // namespace lifeboat
