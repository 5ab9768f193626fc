// The backing store fails at its Nth write or sync, for every N of a small workload: whoever asked is told, nothing
// that was acknowledged is lost, and opened again the volume goes on.
#include <gtest/gtest.h>

#include <cerrno>

#include "volume/volume_testing.h"

namespace lifeboat::volume {
namespace {

struct Fault {
  int error = 0;
  bool lasting = false;  ///< every later operation fails, too: a full disk stays full
};

/// Fails the Nth change or sync of anything in the volume's directory.
class FailNth : public IoHook {
 public:
  FailNth(std::uint64_t nth, Fault fault) : nth_(nth), fault_(fault) {}
  int before(const IoEvent& event) override {
    // A full disk still syncs, cuts and removes.
    const bool grows = event.kind == IoKind::kWrite || event.kind == IoKind::kReserve;
    if (fault_.error == ENOSPC && !grows) return 0;
    const std::uint64_t number = ++asked_;
    return number == nth_ || (fault_.lasting && number > nth_) ? fault_.error : 0;
  }
  bool reached() const { return asked_ >= nth_; }

 private:
  std::uint64_t nth_;
  Fault fault_;
  std::atomic<std::uint64_t> asked_{0};
};

/// A block of file "a" that is written over and over, the names that were made, and what was acknowledged of both.
class Workload {
 public:
  explicit Workload(TestVolume& volume) : volume_(volume) { volume_.start_over(); }
  static Bytes original() { return vault::ContentMaker(1).bytes(3 * kChunkBytes); }

  void run() {
    ++runs_;
    for (std::uint8_t round = 1; round <= 2; ++round) {
      step([&] { volume_->hydrate(kChunkBytes); });
      write(round);
      make(round);
      step([&] { volume_->maintain(); });
      if (round == 1) step([&] { volume_->commit({}); });
      if (round == 2) step([&] { volume_.state().force_checkpoint(); });
    }
  }

  void check(std::string_view when) {
    SCOPED_TRACE(when);
    const Bytes a = volume_.content("a");
    ASSERT_GE(a.size(), kOffset + kLength);
    for (std::size_t i = kOffset; i < kOffset + kLength; ++i) {
      const bool untouched = acknowledged_ == 0 && a[i] == original_[i];
      ASSERT_TRUE(untouched || (a[i] >= acknowledged_ && a[i] <= tried_))
          << "byte " << i << " is " << int{a[i]} << ", acknowledged " << int{acknowledged_};
    }
    for (const auto& [name, content] : names_) EXPECT_TRUE(volume_.content(name) == content) << name;
    EXPECT_EQ(Bytes(a.begin() + kOffset + kLength, a.end()),
              Bytes(original_.begin() + kOffset + kLength, original_.begin() + static_cast<std::ptrdiff_t>(a.size())));
  }

 private:
  // Not whole blocks: they are filled from below.
  static constexpr std::ptrdiff_t kOffset = kChunkBytes - 1000;
  static constexpr std::size_t kLength = 5000;

  /// Whether it was done; a failure must say that the disk is full or broken.
  template <typename Work>
  bool step(Work work) {
    try {
      work();
      return true;
    } catch (const Exception& error) {
      EXPECT_TRUE(error.code() == Code::kIo || error.code() == Code::kOutOfSpace) << error.error().text();
      return false;
    }
  }
  void write(std::uint8_t round) {
    const InodeNumber a = volume_.inode("a");
    tried_ = round;
    if (!step([&] { volume_->write(a, kOffset, Bytes(kLength, round)); })) return;
    if (step([&] { volume_->fsync(a); })) acknowledged_ = round;
  }
  void make(std::uint8_t round) {
    const std::string name = format("made-{}-{}", runs_, round);
    const Bytes content(7000, round);
    step([&] {
      const InodeNumber made = volume_.create_file(kRootInode, name + ".new");
      volume_->allocate(made, 0, 20'000, Volume::Allocate::kReserve);
      volume_->write(made, 0, content);
      volume_.truncate(made, content.size());
      volume_->rename(kRootInode, name + ".new", kRootInode, name, false);
      volume_->fsync(made);
      volume_->fsync(kRootInode);
      names_[name] = content;
      volume_->remove(kRootInode, name, false);
      names_.erase(name);  // from here on it may be there or not
      volume_.create_file(kRootInode, name);
      volume_->write(volume_.inode(name), 0, content);
      volume_->fsync(volume_.inode(name));
      names_[name] = content;
    });
  }

  const Bytes original_ = original();
  TestVolume& volume_;
  int runs_ = 0;
  std::uint8_t tried_ = 0;
  std::uint8_t acknowledged_ = 0;
  Files names_;
};

/// Returns whether the workload has so many operations.
bool fails_well_at(TestVolume& volume, std::uint64_t nth, Fault fault) {
  Workload work(volume);
  bool reached = false;
  {
    const InstalledHook<FailNth> hook(nth, fault);
    work.run();
    reached = hook.reached();
    work.check("while the fault is there");
  }
  volume.kill_and_open();
  work.check("opened again");
  work.run();
  work.check("after the fault");
  const Files files = volume.files();
  EXPECT_TRUE(volume.files_of_image(volume->commit({}).name) == files);
  return reached;
}

void fail_at_every_step(Fault fault) {
  TestVolume volume({{"a", Workload::original()}});
  std::uint64_t nth = 1;
  while (fails_well_at(volume, nth, fault) && !::testing::Test::HasFailure()) ++nth;
  EXPECT_FALSE(::testing::Test::HasFailure()) << "at operation " << nth;
  EXPECT_GT(nth, 20U) << "the workload hardly touches the disk";
}

TEST(VolumeFaults, AnErrorOnceAtEveryStep) {
  fail_at_every_step({EIO, false});
}
TEST(VolumeFaults, AnErrorFromEveryStepOn) {
  fail_at_every_step({EIO, true});
}
TEST(VolumeFaults, NoSpaceOnceAtEveryStep) {
  fail_at_every_step({ENOSPC, false});
}
TEST(VolumeFaults, NoSpaceFromEveryStepOn) {
  fail_at_every_step({ENOSPC, true});
}

}  // namespace
}  // namespace lifeboat::volume
