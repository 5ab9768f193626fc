// What the journal says of a volume and what the process had in memory are the same, whatever came before a crash: each
// case here once differed.
#include <gtest/gtest.h>

#include "volume/volume_testing.h"

namespace lifeboat::volume {
namespace {

/// Calls `then` once, while a data file is being synced, and counts those syncs.
class DuringSync : public IoHook {
 public:
  std::function<void()> then;
  int syncs = 0;
  int before(const IoEvent& event) override {
    if (event.kind != IoKind::kSync || event.path.find("/data/") == std::string::npos) return 0;
    ++syncs;
    if (then) std::exchange(then, nullptr)();
    return 0;
  }
};

TEST(VolumeReplay, GrowingMakesNoLayer) {
  TestVolume volume({{"a", {}}});
  const InodeNumber a = volume.inode("a");
  for (const std::uint64_t size : {10'000U, 20'000U}) {
    volume.truncate(a, size);
    volume.fail_to_commit();  // frozen twice, if the replay knows a layer that memory does not
  }
  volume.kill_and_open();
  EXPECT_EQ(volume.content("a"), Bytes(20'000));
}

TEST(VolumeReplay, WhatIsWrittenBehindAnEndThatGrewStays) {
  TestVolume volume({{"a", {}}});
  const InodeNumber a = volume.inode("a");
  Bytes expected = pattern(100, 1);
  volume->write(a, 0, expected);
  volume->fsync(a);
  volume.truncate(a, 1000);  // the replay cannot tell that from a cut
  const Bytes added = pattern(1000, 2);
  volume->write(a, 1000, added);
  volume->fsync(a);
  volume.kill_and_open();
  expected.resize(1000);
  expected.insert(expected.end(), added.begin(), added.end());
  EXPECT_TRUE(volume.content("a") == expected);
}

TEST(VolumeReplay, NothingBeyondTheEndOfAnAdoptedLayer) {
  TestVolume volume({{"a", {}}});
  const InodeNumber a = volume.inode("a");
  Bytes expected = pattern(4096, 1);
  volume->write(a, 0, expected);
  volume->fsync(a);
  volume->write(a, 8 * kChunkBytes, pattern(4096, 2));  // not synced: not there after a kill
  volume.kill_and_open();
  volume->commit({});
  volume->settle();
  expected.resize(16 * kChunkBytes);
  volume.truncate(volume.inode("a"), expected.size());
  const vault::ImageInfo image = volume->commit({});
  EXPECT_TRUE(volume.content("a") == expected);
  EXPECT_TRUE(volume.files_of_image(image.name).at("a") == expected);
}

TEST(VolumeReplay, WhatWasTakenBackIsAChange) {
  TestVolume volume({{"a", pattern(4 * kChunkBytes, 1)}});
  const InodeNumber a = volume.inode("a");
  volume->write(a, 0, pattern(4096, 2));
  volume.give_up_a_commit();
  volume->write(a, 8192, pattern(4096, 3));
  volume->maintain();
  const Bytes expected = volume.content("a");
  volume.kill_and_open();
  EXPECT_TRUE(volume.content("a") == expected);
  const vault::ImageInfo image = volume->commit({});
  volume->settle();
  EXPECT_TRUE(volume.content("a") == expected);
  EXPECT_TRUE(volume.files_of_image(image.name).at("a") == expected);
}

TEST(VolumeReplay, FsyncSyncsWhatAKilledProcessWrote) {
  InstalledHook<DuringSync> hook;
  TestVolume volume({{"a", pattern(kChunkBytes, 1)}});
  volume->write(volume.inode("a"), 0, pattern(4096, 2));
  volume->fsync(volume.inode("a"));
  volume->write(volume.inode("a"), 0, pattern(4096, 3));  // in place, into what is marked
  volume.kill_and_open();
  hook.syncs = 0;
  volume->fsync(volume.inode("a"));
  EXPECT_GT(hook.syncs, 0);
}

TEST(VolumeReplay, GrowingDuringASyncStays) {
  InstalledHook<DuringSync> hook;
  TestVolume volume({{"a", pattern(10'000, 1)}});
  const InodeNumber a = volume.inode("a");
  volume->write(a, 0, pattern(4096, 2));
  hook.then = [&] { volume.truncate(a, 50'000); };
  volume->fsync(a);
  volume.kill_and_open();
  EXPECT_EQ(volume.content("a").size(), 50'000U);
}

TEST(VolumeReplay, TailsCutDuringASyncAreStillNoted) {
  InstalledHook<DuringSync> hook;
  TestVolume volume({{"a", {}}});
  const InodeNumber a = volume.inode("a");
  volume->write(a, 0, pattern(4096, 2));
  hook.then = [&] {
    volume.truncate(a, 1000);
    volume.truncate(a, 50'000);
  };
  volume->fsync(a);  // journals the block; its zeros from 1000 on are not durable
  volume.kill_and_open();
  ASSERT_TRUE(volume.state().catalog.file(volume.inode("a")).second->current);
  EXPECT_EQ(volume.state().catalog.file(volume.inode("a")).second->current->tails.size(), 1U);
}

TEST(VolumeReplay, WhatIsCutRightAfterASnapshotStaysCut) {
  TestVolume volume({{"a", {}}});
  const InodeNumber a = volume.inode("a");
  volume->write(a, 0, pattern(20'000, 1));  // not synced: to the journal the file is empty
  volume.give_up_a_commit();
  volume.truncate(a, 0);  // to a replay no cut
  volume.truncate(a, 20'000);
  volume->fsync(a);  // journals what is frozen
  ASSERT_EQ(volume.content("a"), Bytes(20'000));
  volume.kill_and_open();
  EXPECT_EQ(volume.content("a"), Bytes(20'000));
}

/// From the first cut of a data file on no journal can be written.
class NoJournalAfterACut : public IoHook {
 public:
  int before(const IoEvent& event) override {
    if (event.kind == IoKind::kTruncate && event.path.contains("/data/")) cut_ = true;
    return cut_ && event.path.contains("/journal.") ? EIO : 0;
  }

 private:
  std::atomic<bool> cut_{false};
};

TEST(VolumeReplay, ABaseCutForACommitThatWasLostIsNotTakenForTheImage) {
  TestVolume volume({{"a", pattern(2 * kChunkBytes, 1)}});
  while (volume->hydrate(std::uint64_t{1} << 20U)) {
  }
  Bytes expected = volume.content("a");
  volume.truncate(volume.inode("a"), 4096);
  {
    InstalledHook<NoJournalAfterACut> hook;
    EXPECT_THROW(volume->commit({}), Exception);  // published, the base cut, no checkpoint
  }
  volume.kill_and_open();
  volume.truncate(volume.inode("a"), expected.size());
  std::fill(expected.begin() + 4096, expected.end(), std::uint8_t{0});
  EXPECT_TRUE(volume.content("a") == expected);
  const vault::ImageInfo image = volume->commit({});
  EXPECT_TRUE(volume.files_of_image(image.name).at("a") == expected);
}

TEST(VolumeReplay, WhatOpeningDropsOfAFrozenLayerStaysDropped) {
  TestVolume volume({{"a", {}}});
  const InodeNumber a = volume.inode("a");
  volume->write(a, 0, pattern(4096, 1));
  volume.give_up_a_commit();
  volume->write(a, 4096, pattern(8192, 2));
  volume->settle();  // one layer; its marks are journaled, the size is not
  volume.give_up_a_commit();
  volume->fsync(kRootInode);
  volume.kill_and_open();
  ASSERT_EQ(volume.content("a").size(), 0U);
  volume.truncate(volume.inode("a"), 12'288);
  volume->fsync(volume.inode("a"));
  ASSERT_EQ(volume.content("a"), Bytes(12'288));
  volume.kill_and_open();
  EXPECT_EQ(volume.content("a"), Bytes(12'288));
}

class FailDataSync : public IoHook {
 public:
  std::atomic<int> error{0};
  int before(const IoEvent& event) override {
    return event.kind == IoKind::kSync && event.path.contains("/data/") ? error.load() : 0;
  }
};

TEST(VolumeReplay, AWriteOverATailOfAFrozenLayerIsNotTorn) {
  InstalledHook<FailDataSync> hook;
  TestVolume volume({{"a", {}}});
  const InodeNumber a = volume.inode("a");
  Bytes before = pattern(4096, 1);
  volume->write(a, 0, before);
  volume->fsync(a);
  volume.truncate(a, 1000);
  volume.truncate(a, 4096);
  std::fill(before.begin() + 1000, before.end(), std::uint8_t{0});
  volume.give_up_a_commit();
  const Bytes written = pattern(512, 2);
  Bytes after = before;
  std::ranges::copy(written, after.begin() + 512);
  volume->write(a, 512, written);
  hook.error = EIO;
  EXPECT_THROW(volume->settle(), Exception);  // copied, and no record of it
  hook.error = 0;
  volume.kill_and_open();
  const Bytes found = volume.content("a");
  EXPECT_TRUE(found == before || found == after);
}

/// Calls `then` once, while the data directory is being synced, and counts those syncs.
class DuringNameSync : public IoHook {
 public:
  std::function<void()> then;
  int syncs = 0;
  int before(const IoEvent& event) override {
    if (event.kind != IoKind::kSync || !event.path.ends_with("/data")) return 0;
    ++syncs;
    if (then) std::exchange(then, nullptr)();
    return 0;
  }
};

TEST(VolumeReplay, ANameIsDurableOnlyWhenItsSyncHasEnded) {
  InstalledHook<DuringNameSync> hook;
  TestVolume volume({{"a", pattern(4096, 1)}});
  const InodeNumber a = volume.inode("a");
  volume->write(a, 0, pattern(100, 2));
  bool beside = false;
  hook.then = [&] {
    volume.state().sync_names({&volume.state().catalog.file(a).second->current->data, 1});
    beside = true;
  };
  volume->fsync(a);
  EXPECT_TRUE(beside);
  EXPECT_EQ(hook.syncs, 2);  // who comes meanwhile does not go on without one
}

}  // namespace
}  // namespace lifeboat::volume
