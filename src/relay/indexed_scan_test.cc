// With an index a file is found good exactly as far as without one, wherever either of them was cut.

#include "relay/indexed_scan.h"

#include <fcntl.h>
#include <gtest/gtest.h>

#include "relay/group_stream.h"
#include "relay/index_file.h"
#include "relay/serving_testing.h"

namespace lifeboat::relay {
namespace {

using testing::LogBuilder;

constexpr IndexOwner kScanOwner{.made_at = 1'700'000'000, .server_id = 1};
constexpr std::uint64_t kScanGroups = 30;

class IndexedScan : public ::testing::Test {
 protected:
  IndexedScan() {
    for (std::uint64_t i = 1; i <= kScanGroups; ++i) {  // two domains, three servers, one of which goes back
      const auto domain = static_cast<std::uint32_t>(i % 2);
      log_.group({domain, 1 + static_cast<std::uint32_t>(i % 3), i == 20 ? 2 : i}, std::string(i, 'x'));
    }
    cut_log(log_.size());
  }
  void cut_log(std::size_t size) const { write_file_durably(path_, ByteView(log_.bytes()).first(size)); }
  /// Of the first groups; each in a block of its own.
  void index(std::uint64_t groups) const {
    std::filesystem::remove(index_path(path_));
    IndexFileWriter writer(index_path(path_), kScanOwner, log_.size());
    GroupStream stream(path_);
    for (std::uint64_t i = 0; i < groups; ++i) {
      writer.add(stream.next(log_.size())->entry);
      writer.flush();
    }
  }
  void damage(const Path& file, std::uint64_t at) const {
    const UniqueFd fd = open_file(file, O_RDWR);
    Bytes byte(1);
    pread_full(fd.get(), byte, at, file.string());
    byte[0] ^= 1U;
    pwrite_full(fd.get(), byte, at, file.string());
  }
  void expect_the_same(const std::string& where) const {
    const LogScan plain = scan_log_file(path_, {});
    const LogScan indexed = scan_indexed_file(path_);
    EXPECT_EQ(indexed.progress.boundary().position, plain.progress.boundary().position) << where;
    EXPECT_EQ(indexed.progress.boundary().state, plain.progress.boundary().state) << where;
    EXPECT_EQ(indexed.progress.position(), plain.progress.position()) << where;
    EXPECT_EQ(indexed.progress.identity(), plain.progress.identity()) << where;
    EXPECT_EQ(indexed.progress.head(), plain.progress.head()) << where;
    EXPECT_EQ(indexed.size, plain.size) << where;
    EXPECT_EQ(indexed.is_log, plain.is_log) << where;
    EXPECT_EQ(indexed.why_stopped, plain.why_stopped) << where;
  }

  LogBuilder log_{{{0, 1, 0}, {1, 2, 0}}};
  TempDir directory_;
  Path path_ = directory_.path() / "mysql-bin.000001";
};

TEST_F(IndexedScan, TellsTheSameWhereverTheLogIsCut) {
  index(20);
  for (std::size_t size = 0; size <= log_.size(); size += 3) {
    cut_log(size);
    expect_the_same(format("cut at {}", size));
  }
}

TEST_F(IndexedScan, TellsTheSameWhereverTheIndexIsCutOrDamaged) {
  index(kScanGroups);
  const Bytes whole = read_file(index_path(path_));
  cut_log(log_.size() - 5);
  for (std::size_t at = 0; at < whole.size(); at += 3) {
    write_file_durably(index_path(path_), ByteView(whole).first(at));
    expect_the_same(format("index cut at {}", at));
    write_file_durably(index_path(path_), whole);
    damage(index_path(path_), at);
    expect_the_same(format("index damaged at {}", at));
  }
}

TEST_F(IndexedScan, TellsTheSameOfWhatFollowsTheIndexAndOfItsLastGroup) {
  index(20);
  GroupStream stream(path_);
  std::uint64_t last = 0;
  for (int i = 0; i < 20; ++i) last = stream.next(log_.size())->entry.begin;
  for (std::uint64_t at = last; at < log_.size(); at += 7) {
    cut_log(log_.size());
    damage(path_, at);
    expect_the_same(format("damaged at {}", at));
  }
}

TEST_F(IndexedScan, DoesNotReadWhatTheIndexCovers) {
  damage(path_, 400);
  const std::uint64_t good = scan_log_file(path_, {}).progress.position();
  ASSERT_LT(good, log_.size());
  EXPECT_EQ(scan_indexed_file(path_).progress.position(), good);
  cut_log(log_.size());
  index(kScanGroups);
  damage(path_, 400);
  EXPECT_EQ(scan_indexed_file(path_).progress.position(), log_.size());
}

TEST_F(IndexedScan, BelievesNoIndexOfAnotherFile) {
  index(kScanGroups);
  const Bytes of_other = read_file(index_path(path_));
  LogBuilder other({{0, 1, 0}, {1, 2, 0}});
  for (std::uint64_t i = 1; i <= 2 * kScanGroups; ++i) other.group({0, 1, i});
  write_file_durably(path_, other.bytes());  // made in the same second by the same server
  expect_the_same("another history");
  ASSERT_EQ(read_file(index_path(path_)), of_other);
}

}  // namespace
}  // namespace lifeboat::relay
