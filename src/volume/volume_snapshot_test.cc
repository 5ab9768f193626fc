// A commit whose snapshot somebody vouches for.
#include <gtest/gtest.h>

#include <thread>

#include "volume/snapshot_confirmation.h"
#include "volume/volume_testing.h"

namespace lifeboat::volume {
namespace {

constexpr std::chrono::milliseconds kLong{10'000};

TEST(VolumeSnapshot, TheListenerIsCalledBetweenSnapshotAndUploadAndMayDescribeTheImage) {
  Files files{{"a", pattern(500'000, 1)}};
  TestVolume volume(files);
  volume->write(volume.inode("a"), 0, pattern(4096, 2));
  put(files["a"], 0, pattern(4096, 2));
  CommitProgress progress;
  const vault::ImageInfo info = volume->commit({}, progress, [&](vault::ImageInfo& describe) {
    EXPECT_EQ(progress.total_bytes, 0U);
    volume->write(volume.inode("a"), 8192, pattern(4096, 3));  // too late for this image
    describe.server["position"] = "here";
  });
  EXPECT_TRUE(volume.files_of_image(info.name) == files);
  EXPECT_EQ(info.server.at("position"), "here");
  put(files["a"], 8192, pattern(4096, 3));
  EXPECT_TRUE(volume.files() == files);
}

TEST(VolumeSnapshot, APositionIsOfOneImageAloneAndTheRestGoesOn) {
  TestVolume volume({{"a", pattern(5000, 1)}});
  CommitProgress progress;
  volume->commit({}, progress, [](vault::ImageInfo& describe) {
    describe.server["position"] = "here";
    describe.server["version"] = "10.11.6";
  });
  volume->write(volume.inode("a"), 0, pattern(10, 2));
  const vault::ImageInfo next = volume->commit({});
  EXPECT_FALSE(next.server.contains("position"));
  EXPECT_EQ(next.server.at("version"), "10.11.6");
}

TEST(VolumeSnapshot, AListenerThatThrowsGivesTheCommitUpAndTheChangesAreInTheNext) {
  Files files{{"a", pattern(500'000, 1)}};
  TestVolume volume(files);
  volume->write(volume.inode("a"), 0, pattern(4096, 2));
  put(files["a"], 0, pattern(4096, 2));
  CommitProgress progress;
  const auto commit = [&] {
    volume->commit({}, progress, [](vault::ImageInfo&) { fail(Code::kTimeout, "nobody vouches for it"); });
  };
  EXPECT_EQ(vault::error_of(commit).code, Code::kTimeout);
  EXPECT_EQ(volume->status().image, volume.image());
  EXPECT_TRUE(volume.files() == files);
  EXPECT_TRUE(volume.files_of_image(volume->commit({}).name) == files);
}

TEST(VolumeSnapshot, SettlingLeavesNothingToTheNextCommit) {
  Files files{{"a", pattern(500'000, 1)}};
  TestVolume volume(files);
  volume->write(volume.inode("a"), 0, pattern(4096, 2));
  put(files["a"], 0, pattern(4096, 2));
  volume->commit({});
  volume->settle();
  EXPECT_TRUE(volume.files() == files);
  CommitProgress progress;
  volume->commit({}, progress,
                 [&](vault::ImageInfo&) { EXPECT_EQ(vault::error_of([&] { volume->settle(); }).code, Code::kBusy); });
}

TEST(SnapshotConfirmation, PassesOnWhatTheClientSays) {
  SnapshotConfirmation confirmation;
  confirmation.expect();
  std::thread client([&] { confirmation.give(json::object{{"position", 7}}); });
  EXPECT_EQ(confirmation.wait(kLong).at("position"), 7);
  client.join();
}

TEST(SnapshotConfirmation, IsRefusedWhereNoCommitWaits) {
  SnapshotConfirmation confirmation;
  const auto give = [&] { confirmation.give(json::object{}); };
  EXPECT_EQ(vault::error_of(give).code, Code::kNotFound);
  confirmation.expect();
  give();
  EXPECT_EQ(vault::error_of(give).code, Code::kNotFound) << "given twice";
  confirmation.wait(kLong);
  EXPECT_EQ(vault::error_of(give).code, Code::kNotFound);
}

TEST(SnapshotConfirmation, EndsWithoutAWordAndWithARefusal) {
  SnapshotConfirmation confirmation;
  confirmation.expect();
  EXPECT_EQ(vault::error_of([&] { confirmation.wait(std::chrono::milliseconds(1)); }).code, Code::kTimeout);
  confirmation.expect();
  confirmation.give(std::nullopt);
  EXPECT_EQ(vault::error_of([&] { confirmation.wait(kLong); }).code, Code::kCancelled);
}

}  // namespace
}  // namespace lifeboat::volume
