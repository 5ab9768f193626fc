// The input is a script of reads (first byte each) and the bytes they read: whatever it is, Decoder stays inside its
// bounds, refuses with kCorruption only, and numbers that it accepts encode to themselves.

#include "base/bytes.h"
#include "base/error.h"

namespace {

using lifeboat::Decoder;
using lifeboat::Encoder;

void read_one(Decoder& in, std::uint8_t what) {
  const std::size_t before = in.left();
  Encoder again;
  switch (what % 8) {
    case 0:
      in.u16();
      break;
    case 1:
      in.u32();
      break;
    case 2:
      in.u64();
      break;
    case 3: {
      const std::uint64_t value = in.varint();
      again.varint(value);
      // An overlong form may be longer than ours, never shorter.
      LIFEBOAT_CHECK(again.size() <= before - in.left());
      LIFEBOAT_CHECK(Decoder(again.bytes(), "again").varint() == value);
      break;
    }
    case 4: {
      const std::int64_t value = in.svarint();
      again.svarint(value);
      LIFEBOAT_CHECK(Decoder(again.bytes(), "again").svarint() == value);
      break;
    }
    case 5:
      LIFEBOAT_CHECK(in.text(64).size() <= 64);
      break;
    case 6:
      LIFEBOAT_CHECK(in.raw(what / 8U).size() == what / 8U);
      break;
    default: {
      const std::size_t count = in.count(3);
      LIFEBOAT_CHECK(count * 3 <= in.left());
    }
  }
  LIFEBOAT_CHECK(in.left() <= before);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  try {
    Decoder in({data, size}, "fuzz");
    while (in.left() > 0) read_one(in, in.u8());
    in.expect_end();
  } catch (const lifeboat::Exception& e) {
    LIFEBOAT_CHECK(e.code() == lifeboat::Code::kCorruption);
  }
  return 0;
}
