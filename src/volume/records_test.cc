#include "volume/records.h"

#include <gtest/gtest.h>

#include <set>

#include "base/error.h"
#include "volume/record_samples.h"

namespace lifeboat::volume {
namespace {

Code code_of(ByteView bytes) {
  try {
    Decoder in(bytes, "record");
    static_cast<void>(decode_record(in));
    in.expect_end();
  } catch (const Exception& error) {
    return error.code();
  }
  return Code::kInternal;
}

TEST(Records, EveryTypeComesBackAsItWent) {
  std::set<std::size_t> types;
  for (const Record& record : sample_records()) {
    const Bytes bytes = encode_record(record);
    Decoder in(bytes, "record");
    const Record back = decode_record(in);
    EXPECT_EQ(in.left(), 0U);
    EXPECT_EQ(back.index(), record.index());
    EXPECT_EQ(encode_record(back), bytes) << "type " << record.index() + 1;
    types.insert(record.index());
  }
  EXPECT_EQ(types.size(), std::variant_size_v<Record>);
}

TEST(Records, TypeNumbersAreTheDocuments) {
  EXPECT_EQ(encode_record(FreezeRecord{}), Bytes{7});
  EXPECT_EQ(to_hex(encode_record(ResizeRecord{5, 300, -1})), "0605ac0201");
  EXPECT_EQ(to_hex(encode_record(HydratedRecord{5, 11, {{2, 3}, {10, 12}}})), "0b050b0202010702");
}

TEST(Records, AnyThatIsCutShortIsRefused) {
  for (const Record& record : sample_records()) {
    const Bytes bytes = encode_record(record);
    for (std::size_t length = 0; length < bytes.size(); ++length) {
      EXPECT_EQ(code_of(ByteView(bytes).first(length)), Code::kCorruption)
          << "type " << record.index() + 1 << " cut to " << length;
    }
  }
}

TEST(Records, ValuesOutOfRangeAreRefused) {
  EXPECT_EQ(code_of(from_hex("00")), Code::kCorruption);
  EXPECT_EQ(code_of(from_hex("0f")), Code::kCorruption);
  ResizeRecord resize{5, kFileBytesMax + 1, 0};
  EXPECT_EQ(code_of(encode_record(resize)), Code::kCorruption);
  NodeRecord node{.inode = 5, .parent = 1, .name = std::string(256, 'n')};
  EXPECT_EQ(code_of(encode_record(node)), Code::kCorruption);
  EvictedRecord evicted{5, {{kChunkNumberMax, kChunkNumberMax + 1}}};
  EXPECT_EQ(code_of(encode_record(evicted)), Code::kCorruption);
  LayerRecord layer{.inode = 5, .limit = kFileBytesMax + 1};
  EXPECT_EQ(code_of(encode_record(layer)), Code::kCorruption);
}

}  // namespace
}  // namespace lifeboat::volume
