// The kept log: files that were cut anywhere are taken up after their last whole group, nothing is told before it is
// durable, and what is damaged is refused.

#include "relay/log_writer.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <atomic>
#include <random>
#include <span>

#include "relay/serving_testing.h"
#include "relay/source_log.h"

namespace {

std::atomic<int> fdatasyncs_to_fail = 0;
std::atomic<int> fsyncs_to_fail = 0;
std::atomic<int> directories_synced = 0;

int sync_or_fail(long call, int fd, std::atomic<int>& to_fail) {
  if (to_fail == 0) return static_cast<int>(::syscall(call, fd));
  --to_fail;
  errno = EIO;
  return -1;
}

}  // namespace

// In the place of libc's, for this test program: a disk that fails.
extern "C" int fdatasync(int fd) {
  return sync_or_fail(SYS_fdatasync, fd, fdatasyncs_to_fail);
}
extern "C" int fsync(int fd) {
  struct stat status{};
  if (::fstat(fd, &status) == 0 && S_ISDIR(status.st_mode)) ++directories_synced;
  return sync_or_fail(SYS_fsync, fd, fsyncs_to_fail);
}

namespace lifeboat::relay {
namespace {

using testing::events_of;
using testing::LogBuilder;

constexpr const char* kFile = "mysql-bin.000001";

LogBuilder two_groups() {
  LogBuilder log({});
  log.group({0, 1, 1}, "CREATE TABLE a (b INT)").group({0, 1, 2}, "INSERT INTO a VALUES (1)");
  return log;
}

struct Kept {
  TempDir directory;
  LogDirectory log{directory.path()};
  std::vector<LogWriter::Durable> told;
};

void write(LogWriter& writer, const Bytes& file) {
  for (const binlog::Event& event : events_of(file)) writer.begin_event(event.whole);
}

TEST(LogWriter, KeepsFilesByteForByteAndTellsWhatIsDurable) {
  Kept kept;
  const LogBuilder source = two_groups();
  {
    LogWriter writer(kept.log, [&](const LogWriter::Durable& durable) { kept.told.push_back(durable); });
    writer.begin_file(kFile);
    write(writer, source.bytes());
    writer.want_ack();
    EXPECT_EQ("", kept.log.state().position().format());
    writer.settle();
  }
  EXPECT_EQ(source.bytes(), read_file(kept.log.file_path(kFile)));
  EXPECT_EQ("0-1-2", kept.log.state().position().format());
  ASSERT_FALSE(kept.told.empty());
  EXPECT_EQ((LogPosition{kFile, source.size()}), kept.told.back().ack);
  EXPECT_EQ("0-1-1", kept.log.gtid_position_at(kFile, source.size() - 1));
  EXPECT_EQ("0-1-2", kept.log.gtid_position_at(kFile, source.size()));
}

TEST(LogWriter, AFileCutAnywhereIsTakenUpAfterItsLastWholeGroup) {
  const LogBuilder source = two_groups();
  const std::vector<binlog::Event> events = events_of(source.bytes());
  for (std::size_t cut = 0; cut <= source.size(); cut += 3) {
    const TempDir directory;
    write_file_durably(directory.path() / kFile, ByteView(source.bytes()).first(cut));
    LogDirectory log(directory.path());
    LogWriter writer(log, [](const LogWriter::Durable&) {});
    const std::uint64_t end = writer.end()->position;
    EXPECT_LE(end, std::max<std::size_t>(cut, 4));
    // What comes again from there makes the file whole.
    for (const binlog::Event& event : events) {
      if (event.header.end_position > end) writer.begin_event(event.whole);
    }
    writer.settle();
    ASSERT_EQ(source.bytes(), read_file(directory.path() / kFile)) << cut;
    ASSERT_EQ("0-1-2", log.state().position().format()) << cut;
  }
}

TEST(LogWriter, RecoverDropsTheBeginningOfAGroup) {
  Kept kept;
  LogWriter writer(kept.log, [](const LogWriter::Durable&) {});
  writer.begin_file(kFile);
  const LogBuilder source = two_groups();
  const std::vector<binlog::Event> events = events_of(source.bytes());
  for (std::size_t i = 0; i + 1 < events.size(); ++i) writer.begin_event(events[i].whole);
  writer.settle();
  EXPECT_EQ("0-1-1", kept.log.state().position().format());
  writer.recover();
  writer.begin_event(events[events.size() - 2].whole);
  writer.begin_event(events.back().whole);
  writer.settle();
  EXPECT_EQ(source.bytes(), read_file(kept.log.file_path(kFile)));
}

TEST(LogWriter, RecoverReadsNothingWhenOnlyTheStreamBroke) {
  Kept kept;
  LogWriter writer(kept.log, [](const LogWriter::Durable&) {});
  writer.begin_file(kFile);
  const LogBuilder source = two_groups();
  const std::vector<binlog::Event> events = events_of(source.bytes());
  for (std::size_t i = 0; i + 1 < events.size(); ++i) writer.begin_event(events[i].whole);  // none of it flushed
  const Path path = kept.log.file_path(kFile);
  writer.flush();
  {
    const UniqueFd file = open_file(path, O_WRONLY);  // who reads the file again stops here
    pwrite_full(file.get(), Bytes{0xff}, 30, path.string());
  }
  writer.recover();
  EXPECT_EQ("0-1-1", kept.log.state().position().format());
  EXPECT_EQ(events[events.size() - 2].header.end_position - events[events.size() - 2].header.size,
            writer.end()->position);
}

TEST(LogWriter, RecoversFromWhateverHappensWherever) {
  const auto seed = std::random_device()();
  SCOPED_TRACE(seed);
  std::mt19937 random(seed);
  LogBuilder source({});
  for (std::uint64_t i = 1; i <= 200; ++i) {
    source.group({0, 1, i}, "INSERT INTO a VALUES ('" + std::string(i % 50 == 0 ? 200'000 : i, 'x') + "')");
  }
  const std::vector<binlog::Event> events = events_of(source.bytes());
  Kept kept;
  LogWriter writer(kept.log, [](const LogWriter::Durable&) {});
  writer.begin_file(kFile);
  for (std::size_t i = 0; i < events.size();) {
    const ByteView whole = events[i].whole;
    const unsigned what = random() % 10;
    if (what == 0) {  // the stream breaks; in the middle of an event, if it is large
      if (whole.size() > FileProgress::kFirstPartMin) writer.begin_event(whole.first(FileProgress::kFirstPartMin));
    } else if (what == 1) {
      Bytes damaged(whole.begin(), whole.end());
      damaged[binlog::kEventHeaderSize] ^= 1;
      EXPECT_THROW(writer.begin_event(damaged), Exception);
    } else {
      writer.begin_event(whole);
      if (what == 2) writer.flush();
      if (what == 3) writer.settle();
      ++i;
      continue;
    }
    writer.recover();
    const std::uint64_t end = writer.end()->position;
    i = 0;
    while (i < events.size() && events[i].header.end_position <= end) ++i;
  }
  writer.settle();
  EXPECT_EQ(source.bytes(), read_file(kept.log.file_path(kFile)));
  EXPECT_EQ("0-1-200", kept.log.state().position().format());
}

TEST(LogWriter, AfterAFailureOnlyWhatWasDurableCounts) {
  Kept kept;
  LogWriter writer(kept.log, [](const LogWriter::Durable&) {});
  writer.begin_file(kFile);
  const LogBuilder source = two_groups();
  const std::vector<binlog::Event> events = events_of(source.bytes());
  for (std::size_t i = 0; i + 2 < events.size(); ++i) writer.begin_event(events[i].whole);
  writer.settle();
  const Path path = kept.log.file_path(kFile);
  {
    const UniqueFd file = open_file(path, O_WRONLY);  // whole, but nobody synced it
    pwrite_full(file.get(), ByteView(source.bytes()).subspan(writer.end()->position), writer.end()->position,
                path.string());
  }
  EXPECT_THROW(writer.begin_event(events[0].whole), Exception);
  writer.recover();
  EXPECT_EQ("0-1-1", kept.log.state().position().format());
  EXPECT_EQ(kept.log.end(), writer.end());
  EXPECT_EQ(writer.end()->position, std::filesystem::file_size(path));
}

TEST(LogWriter, BeginsAFileAnewThatAFullDiskCutShort) {
  Kept kept;
  LogWriter writer(kept.log, [](const LogWriter::Durable&) {});
  write_file_durably(kept.log.file_path(kFile), as_bytes("\xfe"));
  writer.begin_file(kFile);
  write(writer, two_groups().bytes());
  writer.settle();
  EXPECT_EQ(two_groups().bytes(), read_file(kept.log.file_path(kFile)));
  EXPECT_THROW(writer.begin_file(kFile), Exception);
}

/// The first is durable. Returns the second's events.
std::span<const binlog::Event> fail_to_sync_the_second_group(LogWriter& writer, std::span<const binlog::Event> events) {
  const std::span<const binlog::Event> second = events.last(2);
  for (const binlog::Event& event : events.first(events.size() - second.size())) writer.begin_event(event.whole);
  writer.settle();
  fdatasyncs_to_fail = 1;
  for (const binlog::Event& event : second) writer.begin_event(event.whole);
  EXPECT_THROW(writer.settle(), Exception);
  return second;
}

TEST(LogWriter, WhatAFailedFsyncMayHaveLostIsNeverToldAndComesAgain) {
  Kept kept;
  LogWriter writer(kept.log, [&](const LogWriter::Durable& durable) { kept.told.push_back(durable); });
  writer.begin_file(kFile);
  const LogBuilder source = two_groups();
  const std::vector<binlog::Event> events = events_of(source.bytes());
  const std::span<const binlog::Event> second = fail_to_sync_the_second_group(writer, events);
  writer.recover();  // the file reads well, and every fsync succeeds from now on
  EXPECT_EQ("0-1-1", kept.log.state().position().format());
  EXPECT_EQ("0-1-1", kept.log.gtid_position_at(kFile, writer.end()->position));
  EXPECT_EQ(writer.end()->position, std::filesystem::file_size(kept.log.file_path(kFile)));
  EXPECT_EQ(kept.told.back().end, *writer.end());
  for (const binlog::Event& event : second) writer.begin_event(event.whole);
  writer.settle();
  EXPECT_EQ(source.bytes(), read_file(kept.log.file_path(kFile)));
}

TEST(LogWriter, WhatAFailedFsyncMayHaveLostIsGoneAlsoForWhoComesAfterAKill) {
  Kept kept;
  LogWriter writer(kept.log, [](const LogWriter::Durable&) {});
  writer.begin_file(kFile);
  const LogBuilder source = two_groups();
  fail_to_sync_the_second_group(writer, events_of(source.bytes()));
  EXPECT_EQ("0-1-1", LogDirectory(kept.directory.path()).state().position().format());
}

TEST(LogWriter, RefusesWhatDoesNotFollow) {
  Kept kept;
  LogWriter writer(kept.log, [](const LogWriter::Durable&) {});
  writer.begin_file(kFile);
  const LogBuilder source = two_groups();
  const std::vector<binlog::Event> events = events_of(source.bytes());
  EXPECT_THROW(writer.begin_event(events[1].whole), Exception);
  writer.begin_event(events[0].whole);
  EXPECT_THROW(writer.begin_event(events[2].whole), Exception);
  Bytes damaged(events[1].whole.begin(), events[1].whole.end());
  damaged[binlog::kEventHeaderSize] ^= 1;
  EXPECT_THROW(writer.begin_event(damaged), Exception);
}

TEST(LogWriter, AFileThatCouldNotBeMadeIsMadeLater) {
  Kept kept;
  LogWriter writer(kept.log, [](const LogWriter::Durable&) {});
  for (int attempt = 0; attempt < 3; ++attempt) {
    fsyncs_to_fail = 1;
    EXPECT_THROW(writer.begin_file(kFile), Exception);
    EXPECT_EQ(0, fsyncs_to_fail);
    writer.recover();
  }
  writer.begin_file(kFile);
  write(writer, two_groups().bytes());
  writer.settle();
  EXPECT_EQ("0-1-2", kept.log.state().position().format());
}

TEST(LogWriter, WhoTakesUpALogSyncsWhatOneThatWasKilledDidNotComeTo) {
  const TempDir directory;
  const Path source = directory.path() / "relay" / "db1-3306";
  const Path log = source / "000001";
  make_directories(log);
  write_file_durably(log / kFile, two_groups().bytes());
  directories_synced = 0;
  const SourceLog kept(source);
  EXPECT_EQ(2, directories_synced) << "its own, and the relay's";
  LogDirectory files(log);
  const LogWriter writer(files, [](const LogWriter::Durable&) {});
  EXPECT_EQ(3, directories_synced) << "where the file is";
}

TEST(LogWriter, ADirectoryThatIsMadeLasts) {
  const TempDir directory;
  directories_synced = 0;
  make_directories(directory.path() / "relay" / "db1-3306");
  EXPECT_EQ(2, directories_synced);
}

TEST(LogWriter, AFileIsNotThereBeforeItSaysWhatComesBeforeIt) {
  Kept kept;
  const LogBuilder second(binlog::parse_gtid_list("0-1-2"));
  const std::vector<binlog::Event> head = events_of(second.bytes());
  const auto is_hidden = [](const LogDirectory& log) {
    return log.files().size() == 1 && !log.end_of(kFile).closed && log.state().position().format() == "0-1-2";
  };
  {
    LogWriter writer(kept.log, [](const LogWriter::Durable&) {});
    writer.begin_file(kFile);
    write(writer, two_groups().rotate("mysql-bin.000002").bytes());
    writer.begin_file("mysql-bin.000002");
    EXPECT_TRUE(is_hidden(kept.log));
    writer.begin_event(head[0].whole);
    writer.settle();
    EXPECT_TRUE(is_hidden(kept.log));
  }
  LogDirectory log(kept.directory.path());
  EXPECT_TRUE(is_hidden(log));
  LogWriter writer(log, [](const LogWriter::Durable&) {});
  EXPECT_TRUE(is_hidden(log));
  EXPECT_EQ((LogPosition{"mysql-bin.000002", head[0].header.end_position}), writer.end());
  writer.begin_event(head[1].whole);
  writer.settle();
  EXPECT_EQ(2U, log.files().size());
  EXPECT_TRUE(log.end_of(kFile).closed);
  EXPECT_EQ("0-1-2", log.state().position().format());
}

/// What a crash of the source left without an end is kept, and served to nobody: live or from a log that is opened
/// again.
TEST(LogWriter, ATornTailOfAClosedFileIsKeptAndNotTold) {
  Kept kept;
  const LogBuilder whole = two_groups();
  const LogBuilder torn = LogBuilder(whole).torn_group({0, 1, 3}, "DELETE FROM a");
  LogBuilder next(binlog::parse_gtid_list("0-1-2"));
  next.group({0, 1, 3});
  LogWriter writer(kept.log, [](const LogWriter::Durable&) {});
  writer.begin_file(kFile);
  write(writer, torn.bytes());
  writer.begin_file("mysql-bin.000002");
  write(writer, next.bytes());
  writer.settle();
  EXPECT_EQ(torn.bytes(), read_file(kept.log.file_path(kFile)));
  EXPECT_EQ(whole.size(), kept.log.end_of(kFile).readable);
  EXPECT_EQ(whole.size(), LogDirectory(kept.directory.path()).end_of(kFile).readable);
}

TEST(LogDirectory, AClosedFileIsReadToItsEndOrToItsDamage) {
  const TempDir directory;
  const LogBuilder in_order = two_groups().rotate("mysql-bin.000002");
  const LogBuilder next(binlog::parse_gtid_list("0-1-2"));
  write_file_durably(directory.path() / "mysql-bin.000002", next.bytes());
  write_file_durably(directory.path() / kFile, in_order.bytes());
  EXPECT_EQ(in_order.size(), LogDirectory(directory.path()).end_of(kFile).readable);
  Bytes damaged = two_groups().torn_group({0, 1, 3}, "DELETE FROM a").bytes();
  damaged[LogBuilder({}).size() + binlog::kEventHeaderSize] ^= 1;
  write_file_durably(directory.path() / kFile, damaged);
  EXPECT_EQ(damaged.size(), LogDirectory(directory.path()).end_of(kFile).readable);
}

TEST(LogWriter, DoesNotCutAFileThatIsNoLog) {
  const TempDir directory;
  write_file_durably(directory.path() / kFile, as_bytes("precious, and no log"));
  LogDirectory log(directory.path());
  EXPECT_THROW(LogWriter(log, [](const LogWriter::Durable&) {}), Exception);
  EXPECT_EQ("precious, and no log", as_text(read_file(directory.path() / kFile)));
}

TEST(FileProgress, ALargeEventInPiecesIsJudgedAsAWhole) {
  LogBuilder source({});
  source.group({0, 1, 1}, "INSERT INTO a VALUES ('" + std::string(300'000, 'x') + "')");
  for (const bool damage : {false, true}) {
    Bytes file = source.bytes();
    if (damage) file[file.size() - 1000] ^= 1;
    FileProgress progress(kFile, {});
    const std::vector<binlog::Event> events = events_of(file);
    for (std::size_t i = 0; i + 1 < events.size(); ++i) progress.begin(events[i].whole);
    const ByteView large = events.back().whole;
    progress.begin(large.first(FileProgress::kFirstPartMin));
    EXPECT_FALSE(progress.between_events());
    const ByteView rest = large.subspan(FileProgress::kFirstPartMin);
    progress.more(rest.first(rest.size() - 2));  // the checksum itself is cut in two
    if (damage) {
      EXPECT_THROW(progress.more(rest.last(2)), Exception);
    } else {
      progress.more(rest.last(2));
      EXPECT_EQ(file.size(), progress.boundary().position);
    }
  }
}

TEST(LogScan, NamesOfLogFiles) {
  for (const char* good : {"mysql-bin.000001", "a.b.1000000"}) EXPECT_TRUE(is_log_file_name(good)) << good;
  for (const char* bad :
       {"../x.000001", ".000001", "mysql-bin.00001", "mysql-bin.index", "x", "mysql-bin.00000a", ""}) {
    EXPECT_FALSE(is_log_file_name(bad)) << bad;
  }
}

}  // namespace
}  // namespace lifeboat::relay
