// A set of blocks either decodes to what encodes to an equal set, or is refused as damaged.
#include "base/error.h"
#include "volume/block_set.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace lifeboat;
  try {
    Decoder in({data, size}, "fuzz");
    const volume::BlockSet set = volume::BlockSet::decode(in);
    Encoder out;
    set.encode(out);
    Decoder again(out.bytes(), "again");
    const volume::BlockSet back = volume::BlockSet::decode(again);
    again.expect_end();
    LIFEBOAT_CHECK(back.count() == set.count());
    set.for_each([&](std::uint64_t chunk, vault::BlockMask mask) { LIFEBOAT_CHECK(back.mask(chunk) == mask); });
  } catch (const Exception& e) {
    if (e.code() != Code::kCorruption) __builtin_trap();
  }
  return 0;
}
