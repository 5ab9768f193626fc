// The payload of a journal's records. Each record decodes to what encodes to an equal one, and all of them together
// make a catalog whose checkpoint makes the same catalog again; or they are refused as damaged.
#include "base/error.h"
#include "volume/catalog.h"

namespace {

using namespace lifeboat;
using namespace lifeboat::volume;

/// Larger images are right, but need memory for a bit per chunk.
constexpr std::uint64_t kImageBytesMax = std::uint64_t{1} << 40U;

struct Replayed {
  Space space;
  Catalog catalog{[this](std::uint64_t number) { return std::make_shared<DataFile>("/nowhere", number, space); }};

  /// False if it needs more memory than a fuzzer has.
  bool replay(ByteView payload) {
    Decoder in(payload, "fuzz");
    while (in.left() > 0) {
      Record record = decode_record(in);
      const Bytes bytes = encode_record(record);
      Decoder again(bytes, "again");
      LIFEBOAT_CHECK(encode_record(decode_record(again)) == bytes);
      again.expect_end();
      const auto* node = std::get_if<NodeRecord>(&record);
      if (node != nullptr && node->image_size > kImageBytesMax) return false;
      catalog.replay(std::move(record));
    }
    return true;
  }
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  try {
    Replayed first;
    if (!first.replay({data, size})) return 0;
    const std::vector<Bytes> checkpoint = first.catalog.checkpoint();
    Replayed second;
    for (const Bytes& payload : checkpoint) LIFEBOAT_CHECK(second.replay(payload));
    LIFEBOAT_CHECK(second.catalog.checkpoint() == checkpoint);
  } catch (const Exception& e) {
    if (e.code() != Code::kCorruption) __builtin_trap();
  }
  return 0;
}
