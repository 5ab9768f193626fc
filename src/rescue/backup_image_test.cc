#include "rescue/backup_image.h"

#include <gtest/gtest.h>

#include <map>
#include <random>

#include "rescue/backup_stream_testing.h"
#include "vault/export.h"
#include "vault/image_testing.h"

namespace lifeboat::rescue {
namespace {

using vault::ContentMaker;
using vault::kChunkBytes;

using Files = std::map<std::string, Bytes>;

std::string_view text(const Bytes& bytes) {
  return as_text(bytes);
}

class BackupImageTest : public testing::Test {
 protected:
  vault::ImageInfo make(const StreamWriter& stream, const vault::ImageName& parent = {}) {
    std::optional<vault::ImageReader> reader;
    if (!parent.empty()) reader.emplace(*vault_, parent);
    BackupImage image(*vault_, reader ? &*reader : nullptr, 2);
    BackupStreamDecoder decoder(image);
    decoder.feed(stream.bytes());
    decoder.finish();
    image.settle();
    return image.publish({.origin = "test"});
  }

  Files files_of(const vault::ImageName& name) {
    vault::ImageReader reader(*vault_, name);
    const TempDir out;
    vault::export_image(reader, {.directory = out.path() / "image"});
    return vault::tree_state(out.path() / "image").contents;
  }

  vault::CacheInTempDir cache_;
  vault::TestVault vault_;
};

/// Files cut into pieces that take turns at random, each file's in order.
StreamWriter interleaved(const Files& files, std::uint32_t seed) {
  ContentMaker random(seed);
  std::map<std::string, std::size_t> sent;
  for (const auto& [path, content] : files) sent[path] = 0;
  StreamWriter stream;
  while (!sent.empty()) {
    const auto at = std::next(sent.begin(), random.below(sent.size()));
    const ByteView content = files.at(at->first);
    const std::size_t size = std::min<std::size_t>(content.size() - at->second, 1 + random.below(700'000));
    if (size > 0) stream.content(at->first, at->second, content.subspan(at->second, size));
    at->second += size;
    if (at->second == content.size()) {
      stream.end(at->first);
      sent.erase(at);
    }
  }
  return stream;
}

TEST_F(BackupImageTest, FilesOfAnySizeComeOutAsTheyCame) {
  const std::uint32_t seed = std::random_device()();
  SCOPED_TRACE(seed);
  ContentMaker random(seed);
  Files files;
  for (std::size_t size : {0U, 1U, 4096U, kChunkBytes - 1, kChunkBytes, kChunkBytes + 1, 9 * kChunkBytes, 3'000'001U}) {
    files[format("db/t{}.ibd", size)] = random.bytes(size);
    files[format("top{}", size)] = random.bytes(size);
  }
  EXPECT_EQ(files_of(make(interleaved(files, seed)).name), files);
}

TEST_F(BackupImageTest, ARepeatedSeedStoresOnlyWhatChanged) {
  ContentMaker random(1);
  Files files;
  for (int i = 0; i < 20; ++i) files[format("db/t{}.ibd", i)] = random.bytes(1'000'000);
  const vault::ImageInfo first = make(interleaved(files, 1));
  files["db/t3.ibd"][500'000] ^= 1;
  files.erase("db/t7.ibd");
  const vault::ImageInfo second = make(interleaved(files, 2), first.name);
  EXPECT_EQ(files_of(second.name), files);
  EXPECT_EQ(second.files, 19U);
  EXPECT_LT(second.new_bytes, first.new_bytes / 100);
}

TEST_F(BackupImageTest, AShorterFileLeavesNothingOfItsParent) {
  ContentMaker random(2);
  const Bytes before = random.bytes(5'000'000);
  const vault::ImageInfo first = make(StreamWriter().content("db/t.ibd", 0, before).end("db/t.ibd"));
  const Bytes after(before.begin(), before.begin() + 300'000);
  const vault::ImageInfo second = make(StreamWriter().content("db/t.ibd", 0, after).end("db/t.ibd"), first.name);
  EXPECT_EQ(files_of(second.name).at("db/t.ibd"), after);
}

TEST_F(BackupImageTest, WhatASeekLeavesOutIsZerosWhateverTheParentHas) {
  ContentMaker random(3);
  const Bytes before = random.bytes(4'000'000);
  const vault::ImageInfo first = make(StreamWriter().content("db/t.ibd", 0, before).end("db/t.ibd"));
  for (std::uint64_t hole : {100'000U, 1'000'000U, 3'000'000U}) {
    StreamWriter stream;
    stream.content("db/t.ibd", 0, random.bytes(50'000)).seek("db/t.ibd", 50'000 + hole);
    stream.content("db/t.ibd", 50'000 + hole, std::string_view("end")).end("db/t.ibd");
    const Bytes content = files_of(make(stream, first.name).name).at("db/t.ibd");
    ASSERT_EQ(content.size(), 50'003 + hole);
    EXPECT_TRUE(all_zero(ByteView(content).subspan(50'000, hole))) << hole;
    EXPECT_EQ(as_text(ByteView(content).last(3)), "end");
  }
}

TEST_F(BackupImageTest, ASeekBackIntoTheHeadIsFollowedHoweverMuchCameSince) {
  ContentMaker random(4);
  Bytes content = random.bytes(3'000'000);
  StreamWriter stream;
  stream.content("aria_log.00000001", 0, content).seek("aria_log.00000001", 20);
  stream.content("aria_log.00000001", 20, std::string_view("LSNLSNL")).end("aria_log.00000001");
  const Bytes kept = files_of(make(stream).name).at("aria_log.00000001");
  std::ranges::copy(std::string_view("LSNLSNL"), content.begin() + 20);
  EXPECT_EQ(kept, content);
}

TEST_F(BackupImageTest, ASeekBackElsewhereIsRefused) {
  ContentMaker random(5);
  StreamWriter stream;
  stream.content("db/t.ibd", 0, random.bytes(3'000'000)).seek("db/t.ibd", 1'000'000);
  stream.content("db/t.ibd", 1'000'000, std::string_view("x")).end("db/t.ibd");
  EXPECT_EQ(vault::error_of([&] { make(stream); }).code, Code::kUnsupported);
  EXPECT_TRUE(vault::list_images(*vault_).empty());
}

TEST_F(BackupImageTest, MarkersOfDdlDuringTheBackupAreApplied) {
  StreamWriter stream;
  stream.file("db/dropped.ibd", "1").file("db/a.ibd", "a").file("db/b.ibd", "b").file("db/stale.ibd", "old");
  stream.file("db/dropped.del", "").file("db/a.ren", "db/b").file("db/b.ren", "other/a");
  stream.file("db/stale.new", "new").file("db/made.new", "made").file("db/never.ren", "db/ever");
  Files files;
  for (const auto& [path, content] : files_of(make(stream).name)) files[path] = content;
  std::map<std::string, std::string> texts;
  for (const auto& [path, content] : files) texts[path] = text(content);
  EXPECT_EQ(texts, (std::map<std::string, std::string>{
                       {"db/b.ibd", "a"}, {"other/a.ibd", "b"}, {"db/stale.ibd", "new"}, {"db/made.ibd", "made"}}));
}

TEST_F(BackupImageTest, AFileComesTwiceOnlyIfItIsMeantTo) {
  StreamWriter twice;
  twice.file("db/t.ibd", "one").file("db/t.ibd", "two");
  EXPECT_EQ(vault::error_of([&] { make(twice); }).code, Code::kCorruption);
  StreamWriter meant;
  meant.file("db/t.ibd", "one").content("db/t.ibd", 0, std::string_view("2"), 2).end("db/t.ibd");
  EXPECT_EQ(text(files_of(make(meant).name).at("db/t.ibd")), "2");
}

TEST_F(BackupImageTest, OtherKindsOfBackupAreRefused) {
  for (const char* path : {"db/t.ibd.delta", "db/t.ibd.meta", "db/t.ibd.qp", "db/t.ibd.xbcrypt"}) {
    EXPECT_EQ(vault::error_of([&] { make(StreamWriter().file(path, "x")); }).code, Code::kUnsupported) << path;
  }
}

TEST_F(BackupImageTest, AStreamThatEndsTooEarlyLeavesNoImage) {
  EXPECT_EQ(vault::error_of([&] { make(StreamWriter().content("ibdata1", 0, std::string_view("x"))); }).code,
            Code::kUnavailable);
  EXPECT_TRUE(vault::list_images(*vault_).empty());
}

}  // namespace
}  // namespace lifeboat::rescue
