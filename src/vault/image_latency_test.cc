// On a store with latency, trees and chunks are read in few gets; and what is read is the same.
#include <gtest/gtest.h>

#include <atomic>
#include <mutex>

#include "store/store_testing.h"
#include "vault/chunk_codec.h"
#include "vault/image_reader.h"
#include "vault/image_testing.h"
#include "vault/image_writer.h"

namespace lifeboat::vault {
namespace {

/// Says that it is far away, and counts what it is asked.
class FarStore : public store::ForwardingStore {
 public:
  FarStore(std::unique_ptr<Store> near, std::atomic<int>& gets) : ForwardingStore(std::move(near)), gets_(gets) {}

  void get_range(std::string_view name, std::uint64_t offset, ByteSpan out) override {
    ++gets_;
    ForwardingStore::get_range(name, offset, out);
  }
  Bytes get(std::string_view name, std::size_t max_size) override {
    ++gets_;
    return ForwardingStore::get(name, max_size);
  }
  std::chrono::milliseconds latency() const override { return std::chrono::milliseconds(20); }

 private:
  std::atomic<int>& gets_;
};

class ImageLatencyTest : public testing::Test {
 protected:
  ImageLatencyTest()
      : far_(Vault::open(std::make_unique<FarStore>(near_.open_store(), gets_), credential(TestVault::kPassphrase))) {}

  int gets_of(const std::function<void()>& work) {
    gets_ = 0;
    work();
    return gets_;
  }

  CacheInTempDir cache_;
  TestVault near_;
  std::atomic<int> gets_{0};
  std::unique_ptr<Vault> far_;
};

TEST_F(ImageLatencyTest, ManyTablesAreListedInFewGets) {
  ImageName name;
  {
    ImageWriter writer(*near_, nullptr);
    for (int i = 0; i < 40'000; ++i) {
      writer.put_entry({.path = format("db/table{:06}.ibd", i), .size = kChunkBytes, .link_target = {}, .chunks = {}});
    }
    name = writer.publish({}, false).name;
  }
  int entries = 0;
  const int gets = gets_of([&] {
    ImageReader reader(*far_, name);
    reader.for_each_entry([&](const FileEntry&) { ++entries; });
  });
  EXPECT_EQ(entries, 40'000);
  EXPECT_LT(gets, 10);
}

TEST_F(ImageLatencyTest, AFileIsReadInFewGets) {
  constexpr std::uint64_t kChunks = 20'000;
  ContentMaker make(1);
  std::vector<Bytes> contents;
  ImageName name;
  {
    ImageWriter writer(*near_, nullptr, {.pack_bytes = std::size_t{1} << 20U});
    std::vector<ChunkRef> refs;
    for (int i = 0; i < 64; ++i) {
      contents.push_back(make.bytes(kChunkBytes));
      refs.push_back(writer.store_chunk(contents.back(), {}));
    }
    ChunkMapEditor chunks(writer, {}, 0);
    for (std::uint64_t i = 0; i < kChunks; ++i) chunks.set(i, refs[i % refs.size()]);
    writer.put_entry({.path = "f", .size = kChunks * kChunkBytes, .link_target = {}, .chunks = chunks.finish(kChunks)});
    name = writer.publish({}, false).name;
  }
  std::vector<ChunkRequest> wanted;
  std::optional<ImageReader> reader;
  const int node_gets = gets_of([&] {
    reader.emplace(*far_, name);
    reader->for_each_chunk(reader->find("f").value(), 0, kChunks,
                           [&](std::uint64_t index, const ChunkRef& ref) { wanted.push_back({ref, index}); });
  });
  EXPECT_EQ(wanted.size(), kChunks);
  EXPECT_LT(node_gets, 10);

  wanted.resize(contents.size());
  std::atomic<int> right{0};
  const int chunk_gets = gets_of([&] {
    reader->read_chunks(wanted, 2, [&](const ChunkRequest& request, ByteView content) {
      right += std::ranges::equal(content, contents[request.tag]) ? 1 : 0;
    });
  });
  EXPECT_EQ(right, 64);
  EXPECT_LE(chunk_gets, 10);  // one for each pack of 1 MiB
}

}  // namespace
}  // namespace lifeboat::vault
