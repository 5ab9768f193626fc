// The engine's promises one by one; the model test (volume_model_test.cc) mixes them.
#include <gtest/gtest.h>

#include <thread>

#include "volume/volume_testing.h"

namespace lifeboat::volume {
namespace {

TEST(Volume, ShowsTheImage) {
  const Files files{{"a", pattern(1'000'000, 1)}, {"d/b", pattern(5000, 2)}, {"d/empty", {}}};
  TestVolume volume(files);
  EXPECT_EQ(volume.files(), files);
  EXPECT_EQ(volume->status().image, volume.image());
}

TEST(Volume, KeepsWritesOverReopening) {
  Files files{{"a", pattern(1'000'000, 1)}};
  TestVolume volume(files);
  const InodeNumber a = volume.inode("a");
  Bytes& model = files["a"];
  for (const auto& [offset, size] : {std::pair{0, 512}, {4096, 8192}, {100'000, 77'777}, {999'990, 5000}}) {
    const Bytes data = pattern(static_cast<std::size_t>(size), static_cast<std::uint32_t>(offset));
    volume->write(a, static_cast<std::uint64_t>(offset), data);
    put(model, static_cast<std::uint64_t>(offset), data);
  }
  EXPECT_TRUE(volume.files() == files);
  volume->fsync(a);
  volume.kill_and_open();
  EXPECT_TRUE(volume.files() == files);
}

TEST(Volume, CommitMakesAnImageOfWhatIsThere) {
  Files files{{"a", pattern(1'000'000, 1)}, {"gone", pattern(10, 5)}, {"moved", pattern(300'000, 6)}};
  TestVolume volume(files);
  const InodeNumber a = volume.inode("a");
  const Bytes data = pattern(16384, 9);
  volume->write(a, 32768, data);
  put(files["a"], 32768, data);
  const InodeNumber fresh = volume.create_file(kRootInode, "fresh");
  files["fresh"] = pattern(400'000, 10);
  volume->write(fresh, 0, files["fresh"]);
  volume->remove(kRootInode, "gone", false);
  files.erase("gone");
  volume->rename(kRootInode, "moved", kRootInode, "here", false);
  files["here"] = std::move(files["moved"]);
  files.erase("moved");
  const vault::ImageInfo info = volume->commit({});
  EXPECT_EQ(info.parent, volume.image());
  EXPECT_TRUE(volume.files_of_image(info.name) == files);
  EXPECT_TRUE(volume.files() == files);
  EXPECT_EQ(volume->status().dirty_bytes, 0U);
  volume->maintain();
  EXPECT_TRUE(volume.files() == files);
  volume.kill_and_open();
  EXPECT_TRUE(volume.files() == files);
  EXPECT_EQ(volume->status().image, info.name);
}

TEST(Volume, ACommitCountsWhatItPacks) {
  TestVolume volume({{"a", pattern(40 * kChunkBytes, 1)}, {"b", pattern(3 * kChunkBytes, 2)}});
  for (std::uint32_t i = 0; i < 30; ++i) volume->write(volume.inode("a"), i * kChunkBytes + 5, pattern(300, i));
  volume->set_attributes(volume.inode("b"), {.size = kChunkBytes + 100});  // what is cut off is not written
  volume->write(volume.inode("b"), 2 * kChunkBytes, pattern(5000, 3));
  const std::uint64_t dirty = volume->status().dirty_bytes;
  CommitProgress progress;
  volume->commit({}, progress);
  EXPECT_GE(dirty, 32 * kBlockBytes);
  EXPECT_EQ(progress.total_bytes, dirty);
  EXPECT_EQ(progress.done_bytes, dirty);
}

TEST(Volume, ChangesOfAFailedCommitAreInTheNext) {
  Files files{{"a", pattern(500'000, 1)}};
  TestVolume volume(files);
  const InodeNumber a = volume.inode("a");
  volume->write(a, 0, pattern(4096, 2));
  put(files["a"], 0, pattern(4096, 2));
  volume.store().refuse_writes = true;
  EXPECT_EQ(vault::error_of([&] { volume->commit({}); }).code, Code::kUnavailable);
  volume.store().refuse_writes = false;
  volume->write(a, 2000, pattern(8192, 3));
  put(files["a"], 2000, pattern(8192, 3));
  EXPECT_TRUE(volume.files() == files);
  const vault::ImageInfo info = volume->commit({});
  EXPECT_TRUE(volume.files_of_image(info.name) == files);
  EXPECT_TRUE(volume.files() == files);
}

TEST(Volume, HydratedItNeedsNoVault) {
  const Files files{{"a", pattern(3'000'000, 1)}, {"d/b", pattern(5000, 2)}, {"holes", Bytes(1'000'000)}};
  TestVolume volume(files);
  while (volume->hydrate(500'000)) {
  }
  EXPECT_TRUE(volume->status().hydrated);
  volume->sync_all();
  volume.close();
  volume.open(false);
  volume.store().refuse_reads = true;
  EXPECT_TRUE(volume->status().hydrated);
  EXPECT_TRUE(volume.files() == files);
  EXPECT_EQ(vault::error_of([&] { volume->commit({}); }).code, Code::kUnavailable);
}

TEST(Volume, CommitEqualsTheSnapshotWhileWritersRun) {
  // Four counters in four files, always written in the same order: in any snapshot they fall by at most one.
  Files files;
  for (const char* name : {"0", "1", "2", "3"}) files[name] = Bytes(200'000);
  TestVolume volume(files);
  std::array<InodeNumber, 4> inodes{};
  for (std::size_t i = 0; i < 4; ++i) inodes[i] = volume.inode(std::to_string(i));
  std::atomic<bool> stop{false};
  std::jthread writer([&] {
    for (std::uint8_t value = 1; !stop; value = static_cast<std::uint8_t>(value % 250 + 1)) {
      for (const InodeNumber inode : inodes) volume->write(inode, 150'000, Bytes{value});
    }
  });
  std::vector<vault::ImageName> images;
  for (int i = 0; i < 5; ++i) {
    images.push_back(volume->commit({}).name);
    volume->maintain();
  }
  stop = true;
  writer.join();
  for (const vault::ImageName& image : images) {
    Files found = volume.files_of_image(image);
    const int first = found["0"][150'000];
    for (const char* name : {"1", "2", "3"}) {
      const int value = found[name][150'000];
      EXPECT_TRUE(value == first || value == first - 1 || (first == 1 && (value == 250 || value == 0)))
          << name << ": " << value << " after " << first;
    }
  }
}

TEST(Volume, AFailedSyncStopsAllChanges) {
  class FailSync : public IoHook {
   public:
    int before(const IoEvent& event) override { return event.kind == IoKind::kSync ? EIO : 0; }
  };
  TestVolume volume({{"a", pattern(10'000, 1)}});
  const InodeNumber a = volume.inode("a");
  volume->write(a, 0, pattern(100, 2));
  {
    const InstalledHook<FailSync> hook;
    EXPECT_EQ(vault::error_of([&] { volume->fsync(a); }).code, Code::kIo);
  }
  EXPECT_EQ(vault::error_of([&] { volume->write(a, 0, pattern(100, 3)); }).code, Code::kIo);
  EXPECT_EQ(vault::error_of([&] { volume->fsync(a); }).code, Code::kIo);
  volume.kill_and_open();
  volume->write(a, 0, pattern(100, 3));
  volume->fsync(a);
}

TEST(Volume, ALogIsFilledAheadAndOtherSmallWritesAreNot) {
  class CountJournalSyncs : public IoHook {
   public:
    int before(const IoEvent& event) override {
      if (event.kind == IoKind::kSync && event.path.find("journal") != std::string::npos) ++count;
      return 0;
    }
    int count = 0;
  };
  Files files{{"log", pattern(24 * kChunkBytes, 1)}, {"table", pattern(24 * kChunkBytes, 2)}};
  TestVolume volume(files);
  while (volume->hydrate(std::uint64_t{100} << 20U)) {
  }
  const InodeNumber table = volume.inode("table");
  volume->write(table, 10 * kChunkBytes + 100, pattern(50, 3));
  put(files["table"], 10 * kChunkBytes + 100, pattern(50, 3));
  volume->fsync(table);
  EXPECT_EQ(volume->status().dirty_bytes, kChunkBytes);

  const InodeNumber log = volume.inode("log");
  const InstalledHook<CountJournalSyncs> hook;
  for (std::uint64_t at = 0; at < 24 * kChunkBytes; at += 16384) {
    volume->write(log, at, pattern(512, 4));
    put(files["log"], at, pattern(512, 4));
    volume->fsync(log);
  }
  EXPECT_LE(hook.count, 4);  // the first chunk, and eight at a time
  EXPECT_TRUE(volume.files() == files);
  volume.kill_and_open();
  EXPECT_TRUE(volume.files() == files);
}

TEST(Volume, ALogIsNotFilledAheadFromTheVault) {
  Files files{{"log", pattern(24 * kChunkBytes, 1)}};
  TestVolume volume(files);
  const InodeNumber log = volume.inode("log");
  volume->write(log, 0, pattern(kChunkBytes, 2));
  volume->write(log, kChunkBytes, pattern(512, 3));
  EXPECT_EQ(volume->status().dirty_bytes, 2 * kChunkBytes);
}

TEST(Volume, AFullDiskFailsTheWriteAndNothingElse) {
  class FullDisk : public IoHook {
   public:
    int before(const IoEvent& event) override {
      return event.kind == IoKind::kWrite && event.path.find("journal") == std::string::npos ? ENOSPC : 0;
    }
  };
  Files files{{"a", pattern(1'000'000, 1)}};
  TestVolume volume(files);
  const InodeNumber a = volume.inode("a");
  volume->write(a, 5000, pattern(100, 2));
  put(files["a"], 5000, pattern(100, 2));
  {
    const InstalledHook<FullDisk> hook;
    EXPECT_EQ(vault::error_of([&] { volume->write(a, 500'000, pattern(100, 3)); }).code, Code::kOutOfSpace);
    EXPECT_TRUE(volume.files() == files);
    volume.create_file(kRootInode, "b");
    volume->fsync(a);
    volume->fsync(kRootInode);
  }
  files["b"] = {};
  volume.kill_and_open();
  EXPECT_TRUE(volume.files() == files);
}

TEST(Volume, SpaceIsBounded) {
  TestVolume volume({{"a", pattern(4'000'000, 1)}}, {.space_max = 12U << 20U});
  volume->hydrate(100U << 20U);
  const InodeNumber b = volume.create_file(kRootInode, "b");
  const Bytes mebibyte = pattern(1U << 20U, 2);
  std::uint64_t written = 0;
  const Error error = vault::error_of([&] {
    for (; written < (64U << 20U); written += mebibyte.size()) volume->write(b, written, mebibyte);
  });
  EXPECT_EQ(error.code, Code::kOutOfSpace);
  EXPECT_GE(written, std::uint64_t{2} << 20U);
  EXPECT_LE(volume->status().local_bytes, 13U << 20U);
  volume->fsync(b);
  volume.kill_and_open();
  EXPECT_EQ(volume.content("b").size(), written);
  EXPECT_TRUE(volume.content("a") == pattern(4'000'000, 1));  // what was evicted comes from the vault again
}

TEST(Volume, BytesBeyondTheDurableSizeDoNotComeBack) {
  TestVolume volume({{"a", pattern(100, 1)}});
  const InodeNumber a = volume.inode("a");
  volume->write(a, 0, pattern(90, 2));
  volume->fsync(a);
  volume->write(a, 90, pattern(500, 3));  // in a block that is journaled
  volume.store().refuse_writes = true;
  volume->write(a, 50'000, pattern(50'000, 4));
  EXPECT_THROW(volume->commit({}), Exception);
  volume->maintain();  // the frozen layer is taken back, and its marks journaled
  volume.kill_and_open();
  const std::uint64_t size = volume->attributes(volume.inode("a")).size;
  volume.truncate(volume.inode("a"), 200'000);
  const Bytes found = volume.content("a");
  EXPECT_TRUE(all_zero(ByteView(found).subspan(size)));
}

TEST(Volume, AWriteOverATruncatedTailIsNotTornByAKill) {
  TestVolume volume({{"a", pattern(100'000, 1)}, {"b", {}}});
  const InodeNumber a = volume.inode("a");
  const InodeNumber b = volume.inode("b");
  volume->write(a, 0, pattern(50'000, 2));
  volume->fsync(a);
  volume.truncate(a, 5000);                 // inside a sector, whose end is zeroed
  volume->write(a, 4608, pattern(512, 3));  // that sector, whole
  volume.truncate(a, 8192);
  volume->write(b, 0, pattern(10, 4));
  volume->fsync(b);  // and with it the size of a, but not its content
  volume.kill_and_open();
  const Bytes found = volume.content("a");
  ASSERT_EQ(found.size(), 8192U);
  EXPECT_TRUE(std::ranges::equal(ByteView(found).subspan(4608, 512), pattern(512, 3)));
}

TEST(Volume, AVaultThatFailsRightAfterACommitHarmsNothing) {
  Files files{{"a", pattern(300'000, 1)}, {"b", pattern(300'000, 2)}};
  TestVolume volume(files);
  const auto change = [&](std::uint32_t seed) {
    volume->write(volume.inode("a"), 0, pattern(kBlockBytes, seed));
    put(files["a"], 0, pattern(kBlockBytes, seed));
  };
  change(3);
  volume.store().after_put = [&](std::string_view name) {
    if (name.starts_with("images/")) volume.store().refuse_reads = true;
  };
  EXPECT_THROW(volume->commit({}), Exception);
  EXPECT_TRUE(volume.store().refuse_reads) << "the commit did not come as far as this test wants";
  volume.store().after_put = nullptr;
  volume.store().refuse_reads = false;
  change(4);
  EXPECT_TRUE(volume.files_of_image(volume->commit({}).name) == files);
  volume->maintain();
  volume.kill_and_open();
  EXPECT_TRUE(volume.files() == files);
}

TEST(Volume, AFileAsLongAsCanBeCostsNoMemoryAndLongerIsRefused) {
  TestVolume volume({{"a", pattern(5000, 1)}});
  const InodeNumber a = volume.inode("a");
  EXPECT_EQ(vault::error_of([&] { volume.truncate(a, kFileBytesMax + 1); }).code, Code::kUsage);
  volume.truncate(a, kFileBytesMax);
  volume->fsync(a);
  volume.kill_and_open();
  EXPECT_EQ(volume->attributes(volume.inode("a")).size, kFileBytesMax);
  Bytes out(100);
  EXPECT_EQ(volume->read(volume.inode("a"), 0, out), out.size());
  EXPECT_TRUE(std::ranges::equal(out, ByteView(pattern(5000, 1)).first(100)));
}

TEST(Volume, OneProcessAtATime) {
  TestVolume volume({{"a", {}}});
  EXPECT_EQ(vault::error_of([&] { Volume::open(volume.directory(), &volume.vault()); }).code, Code::kBusy);
}

TEST(Volume, RemovedWhileOpenStaysReadable) {
  TestVolume volume({{"a", pattern(500'000, 1)}});
  const InodeNumber a = volume.inode("a");
  volume->opened(a);
  volume->write(a, 100, pattern(100, 2));
  volume->remove(kRootInode, "a", false);
  volume->commit({});
  Bytes expected = pattern(500'000, 1);
  put(expected, 100, pattern(100, 2));
  EXPECT_TRUE(volume.content(a) == expected);
  volume->closed(a);
  EXPECT_EQ(vault::error_of([&] { volume->attributes(a); }).code, Code::kNotFound);
  volume->maintain();
  EXPECT_TRUE(list_directory(volume.directory() / "data").empty());
}

TEST(Volume, TheTopDirectoryIsAsInTheImageAndItsChangesAreCommitted) {
  TestVolume volume({{"a", pattern(10, 1)}});
  const auto top_of = [&](const vault::ImageName& image) {
    return vault::ImageReader(volume.vault(), image).info().top.value();
  };
  EXPECT_EQ(volume->attributes(kRootInode).mode, top_of(volume.image()).mode);
  EXPECT_EQ(volume->attributes(kRootInode).uid, top_of(volume.image()).uid);
  volume.create_file(kRootInode, "b");
  EXPECT_EQ(top_of(volume->commit({}).name), top_of(volume.image()));
  volume->set_attributes(kRootInode, {.mode = 0751, .uid = 12, .gid = 34});
  volume->sync_all();
  volume.kill_and_open();
  const vault::TopDirectory changed{.mode = 0751, .uid = 12, .gid = 34};
  EXPECT_EQ(top_of(volume->commit({}).name), changed);
  volume.kill_and_open();
  EXPECT_EQ(top_of(volume->commit({}).name), changed);
  volume.start_over();
  EXPECT_EQ(volume->attributes(kRootInode).mode, top_of(volume.image()).mode);
}

TEST(Volume, ADataFileThatIsGoneIsDamageAndNotZeros) {
  TestVolume volume({{"a", pattern(100'000, 1)}});
  volume->write(volume.inode("a"), 0, pattern(4096, 2));
  volume->sync_all();
  volume.close();
  const Path data = volume.directory() / "data";
  const std::vector<std::string> names = list_directory(data);
  ASSERT_EQ(names.size(), 1U);
  std::filesystem::remove(data / names[0]);
  const Error error = vault::error_of([&] { volume.open(); });
  EXPECT_EQ(error.code, Code::kCorruption);
  EXPECT_NE(error.message.find("changes of a"), std::string::npos) << error.message;
}

TEST(Volume, InspectTellsOfChangesWithoutTheVault) {
  TestVolume volume({{"a", pattern(300'000, 1)}, {"b", pattern(10, 2)}});
  const auto changed = [&] {
    volume->sync_all();
    volume.close();
    volume.store().refuse_reads = true;
    const VolumeStatus status = Volume::inspect(volume.directory());
    volume.store().refuse_reads = false;
    volume.open();
    return status.changed;
  };
  EXPECT_FALSE(changed());
  volume->rename(kRootInode, "b", kRootInode, "c", false);
  EXPECT_TRUE(changed());
  volume->commit({});
  EXPECT_FALSE(changed());
  volume->remove(kRootInode, "c", false);
  EXPECT_TRUE(changed());
  volume->commit({});
  EXPECT_FALSE(changed());
  volume->set_attributes(volume.inode("a"), {.size = 1000});
  EXPECT_TRUE(changed());
  volume->commit({});
  EXPECT_FALSE(changed());
}

}  // namespace
}  // namespace lifeboat::volume
