// What is fetched in the background, in which order, and what of it stays.
#include <gtest/gtest.h>

#include "volume/volume_testing.h"

namespace lifeboat::volume {
namespace {

TEST(VolumeHydration, HydrationBeginsWithTheFileThatIsWaitedForMost) {
  Files files;
  for (const char* name : {"a", "b", "c"}) files[name] = pattern(500'000, static_cast<std::uint32_t>(*name));
  TestVolume volume(files);
  Bytes out(100);
  volume->read(volume.inode("b"), 0, out);
  volume->hydrate(vault::chunk_count(500'000) * kChunkBytes);
  volume.store().refuse_reads = true;
  EXPECT_TRUE(volume.content("b") == files["b"]);
  EXPECT_THROW(volume.content("c"), Exception) << "more was local than was asked for: this test shows nothing";
}

TEST(VolumeHydration, WhatIsFullyLocalIsNotLetGoWhenTheDiskIsFull) {
  const Files files{{"a", pattern(500'000, 1)}, {"b", pattern(500'000, 2)}};
  TestVolume volume(files);
  while (volume->hydrate(kChunkBytes)) {
  }
  EXPECT_FALSE(volume.state().make_space(2 * kChunkBytes));
  volume.store().refuse_reads = true;
  EXPECT_TRUE(volume.files() == files);

  TestVolume half(files);
  half->hydrate(4 * kChunkBytes);
  EXPECT_TRUE(half.state().make_space(2 * kChunkBytes)) << "what needs its vault anyway makes room";
}

TEST(VolumeHydration, HydrationSkipsWhatWasRemoved) {
  TestVolume volume({{"a", pattern(500'000, 1)}, {"b", pattern(500'000, 2)}});
  volume->hydrate(kChunkBytes);
  volume->remove(kRootInode, "a", false);
  volume->remove(kRootInode, "b", false);
  while (volume->hydrate(kChunkBytes)) {
  }
  EXPECT_TRUE(volume->status().hydrated);
}

/// Counts syncs of data files, and of the file system.
class CountSyncs : public IoHook {
 public:
  int before(const IoEvent& event) override {
    if (event.kind == IoKind::kSyncFileSystem) ++together;
    if (event.kind == IoKind::kSync && event.path.find("/data/") != std::string::npos) ++single;
    return 0;
  }
  std::atomic<int> together{0};
  std::atomic<int> single{0};
};

TEST(VolumeHydration, HydratingManySmallFilesSyncsThemTogetherAndNothingElse) {
  Files files;
  for (int i = 0; i < 600; ++i) files[format("t{}", i)] = pattern(3000, static_cast<std::uint32_t>(i));
  TestVolume volume(files);
  volume->write(volume.inode("t0"), 0, pattern(100, 2));
  put(files["t0"], 0, pattern(100, 2));
  {
    const InstalledHook<CountSyncs> hook;
    while (volume->hydrate(100 * kChunkBytes)) {
    }
    EXPECT_LE(hook.single, 1) << "the base of the file that was fetched for the write";
    EXPECT_GE(hook.together, 2);
    EXPECT_LE(hook.together, 4);
  }
  EXPECT_TRUE(volume.state().catalog.file(volume.inode("t0")).second->current->data->unsynced())
      << "what was written waits for its own fsync";
  EXPECT_TRUE(volume->status().hydrated);
  volume->sync_all();
  volume.close();
  volume.open(false);
  EXPECT_TRUE(volume->status().hydrated);
  EXPECT_TRUE(volume.files() == files);
}

TEST(VolumeHydration, HydrationThatACommitOvertakesFetchesTheNewImage) {
  Files files{{"a", pattern(300'000, 1)}};
  TestVolume volume(files);
  volume->write(volume.inode("a"), 0, pattern(kBlockBytes, 2));
  put(files["a"], 0, pattern(kBlockBytes, 2));
  volume.store().before_next_list = [&] {  // when hydration looks for a launch list
    volume->commit({});
    volume->maintain();
  };
  while (volume->hydrate(kChunkBytes)) {
  }
  EXPECT_FALSE(volume.store().before_next_list);
  EXPECT_TRUE(volume.files() == files);
}

TEST(VolumeHydration, LaunchListComesFirst) {
  Files files;
  for (int i = 0; i < 8; ++i) files[std::to_string(i)] = pattern(400'000, static_cast<std::uint32_t>(i));
  TestVolume volume(files);
  Bytes buffer(4096);
  volume->read(volume.inode("7"), 300'000, buffer);
  volume->read(volume.inode("3"), 0, buffer);
  const LaunchList touched = volume->launch_list();
  store_launch_list(volume.vault(), touched.image, touched.runs);
  const std::vector<LaunchRun> expected{{"7", 2, 1}, {"3", 0, 1}};
  EXPECT_EQ(load_launch_list(volume.vault(), volume.image()), expected);
  volume->write(volume.inode("0"), 0, buffer);
  const vault::ImageInfo child = volume->commit({});
  EXPECT_EQ(load_launch_list(volume.vault(), child.name), expected);

  const Path other = volume.directory().parent_path() / "other";
  Volume::create(other, volume.vault(), child.name);
  const auto second = Volume::open(other, &volume.vault());
  second->hydrate(2 * kChunkBytes);
  volume.store().refuse_reads = true;
  EXPECT_EQ(second->read(second->lookup(kRootInode, "7").inode, 300'000, buffer), buffer.size());
  EXPECT_EQ(second->read(second->lookup(kRootInode, "3").inode, 0, buffer), buffer.size());
  EXPECT_THROW(second->read(second->lookup(kRootInode, "5").inode, 0, buffer), Exception);
}

}  // namespace
}  // namespace lifeboat::volume
