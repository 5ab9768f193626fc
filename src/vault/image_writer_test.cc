// ImageWriter and ChunkMapEditor against models: whatever is written in whatever steps is what is read.
#include "vault/image_writer.h"

#include <fcntl.h>
#include <gtest/gtest.h>

#include <bit>
#include <map>
#include <thread>

#include "vault/chunk_codec.h"
#include "vault/directory_nodes.h"
#include "vault/image_testing.h"
#include "vault/keys.h"

namespace lifeboat::vault {
namespace {

class ImageWriterTest : public testing::Test {
 protected:
  ImageWriterTest() { make_.emplace(seed_); }

  /// Some reference; for maps that are never read through.
  ChunkRef any_ref() {
    ChunkRef ref;
    ref.kind = ChunkKind::kPlain;
    for (std::uint8_t& byte : ref.record.pack) byte = static_cast<std::uint8_t>(make_->below(4));
    ref.record.offset = make_->any();
    ref.record.length = 17 + make_->below(100'000);
    for (std::uint8_t& byte : ref.digest) byte = static_cast<std::uint8_t>(make_->any());
    return ref;
  }

  Digest digest_of_content(ByteView content) { return digest_of(vault_->keys().block_prf(), content); }

  std::uint32_t seed_ = std::random_device{}();
  testing::ScopedTrace trace_{__FILE__, __LINE__, format("seed {}", seed_)};
  std::optional<ContentMaker> make_;
  CacheInTempDir cache_;
  TestVault vault_;
};

TEST_F(ImageWriterTest, ChunkMapsEditedInRandomStepsAreAsTheModel) {
  std::map<std::uint64_t, ChunkRef> model;
  std::uint64_t chunks = 0;
  ImageName name;
  const std::array<std::uint64_t, 7> sizes{0, 3, 200, 300, 70'000, 66'000, 17'000'000};
  for (int round = 0; round < 25; ++round) {
    std::optional<ImageReader> parent;
    if (!name.empty()) parent.emplace(*vault_, name);
    ImageWriter writer(*vault_, parent ? &*parent : nullptr);
    FileEntry file = parent ? parent->find("f").value() : FileEntry{.path = "f", .link_target = {}, .chunks = {}};
    ChunkMapEditor editor(writer, file.chunks, chunks);
    const std::uint64_t before = chunks;
    chunks = round % 3 == 2 ? chunks : sizes[make_->below(sizes.size())];
    model.erase(model.lower_bound(chunks), model.end());
    std::uint64_t at = 0;
    for (int step = 0; step < 40; ++step) {
      at += make_->below(2) == 0 ? make_->below(3) : make_->below(std::max<std::uint64_t>(chunks / 20, 2));
      if (at >= chunks) break;
      if (at < before) EXPECT_EQ(editor.previous(at), model.contains(at) ? model[at] : ChunkRef{});
      if (make_->below(8) == 0) {
        const std::uint64_t end = std::min<std::uint64_t>(at + make_->below(1000), chunks);
        editor.clear(at, end);
        model.erase(model.lower_bound(at), model.lower_bound(end));
        at = end;
        continue;
      }
      const ChunkRef ref = make_->below(5) == 0 ? ChunkRef{} : any_ref();
      editor.set(at, ref);
      model.erase(at);
      if (ref.kind != ChunkKind::kHole) model[at] = ref;
      ++at;
    }
    file.chunks = editor.finish(chunks);
    file.size = chunks * kChunkBytes;
    writer.put_entry(file);
    name = writer.publish({}, true).name;

    ImageReader reader(*vault_, name);
    const FileEntry read = reader.find("f").value();
    std::map<std::uint64_t, ChunkRef> found;
    reader.for_each_chunk(read, 0, chunks, [&](std::uint64_t index, const ChunkRef& ref) { found[index] = ref; });
    ASSERT_EQ(found, model) << "round " << round;
    for (int i = 0; i < 50 && chunks > 0; ++i) {
      const std::uint64_t index = make_->any() % chunks;
      EXPECT_EQ(reader.chunk(read, index), model.contains(index) ? model[index] : ChunkRef{});
    }
    EXPECT_EQ(reader.chunk(read, chunks), ChunkRef{});
  }
}

TEST_F(ImageWriterTest, AnEmptyEditKeepsTheMap) {
  ImageWriter first(*vault_, nullptr);
  ChunkMapEditor editor(first, {}, 0);
  for (std::uint64_t i = 0; i < 1000; ++i) editor.set(i, any_ref());
  FileEntry file{
      .path = "f", .size = std::uint64_t{1000} * kChunkBytes, .link_target = {}, .chunks = editor.finish(1000)};
  first.put_entry(file);
  const ImageName name = first.publish({}, false).name;
  ImageReader parent(*vault_, name);
  ImageWriter second(*vault_, &parent);
  ChunkMapEditor untouched(second, file.chunks, 1000);
  EXPECT_EQ(untouched.finish(1000), file.chunks);
  ChunkMapEditor same(second, file.chunks, 1000);
  same.set(700, same.previous(700));
  EXPECT_EQ(same.finish(1000), file.chunks);
  EXPECT_EQ(second.bytes_stored(), 0U);
}

/// Chunks changed again and again through update_chunk, with and without the previous blocks at hand.
TEST_F(ImageWriterTest, UpdatedChunksHoldWhatTheyWereUpdatedTo) {
  constexpr std::uint64_t kChunks = 12;
  std::vector<Bytes> model(kChunks, Bytes(kChunkBytes));
  ImageName name;
  int deltas = 0;
  for (int round = 0; round < 30; ++round) {
    std::optional<ImageReader> parent;
    if (!name.empty()) parent.emplace(*vault_, name);
    ImageWriter writer(*vault_, parent ? &*parent : nullptr);
    const ChunkMap before = parent ? parent->find("f")->chunks : ChunkMap{};
    ChunkMapEditor editor(writer, before, parent ? kChunks : 0);
    for (std::uint64_t i = 0; i < kChunks; ++i) {
      const Bytes old = model[i];
      BlockMask dirty = 0;
      for (std::uint32_t n = make_->below(4) == 0 ? make_->below(32) : make_->below(4); n > 0; --n) {
        const std::uint32_t block = make_->below(kBlocksPerChunk);
        dirty |= BlockMask{1} << block;
        const ByteSpan place = ByteSpan(model[i]).subspan(std::size_t{block} * kBlockBytes, kBlockBytes);
        switch (make_->below(6)) {
          case 0:
            break;  // dirty, but as it was
          case 1:
            std::ranges::fill(place, std::uint8_t{0});
            break;
          default:
            std::ranges::copy(make_->bytes(kBlockBytes), place.begin());
        }
      }
      ChunkSource source;
      source.current = [&](std::uint32_t block) { return block_of(model[i], block); };
      if (make_->below(2) == 0) source.previous = [&](std::uint32_t block) { return block_of(old, block); };
      const ChunkRef previous = editor.previous(i);
      const ChunkRef ref = writer.update_chunk(dirty, source, previous);
      EXPECT_EQ(ref.digest, digest_of_content(model[i]));
      if (model[i] == old) EXPECT_EQ(ref, previous);
      deltas += ref.kind == ChunkKind::kDelta ? 1 : 0;
      editor.set(i, ref);
    }
    FileEntry file{.path = "f", .size = kChunks * kChunkBytes, .link_target = {}, .chunks = editor.finish(kChunks)};
    writer.put_entry(file);
    name = writer.publish({}, false).name;
    ImageReader reader(*vault_, name);
    const FileEntry read = reader.find("f").value();
    std::vector<ChunkRequest> wanted;
    for (std::uint64_t i = 0; i < kChunks; ++i) {
      Bytes content(kChunkBytes);
      const ChunkRef ref = reader.chunk(read, i);
      reader.read_chunk(ref, content);
      ASSERT_TRUE(content == model[i]) << "round " << round << " chunk " << i;
      if (ref.kind != ChunkKind::kHole) wanted.push_back({ref, i});
    }
    std::mutex mutex;
    std::size_t delivered = 0;
    reader.read_chunks(wanted, 3, [&](const ChunkRequest& request, ByteView content) {
      const std::scoped_lock lock(mutex);
      ++delivered;
      EXPECT_TRUE(std::ranges::equal(content, model[request.tag]));
    });
    EXPECT_EQ(delivered, wanted.size());
  }
  EXPECT_GT(deltas, 20);
}

TEST_F(ImageWriterTest, AChunkThatBecomesItsBaseAgainIsStoredNowhere) {
  const Bytes content = make_->bytes(kChunkBytes);
  Bytes changed = content;
  changed[5] ^= 1;
  const auto commit = [&](const ImageName& parent_name, const Bytes& now) {
    std::optional<ImageReader> parent;
    if (!parent_name.empty()) parent.emplace(*vault_, parent_name);
    ImageWriter writer(*vault_, parent ? &*parent : nullptr, {.use_dedup_index = false});
    const ChunkRef before = parent ? parent->chunk(parent->find("f").value(), 0) : ChunkRef{};
    FileEntry file{.path = "f", .size = kChunkBytes, .link_target = {}, .chunks = {}};
    file.chunks.inline_chunks = {writer.store_chunk(now, before)};
    writer.put_entry(file);
    return writer.publish({}, false).name;
  };
  const auto ref_in = [&](const ImageName& name) {
    ImageReader reader(*vault_, name);
    return reader.chunk(reader.find("f").value(), 0);
  };
  const ImageName first = commit("", content);
  const ImageName second = commit(first, changed);
  const ImageName third = commit(second, content);
  EXPECT_EQ(ref_in(second).kind, ChunkKind::kDelta);
  EXPECT_EQ(ref_in(third), ref_in(first));
}

TEST_F(ImageWriterTest, InheritedTreesAreAsTheModel) {
  std::map<std::string, FileEntry> model;
  ImageName name;
  for (int round = 0; round < 12; ++round) {
    std::optional<ImageReader> parent;
    if (!name.empty()) parent.emplace(*vault_, name);
    ImageWriter writer(*vault_, parent ? &*parent : nullptr);
    const std::uint32_t changes = round % 3 == 0 ? 3000 : make_->below(5);
    for (std::uint32_t i = 0; i < changes; ++i) {
      const std::string path = format("db{}/table{:05}", make_->below(3), make_->below(6000));
      if (make_->below(round == 9 ? 2 : 5) == 0) {
        writer.remove_entry(path);
        model.erase(path);
      } else {
        FileEntry entry{.path = path, .size = make_->below(4) * std::uint64_t{1000}, .link_target = {}, .chunks = {}};
        entry.mode = make_->below(07777);
        model.insert_or_assign(path, entry);
        writer.put_entry(entry);
      }
    }
    const ImageInfo info = writer.publish({}, true);
    name = info.name;
    std::uint64_t bytes = 0;
    for (const auto& [path, entry] : model) bytes += entry.size;
    EXPECT_EQ(info.bytes, bytes);
    EXPECT_EQ(info.files, model.size());
    std::map<std::string, FileEntry> found;
    std::string last;
    ImageReader reader(*vault_, name);
    reader.for_each_entry([&](const FileEntry& entry) {
      EXPECT_LT(last, entry.path);
      last = entry.path;
      found[entry.path] = entry;
    });
    ASSERT_EQ(found, model) << "round " << round;
    for (const auto& [path, entry] : model) {
      if (make_->below(50) == 0) EXPECT_EQ(reader.find(path), entry);
    }
  }
}

TEST_F(ImageWriterTest, ASmallCommitOnAManyTableImageWritesOneLeaf) {
  ImageWriter writer(*vault_, nullptr);
  for (int i = 0; i < 40'000; ++i) {
    FileEntry entry{
        .path = format("db{}/table{:06}.ibd", i % 7, i), .size = kChunkBytes, .link_target = {}, .chunks = {}};
    entry.chunks.inline_chunks = {any_ref()};
    writer.put_entry(entry);
  }
  const ImageInfo first = writer.publish({}, false);
  ImageReader parent(*vault_, first.name);
  ImageWriter second(*vault_, &parent);
  FileEntry entry = parent.find("db3/table000010.ibd").value();
  entry.mode = 0640;
  second.put_entry(entry);
  const ImageInfo info = second.publish({}, true);
  EXPECT_EQ(info.files, 40'000U);
  EXPECT_LT(info.new_bytes, 40'000U);
  ImageReader reader(*vault_, info.name);
  EXPECT_EQ(reader.find("db3/table000010.ibd")->mode, 0640U);
}

TEST_F(ImageWriterTest, NothingExistsUntilItIsPublished) {
  {
    ImageWriter writer(*vault_, nullptr);
    writer.store_chunk(make_->bytes(kChunkBytes), {});
    writer.put_entry({.path = "f", .link_target = {}, .chunks = {}});
    int sessions = 0;
    vault_->store().list("sessions/", [&](const store::ObjectInfo&) { ++sessions; });
    EXPECT_EQ(sessions, 1);
  }
  for (const char* prefix : {"images/", "packs/", "sessions/"}) {
    vault_->store().list(prefix, [&](const store::ObjectInfo& object) { ADD_FAILURE() << object.name; });
  }
}

TEST_F(ImageWriterTest, ADamagedParentDoesNotKeepUsFromStoring) {
  const Bytes content = make_->bytes(kChunkBytes);
  ChunkRef ref;
  ImageName name;
  {
    ImageWriter writer(*vault_, nullptr);
    ref = writer.store_chunk(content, {});
    name = writer.publish({}, false).name;
  }
  std::string pack;
  vault_->store().list("packs/", [&](const store::ObjectInfo& object) { pack = object.name; });
  Bytes bytes = vault_.content(pack);
  bytes[ref.record.offset + 100] ^= 1;
  vault_.replace(pack, bytes);
  ImageReader parent(*vault_, name);
  ImageWriter writer(*vault_, &parent);
  Bytes changed = content;
  changed[0] ^= 1;
  const ChunkRef stored = writer.store_chunk(changed, ref);
  EXPECT_EQ(stored.kind, ChunkKind::kPlain);
  EXPECT_NE(stored.record.pack, ref.record.pack);
}

}  // namespace
}  // namespace lifeboat::vault
