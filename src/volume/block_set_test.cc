#include "volume/block_set.h"

#include <gtest/gtest.h>

#include <iostream>
#include <random>
#include <set>

#include "base/error.h"
#include "volume/chunk_bits.h"

namespace lifeboat::volume {
namespace {

Bytes encoded(const BlockSet& set) {
  Encoder out;
  set.encode(out);
  return out.take();
}

BlockSet decoded(ByteView bytes) {
  Decoder in(bytes, "set");
  BlockSet set = BlockSet::decode(in);
  in.expect_end();
  return set;
}

std::set<std::uint64_t> blocks_of(const BlockSet& set) {
  std::set<std::uint64_t> blocks;
  set.for_each([&](std::uint64_t chunk, BlockMask mask) {
    for (std::uint32_t i = 0; i < kBlocksPerChunk; ++i) {
      if (((mask >> i) & 1U) != 0) blocks.insert(chunk * kBlocksPerChunk + i);
    }
  });
  return blocks;
}

TEST(BlockSet, AgreesWithAPlainSetThroughRandomChanges) {
  const auto seed = std::random_device()();
  std::cout << "seed " << seed << "\n" << std::flush;
  std::mt19937 random(seed);
  // Blocks near each other, and some far away, so that pages come and go.
  const auto block = [&] { return std::uint64_t{random() % 3} * 1'000'000'007 + random() % 5000; };
  BlockSet set;
  std::set<std::uint64_t> model;
  for (int i = 0; i < 3000; ++i) {
    const std::uint64_t first = block();
    const std::uint64_t last = first + random() % 200;
    switch (random() % 8) {
      case 0:
        set.remove_from(first);
        model.erase(model.lower_bound(first), model.end());
        break;
      case 1:
        for_each_mask(first, last, [&](std::uint64_t chunk, BlockMask mask) { set.remove(chunk, mask); });
        model.erase(model.lower_bound(first), model.lower_bound(last));
        break;
      case 2: {
        BlockSet other;
        other.add_blocks(first, last);
        set.remove_all(other);
        model.erase(model.lower_bound(first), model.lower_bound(last));
        break;
      }
      case 3: {
        BlockSet other;
        other.add_blocks(first, last);
        set.add_all(other);
        for (std::uint64_t b = first; b < last; ++b) model.insert(b);
        break;
      }
      default:
        set.add_blocks(first, last);
        for (std::uint64_t b = first; b < last; ++b) model.insert(b);
    }
    ASSERT_EQ(set.count(), model.size()) << "step " << i;
    ASSERT_EQ(set.empty(), model.empty());
    ASSERT_EQ(set.contains(first), model.contains(first)) << "step " << i;
    const auto end = model.upper_bound(first + 20);
    const auto in_range = static_cast<std::uint64_t>(std::distance(model.lower_bound(first), end));
    ASSERT_EQ(set.contains_all(first, first + 21), in_range == 21) << "step " << i;
  }
  EXPECT_EQ(blocks_of(set), model);
  EXPECT_EQ(blocks_of(decoded(encoded(set))), model);
}

TEST(BlockSet, EncodingIsWhatTheDocumentSays) {
  BlockSet set;
  set.add(3, 0x80000001U);
  set.add(200, 0x00000ff0U);
  EXPECT_EQ(to_hex(encoded(set)),
            "02"
            "0301000080"
            "c501f00f0000");
}

TEST(BlockSet, RemovingFromInsideAChunkKeepsWhatLiesBefore) {
  BlockSet set;
  set.add_blocks(0, 100);
  set.remove_from(40);
  EXPECT_EQ(set.count(), 40U);
  EXPECT_TRUE(set.contains_all(0, 40));
  set.remove_from(0);
  EXPECT_TRUE(set.empty());
  EXPECT_EQ(set.pages(), 0U);
}

TEST(BlockSet, RefusesWhatNoEncoderWrites) {
  const auto refused = [](std::string_view hex) {
    try {
      decoded(from_hex(hex));
      return false;
    } catch (const Exception& error) {
      return error.code() == Code::kCorruption;
    }
  };
  EXPECT_TRUE(refused("01"));                              // nothing behind the count
  EXPECT_TRUE(refused("010300000000"));                    // empty mask
  EXPECT_TRUE(refused("0203010000000001000000"));          // the same chunk twice
  EXPECT_TRUE(refused("01ffffffffffffffffff0101000000"));  // beyond the last chunk
  Encoder sum;                                             // each distance is in range, their sum is not
  sum.varint(2);
  for (int i = 0; i < 2; ++i) {
    sum.varint(kChunkNumberMax);
    sum.u32(1);
  }
  EXPECT_TRUE(refused(to_hex(sum.bytes())));
  EXPECT_TRUE(refused("ffffffff0f0301000000"));  // a count of more than there can be
  EXPECT_FALSE(refused("010301000000"));
}

TEST(ChunkBits, RunsNameWhatIsSet) {
  ChunkBits bits(200);
  for (const std::uint64_t chunk : {0U, 1U, 2U, 63U, 64U, 65U, 130U, 199U}) EXPECT_TRUE(bits.set(chunk));
  EXPECT_FALSE(bits.set(64));
  EXPECT_FALSE(bits.set(200));
  const std::vector<ChunkRun> expected{{0, 3}, {63, 66}, {130, 131}, {199, 200}};
  EXPECT_EQ(bits.runs(), expected);
  EXPECT_EQ(bits.count(), 8U);
  EXPECT_TRUE(bits.reset(64));
  EXPECT_FALSE(bits.reset(64));
  EXPECT_FALSE(bits.test(64));
  EXPECT_FALSE(bits.test(5000));
}

TEST(ChunkBits, ResizingCutsAndKeeps) {
  ChunkBits bits(130);
  for (std::uint64_t chunk = 0; chunk < 130; ++chunk) bits.set(chunk);
  EXPECT_TRUE(bits.full());
  const ChunkBits fewer = bits.resized(70);
  EXPECT_EQ(fewer.count(), 70U);
  EXPECT_TRUE(fewer.full());
  const ChunkBits more = fewer.resized(130);
  EXPECT_EQ(more.runs(), (std::vector<ChunkRun>{{0, 70}}));
}

TEST(ChunkBits, TakingLeavesNothing) {
  ChunkBits bits(100);
  bits.set(7);
  const ChunkBits taken = bits.take();
  EXPECT_EQ(taken.runs(), (std::vector<ChunkRun>{{7, 8}}));
  EXPECT_EQ(bits.count(), 0U);
  EXPECT_EQ(bits.size(), 100U);
}

}  // namespace
}  // namespace lifeboat::volume
