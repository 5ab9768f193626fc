#include "volume/images_in_use.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "vault/image_object.h"
#include "vault/prune.h"
#include "volume/volume_testing.h"

namespace lifeboat::volume {
namespace {

std::set<vault::ImageName> images_said(vault::Vault& vault) {
  std::set<vault::ImageName> images;
  for (const vault::SessionInfo& session : vault::live_sessions(vault)) images.insert(session.image);
  return images;
}

std::set<vault::ImageName> images_there(vault::Vault& vault) {
  std::set<vault::ImageName> images;
  for (const vault::ImageInfo& image : vault::list_images(vault)) images.insert(image.name);
  return images;
}

/// Removes at once all that nobody needs: of each origin the newest image stays.
void prune_all(vault::Vault& vault) {
  vault::prune(vault, {.policy = vault::parse_retention("all=0s"), .grace = {}});
  vault::prune(vault, {.policy = vault::parse_retention("all=0s"), .grace = {}});
}

class ImagesInUseTest : public ::testing::Test {
 protected:
  vault::ImageName commit() { return volume_->commit({.origin = origin_}).name; }
  void change(std::uint8_t value) {
    volume_->write(volume_.inode("a"), 0, Bytes(kBlockBytes, value));
    std::fill_n(files_["a"].begin(), kBlockBytes, value);
  }

  Files files_{{"a", vault::ContentMaker(1).bytes(6 * kChunkBytes)}, {"b", vault::ContentMaker(2).bytes(500'000)}};
  TestVolume volume_{files_};
  const std::string origin_ = vault::load_image(volume_.vault(), volume_.image()).info.origin;
  ImagesInUse in_use_{&volume_.vault(), *volume_, "v"};
};

TEST_F(ImagesInUseTest, FollowsCommitsSoThatPruneKeepsWhatIsNeeded) {
  const vault::ImageName first = volume_.image();
  in_use_.follow();
  EXPECT_EQ(images_said(volume_.vault()), std::set{first});
  change(3);
  const vault::ImageName second = commit();
  in_use_.follow();
  EXPECT_EQ(images_said(volume_.vault()), std::set{second});

  // A newer image of the same origin: only the session keeps the second.
  change(4);
  const Path other = volume_.directory().parent_path() / "other";
  Volume::create(other, volume_.vault(), second);
  const auto beside = Volume::open(other, &volume_.vault());
  beside->write(beside->lookup(kRootInode, "b").inode, 0, Bytes(100, 9));
  const vault::ImageName third = beside->commit({.origin = origin_}).name;
  prune_all(volume_.vault());
  EXPECT_EQ(images_there(volume_.vault()), (std::set{second, third}));
  volume_->maintain();
  EXPECT_TRUE(volume_.files() == files_) << "what was not local comes from the second image";
}

TEST_F(ImagesInUseTest, AFileRemovedWhileOpenKeepsTheImageItReads) {
  const InodeNumber b = volume_.inode("b");
  volume_->opened(b);
  volume_->remove(kRootInode, "b", false);
  const vault::ImageName second = commit();
  in_use_.follow();
  EXPECT_EQ(images_said(volume_.vault()), (std::set{volume_.image(), second}));
  prune_all(volume_.vault());
  EXPECT_TRUE(volume_.content(b) == files_["b"]);
  volume_->closed(b);
  in_use_.follow();
  EXPECT_EQ(images_said(volume_.vault()), std::set{second});
}

TEST(ImagesInUse, StaySaidWhileTheVolumeIsNotMounted) {
  TestVolume volume({{"a", Bytes(100'000, 1)}});
  const auto sessions = [&] { return vault::live_sessions(volume.vault()); };
  {
    ImagesInUse unmounted(&volume.vault(), *volume, "v");
    unmounted.follow();
  }
  ASSERT_EQ(sessions().size(), 1U);
  const vault::SessionInfo left = sessions()[0];
  EXPECT_EQ(left.image, volume->image());
  EXPECT_GT(left.expires, left.started + std::chrono::hours(34 * 24));

  ImagesInUse mounted(&volume.vault(), *volume, "v");
  ImagesInUse other(&volume.vault(), *volume, "another volume");
  other.follow();
  mounted.follow();
  ASSERT_EQ(sessions().size(), 2U) << "what the process before said is taken back, what others say is not";
  EXPECT_TRUE(std::ranges::none_of(sessions(), [&](const auto& session) { return session.id == left.id; }));

  vault::end_keeping(volume.vault(), "v");
  ASSERT_EQ(sessions().size(), 1U);
  EXPECT_EQ(sessions()[0].holder, "another volume");
}

TEST(ImagesInUse, AVaultThatTakesNothingStopsNothing) {
  TestVolume volume({{"a", Bytes(100'000, 1)}});
  ImagesInUse in_use(&volume.vault(), *volume, "v");
  volume.store().refuse_writes = true;
  in_use.follow();
  in_use.follow();
  EXPECT_TRUE(images_said(volume.vault()).empty());
}

TEST(ImagesInUse, WithoutAVaultThereIsNobodyToTell) {
  TestVolume volume({{"a", Bytes(1000, 1)}});
  ImagesInUse in_use(nullptr, *volume, "v");
  in_use.follow();
  EXPECT_TRUE(images_said(volume.vault()).empty());
}

}  // namespace
}  // namespace lifeboat::volume
