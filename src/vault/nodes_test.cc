// Node codecs: random trees survive encoding, the layout is what the document says, and damage is refused.
#include <gtest/gtest.h>

#include <algorithm>
#include <random>

#include "base/error.h"
#include "vault/chunk_nodes.h"
#include "vault/directory_nodes.h"

namespace lifeboat::vault {
namespace {

class Maker {
 public:
  explicit Maker(std::uint32_t seed) : random_(seed) {
    for (Id& id : packs_) std::ranges::generate(id, [this] { return static_cast<std::uint8_t>(random_()); });
  }

  std::uint32_t any() { return static_cast<std::uint32_t>(random_()); }
  std::uint32_t below(std::size_t bound) { return any() % static_cast<std::uint32_t>(bound); }

  RecordRef record() { return {packs_[below(packs_.size())], any(), 17 + below(1U << 20U)}; }

  ChunkRef chunk(ChunkKind kind) {
    ChunkRef ref;
    ref.kind = kind;
    if (kind == ChunkKind::kHole) return ref;
    ref.record = record();
    if (kind == ChunkKind::kDelta) ref.base = record();
    std::ranges::generate(ref.digest, [this] { return static_cast<std::uint8_t>(random_()); });
    return ref;
  }

  ChunkRef any_chunk() { return chunk(static_cast<ChunkKind>(below(3))); }

  ChunkNode chunk_node(std::uint8_t level) {
    ChunkNode node = ChunkNode::empty(level);
    const std::uint32_t density = below(5);
    for (std::size_t slot = 0; slot < kFanout; ++slot) {
      if (below(4) >= density) continue;
      if (level == 1) {
        node.chunks[slot] = any_chunk();
      } else {
        node.children[slot] = record();
      }
    }
    return node;
  }

  DirectoryNode leaf(std::size_t entries) {
    DirectoryNode node;
    for (std::size_t i = 0; i < entries; ++i) {
      FileEntry entry;
      entry.path = format("db{:02}/table{:06}.ibd", i / 10, i);
      entry.type = static_cast<FileType>(1 + below(3));
      entry.mode = below(07777);
      entry.uid = any();
      entry.gid = any();
      entry.mtime_ns = std::int64_t{any()} * (any() >> 1U) * (below(2) == 0 ? 1 : -1);
      if (entry.type == FileType::kSymlink) entry.link_target = "../elsewhere";
      if (entry.type == FileType::kFile) fill(entry);
      node.entries.push_back(std::move(entry));
    }
    return node;
  }

 private:
  void fill(FileEntry& entry) {
    entry.size = (std::uint64_t{any()} << below(20)) + std::uint64_t{4} * kChunkBytes;
    entry.chunks.depth = static_cast<std::uint8_t>(below(kChunkDepthMax + 1));
    if (entry.chunks.depth > 0) {
      entry.chunks.root = record();
    } else {
      for (std::uint32_t i = below(5); i > 0; --i) entry.chunks.inline_chunks.push_back(any_chunk());
    }
  }

  std::mt19937 random_;
  std::array<Id, 5> packs_{};
};

template <typename F>
void expect_corruption(const F& f) {
  try {
    f();
    ADD_FAILURE() << "damage went unnoticed";
  } catch (const Exception& e) {
    EXPECT_EQ(e.code(), Code::kCorruption) << e.what();
  }
}

TEST(ChunkNodes, random_nodes_survive_encoding) {
  Maker make(1);
  for (int round = 0; round < 200; ++round) {
    const ChunkNode node = make.chunk_node(static_cast<std::uint8_t>(1 + round % kChunkDepthMax));
    EXPECT_EQ(decode_chunk_node(encode_chunk_node(node), "test"), node);
  }
}

TEST(ChunkNodes, layout_is_as_documented) {
  ChunkNode node = ChunkNode::empty(1);
  ChunkRef ref;
  ref.kind = ChunkKind::kPlain;
  ref.record = {.pack = {1, 2, 3}, .offset = 300, .length = 20};
  ref.digest = {9};
  node.chunks[2] = ref;
  Encoder expected;
  expected.u8(1);                                               // level
  expected.u8(1);                                               // one pack
  expected.raw(ref.record.pack);                                //
  expected.raw(as_bytes({"\x02\x01\x01\x00\xac\x02\x14", 7}));  // 2 holes, 1 present: plain, pack 0, at 300, 20 bytes
  expected.raw(ref.digest);                                     //
  expected.raw(as_bytes({"\xfd\x01\x00", 3}));                  // 253 holes, none present
  EXPECT_EQ(encode_chunk_node(node), expected.bytes());
}

TEST(ChunkNodes, every_truncation_is_refused) {
  Maker make(2);
  ChunkNode node = make.chunk_node(1);
  node.chunks[255] = make.chunk(ChunkKind::kDelta);
  const Bytes whole = encode_chunk_node(node);
  for (std::size_t size = 0; size < whole.size(); ++size) {
    expect_corruption([&] { decode_chunk_node(ByteView(whole).first(size), "test"); });
  }
  Bytes longer = whole;
  longer.push_back(0);
  expect_corruption([&] { decode_chunk_node(longer, "test"); });
}

TEST(ChunkNodes, wrong_values_are_refused) {
  const auto refused = [](std::string_view bytes) {
    expect_corruption([&] { decode_chunk_node(as_bytes(bytes), "test"); });
  };
  refused({"\x00\x00\x80\x02\x00", 5});                       // level 0
  refused({"\x07\x00\x80\x02\x00", 5});                       // level 7
  refused({"\x01\x00\x81\x02\x00", 5});                       // 257 holes
  refused({"\x01\x00\x00\x00\x80\x02\x00", 7});               // an empty run
  refused({"\x02\x00\x00\x01\x00\x20\x20\xff\x01\x00", 10});  // pack index out of range
}

TEST(ChunkMaps, reach_and_depth_fit_together) {
  EXPECT_EQ(chunk_map_depth(0), 0);
  EXPECT_EQ(chunk_map_depth(4), 0);
  EXPECT_EQ(chunk_map_depth(5), 1);
  EXPECT_EQ(chunk_map_depth(256), 1);
  EXPECT_EQ(chunk_map_depth(257), 2);
  EXPECT_EQ(chunk_map_depth(std::uint64_t{3} << (40U - 17U)), 4);
  EXPECT_EQ(chunk_map_depth(chunk_count(kFileBytesMax)), kChunkDepthMax);
}

TEST(DirectoryNodes, random_leaves_survive_encoding) {
  Maker make(3);
  for (std::size_t entries : {0U, 1U, 2U, 17U, 256U}) {
    const DirectoryNode node = make.leaf(entries);
    EXPECT_EQ(decode_directory_node(encode_directory_node(node), "test"), node);
  }
}

TEST(DirectoryNodes, inner_nodes_survive_encoding) {
  Maker make(4);
  DirectoryNode node;
  node.level = 2;
  for (int i = 0; i < 100; ++i) node.children.push_back({format("db/t{:03}", i), make.record()});
  EXPECT_EQ(decode_directory_node(encode_directory_node(node), "test"), node);
}

TEST(DirectoryNodes, every_truncation_is_refused) {
  Maker make(5);
  const Bytes whole = encode_directory_node(make.leaf(20));
  for (std::size_t size = 0; size < whole.size(); ++size) {
    expect_corruption([&] { decode_directory_node(ByteView(whole).first(size), "test"); });
  }
}

TEST(DirectoryNodes, disorder_is_refused) {
  Maker make(6);
  DirectoryNode node = make.leaf(20);
  std::swap(node.entries[3], node.entries[4]);
  expect_corruption([&] { decode_directory_node(encode_directory_node(node), "test"); });
  node = make.leaf(20);
  node.entries[4].path = node.entries[3].path;
  expect_corruption([&] { decode_directory_node(encode_directory_node(node), "test"); });
}

TEST(DirectoryNodes, paths_that_leave_the_image_are_refused) {
  for (const char* path : {"", "/etc/passwd", "..", "a/../../b", "a//b", "a/", "./a", "a/."}) {
    EXPECT_FALSE(valid_path(path)) << path;
    DirectoryNode node;
    node.entries.emplace_back().path = path;
    expect_corruption([&] { decode_directory_node(encode_directory_node(node), "test"); });
  }
  EXPECT_FALSE(valid_path(std::string_view("a\0b", 3)));
  EXPECT_FALSE(valid_path(std::string(kPathBytesMax + 1, 'a')));
  EXPECT_TRUE(valid_path("db/.hidden"));
  EXPECT_TRUE(valid_path("..a/b.."));
}

}  // namespace
}  // namespace lifeboat::vault
