// Every operation beside every other one: what each thread wrote is there at the end. The thread sanitizer is what
// makes the most of it.
#include <gtest/gtest.h>

#include <array>
#include <functional>
#include <thread>
#include <vector>

#include "volume/volume_testing.h"

namespace lifeboat::volume {
namespace {

constexpr std::uint32_t kRounds = 150;
constexpr std::uint64_t kFileBytes = 20 * kChunkBytes;

Bytes image_content() {
  return vault::ContentMaker(1).bytes(kFileBytes);
}

void expect_equal(const Bytes& found, const Bytes& expected) {
  const auto [a, b] = std::ranges::mismatch(found, expected);
  EXPECT_TRUE(found == expected) << "differs at " << a - found.begin() << " of " << expected.size();
}

/// Runs each piece of work on a thread of its own until the first `workers` of them have ended, then stops the rest.
void run_beside(TestVolume& volume, std::size_t workers, const std::vector<std::function<void(std::uint32_t)>>& work) {
  std::atomic<std::size_t> left{workers};
  std::vector<std::jthread> threads;
  for (std::size_t i = 0; i < work.size(); ++i) {
    threads.emplace_back([&, i] {
      try {
        for (std::uint32_t round = 0; i < workers ? round < kRounds : left > 0; ++round) work[i](round);
      } catch (const Exception& error) {
        ADD_FAILURE() << "thread " << i << ": " << error.error().text();
      }
      if (i < workers) --left;
    });
  }
  threads.clear();
  volume->sync_all();
}

TEST(VolumeThreads, OperationsOfAllKindsDoNotDisturbEachOther) {
  TestVolume volume({{"shared", image_content()}, {"cold", image_content()}});
  const InodeNumber shared = volume.inode("shared");
  const InodeNumber cold = volume.inode("cold");
  Bytes expected = image_content();
  const auto writer = [&](std::uint64_t stripe) {
    return [&, stripe](std::uint32_t round) {  // pages of its own stripe, so that the end is known
      const std::uint64_t page = std::uint64_t{round % 40} * 2 + stripe;
      const Bytes content = vault::ContentMaker(round + 1000 * static_cast<std::uint32_t>(stripe)).bytes(3000);
      volume->write(shared, page * 4 * kBlockBytes + 100, content);
      std::ranges::copy(content, expected.begin() + static_cast<std::ptrdiff_t>(page * 4 * kBlockBytes + 100));
      if (round % 8 == 0) volume->fsync(shared);
    };
  };
  const auto renamer = [&](std::uint32_t round) {
    const std::string name = format("made-{}", round % 5);
    const InodeNumber made = volume.create_file(kRootInode, name);
    volume->opened(made);
    volume->write(made, 0, Bytes(5000, 7));
    if (round % 3 == 0) volume->fsync(made);
    volume->rename(kRootInode, name, kRootInode, "moved", false);
    volume.truncate(made, 100);
    volume->remove(kRootInode, "moved", false);
    volume->closed(made);
  };
  const auto committer = [&](std::uint32_t round) {
    if (round % 10 == 0) volume->commit({});
  };
  const auto reader = [&](std::uint32_t round) {
    Bytes out(10'000);
    for (const InodeNumber inode : {cold, shared}) {
      EXPECT_EQ(volume->read(inode, (round % 20) * kChunkBytes + 5000, out), out.size());
    }
    volume->lookup(kRootInode, "cold");
  };
  const auto keeper = [&](std::uint32_t round) {
    volume->maintain();
    volume->status();
    if (round % 4 == 0) volume->sync_all();
  };
  const auto hydrator = [&](std::uint32_t round) {
    if (!volume->hydrate(2 * kChunkBytes) || round % 7 == 0) volume.state().make_space(8 * kChunkBytes);
  };
  run_beside(volume, 5, {writer(0), writer(1), renamer, committer, reader, keeper, hydrator});

  expect_equal(volume.content("shared"), expected);
  EXPECT_TRUE(volume.content("cold") == image_content());
  volume.kill_and_open();
  expect_equal(volume.content("shared"), expected);
  EXPECT_EQ(volume.files().size(), 2U);
  EXPECT_TRUE(volume.files_of_image(volume->commit({}).name) == volume.files());
}

}  // namespace
}  // namespace lifeboat::volume
