// The index tells what the log tells, wherever its writer was killed, and is never believed against the log.

#include "relay/log_index.h"

#include <gtest/gtest.h>

#include "relay/log_export.h"
#include "relay/log_gaps.h"
#include "relay/log_indexer.h"
#include "relay/log_writer.h"
#include "relay/serving_testing.h"
#include "relay/source_log.h"

namespace lifeboat::relay {
namespace {

using testing::LogBuilder;

constexpr const char* kFirst = "mysql-bin.000001";
constexpr const char* kSecond = "mysql-bin.000002";
constexpr IndexOwner kOwner{.made_at = 1'700'000'000, .server_id = 1};
constexpr IndexOwner kSecondOwner{.made_at = 1'700'000'010, .server_id = 1};

IndexEntry entry_at(std::uint64_t begin, std::uint64_t sequence) {
  return {.begin = begin, .end = begin + 100, .time = 5, .gtid = binlog::Gtid{0, 1, sequence}};
}

std::vector<IndexEntry> entries_of(const Path& index, const IndexOwner& owner = kOwner) {
  std::vector<IndexEntry> entries;
  read_index(index, owner, [&](const IndexEntry& entry) {
    entries.push_back(entry);
    return true;
  });
  return entries;
}

TEST(IndexBlock, KeepsEveryKindOfEntry) {
  IndexEntry mysql{.begin = 700, .end = 800, .time = 3};
  mysql.mysql_gtid = binlog::parse_mysql_gtid("3e11fa47-71ca-11e1-9e33-c80aa9429562:tag:7");
  IndexEntry danger = entry_at(900, 3);
  danger.severity = binlog::Severity::kDestroys;
  danger.danger = binlog::DangerClass::kDropTable;
  danger.rows = 12;
  const std::vector<IndexEntry> entries{entry_at(4, 1), entry_at(104, 2), entry_at(300, 9), mysql, danger};
  IndexBlockBuilder builder;
  for (const IndexEntry& entry : entries) builder.add(entry);
  const Bytes block = builder.take();
  std::vector<IndexEntry> read;
  EXPECT_EQ(decode_index_block(block, read), block.size());
  EXPECT_EQ(read, entries);
  for (std::size_t size = 0; size < block.size(); ++size) {
    EXPECT_EQ(decode_index_block(ByteView(block).first(size), read), 0U) << "torn at " << size;
  }
}

TEST(IndexFile, CutOrDamagedAnywhereItGoesOnFromWhatIsGood) {
  const TempDir directory;
  const Path path = directory.path() / "index" / kFirst;
  const auto write = [&](int to) {
    IndexFileWriter writer(path, kOwner, 1'000'000);
    for (int i = 0; i < to; ++i) {
      writer.add(entry_at(4 + static_cast<std::uint64_t>(i) * 100, static_cast<std::uint64_t>(i)));
      if (i % 7 == 0) writer.flush();
    }
    writer.flush();
  };
  write(30);
  const Bytes whole = read_file(path);
  ASSERT_EQ(entries_of(path).size(), 30U);
  for (std::size_t cut = 0; cut < whole.size(); ++cut) {
    Bytes torn(whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(cut));
    write_file_durably(path, torn);
    write(30);
    ASSERT_EQ(entries_of(path).size(), 30U) << "cut at " << cut;
    torn = whole;
    torn[cut] ^= 1U;
    write_file_durably(path, torn);
    write(30);
    ASSERT_EQ(entries_of(path).size(), 30U) << "damaged at " << cut;
  }
  EXPECT_TRUE(entries_of(path, {.made_at = 1, .server_id = 1}).empty()) << "of another file of this name";
}

TEST(IndexFile, WhatLiesBeyondTheLogIsMadeAnew) {
  const TempDir directory;
  const Path path = directory.path() / "index" / kFirst;
  {
    IndexFileWriter writer(path, kOwner, 1000);
    for (std::uint64_t i = 0; i < 8; ++i) writer.add(entry_at(4 + i * 100, i));
    writer.flush();
  }
  const IndexFileWriter shorter(path, kOwner, 500);
  EXPECT_EQ(shorter.end(), 0U);
  EXPECT_TRUE(entries_of(path).empty());
}

class Indexed : public ::testing::Test {
 protected:
  Indexed() {
    make_directories(path());
    write(kFirst, LogBuilder({})
                      .group({0, 1, 1}, "CREATE TABLE d.a (b INT)", 1'700'000'001)
                      .group({0, 1, 2}, "INSERT INTO d.a VALUES (1)", 1'700'000'002)
                      .rotate(kSecond));
    write(kSecond, LogBuilder({{0, 1, 2}}, 1'700'000'010)
                       .group({0, 1, 3}, "DROP TABLE d.a", 1'700'000'011)
                       .group({0, 1, 4}, "INSERT INTO d.c VALUES (1)", 1'700'000'012));
  }
  Path path() const { return directory_.path() / "000001"; }
  void write(const char* name, const LogBuilder& content) const { write_file_durably(path() / name, content.bytes()); }
  /// With an indexer that has come to the log's end, and is gone.
  void build_index() const {
    const auto log = std::make_shared<LogDirectory>(path());
    {
      LogIndexer indexer(directory_.path());
      indexer.follow(log);
      const auto indexed = [&] { return entries_of(index_path(path() / kSecond), kSecondOwner).size() == 2; };
      for (int i = 0; i < 1000 && !indexed(); ++i)
        log->wait_beyond(kSecond, ~std::uint64_t{0}, std::chrono::milliseconds(10));
    }
    ASSERT_EQ(entries_of(index_path(path() / kFirst)).size(), 2U);
    ASSERT_EQ(entries_of(index_path(path() / kSecond), kSecondOwner).size(), 2U);
  }

  TempDir directory_;
};

void expect_found(const LogDirectory& log) {
  const LogIndex index(log);
  const auto drop = index.find("0-1-3");
  ASSERT_TRUE(drop);
  EXPECT_EQ(drop->file.name, kSecond);
  EXPECT_EQ(drop->entry.severity, binlog::Severity::kDestroys);
  EXPECT_EQ(drop->entry.danger, binlog::DangerClass::kDropTable);
  const LogGroup loaded = LogIndex::load(*drop);
  EXPECT_EQ(loaded.danger.statement, "DROP TABLE d.a");
  EXPECT_EQ(loaded.entry, drop->entry);
  EXPECT_EQ(index.find("0-1-1")->file.name, kFirst);
  EXPECT_FALSE(index.find("0-1-5"));
  EXPECT_FALSE(index.find("9-9-9"));
  EXPECT_EQ(index.find_time(1'700'000'002)->entry.gtid_text(), "0-1-2");
  EXPECT_EQ(index.find_time(1'700'000'005)->entry.gtid_text(), "0-1-3");
  EXPECT_FALSE(index.find_time(1'700'000'099));
}

TEST_F(Indexed, AnswersAreTheSameWithTheIndexWithoutAndWithPartOfIt) {
  expect_found(LogDirectory(path()));
  build_index();
  expect_found(LogDirectory(path()));
  const Path index = index_path(path() / kSecond);
  std::filesystem::resize_file(index, std::filesystem::file_size(index) - 1);
  expect_found(LogDirectory(path()));
  std::filesystem::remove(index);
  expect_found(LogDirectory(path()));
}

Bytes exported(const LogDirectory& log, const LogExportOptions& options, LogExportReport& report) {
  Bytes out;
  report = export_log(log, options, [&](ByteView bytes) { out.insert(out.end(), bytes.begin(), bytes.end()); });
  return out;
}

TEST_F(Indexed, AnExportIsALogFileOfItsOwnWithoutWhatIsSkipped) {
  const LogDirectory log(path());
  LogExportReport report;
  const Bytes out = exported(log, {.skip = {"0-1-3"}}, report);
  EXPECT_EQ(report.groups, 3U);
  EXPECT_EQ(report.skipped, 1U);
  const Path file = directory_.path() / "out.000001";
  write_file_durably(file, out);
  const LogScan scan = scan_log_file(file, {});
  EXPECT_EQ(scan.why_stopped, "");
  EXPECT_EQ(scan.progress.boundary().state.position().format(), "0-1-4");
  EXPECT_EQ(as_text(out).find("DROP TABLE"), std::string_view::npos);
}

TEST_F(Indexed, AnExportBeginsAndEndsWhereItIsAskedTo) {
  const LogDirectory log(path());
  LogExportReport report;
  exported(log, {.from_position = "0-1-1", .to_position = "0-1-3"}, report);
  EXPECT_EQ(report.first_gtid + " " + report.last_gtid, "0-1-2 0-1-3");
  exported(log, {.from_time = from_unix_ms(1'700'000'011'000)}, report);
  EXPECT_EQ(report.first_gtid + " " + report.last_gtid, "0-1-3 0-1-4");
  exported(log, {.to_time = from_unix_ms(1'700'000'011'000)}, report);
  EXPECT_EQ(report.first_gtid + " " + report.last_gtid, "0-1-1 0-1-2");
  exported(log, {.to_position = "0-1-2"}, report);
  EXPECT_EQ(report.groups, 2U);
  EXPECT_THROW(exported(log, {.from_position = "0-1-99"}, report), Exception);
  EXPECT_THROW(exported(log, {.skip = {"0-1-99"}}, report), Exception);
}

TEST_F(Indexed, ALargeEventIsExportedInPieces) {
  write(kSecond, LogBuilder({{0, 1, 2}}).group({0, 1, 3}, std::string(5 << 20U, 'x')).group({0, 1, 4}));
  const LogDirectory log(path());
  LogExportReport report;
  const Path file = directory_.path() / "out.000001";
  write_file_durably(file, exported(log, {.from_position = "0-1-1"}, report));
  const LogScan scan = scan_log_file(file, {});
  EXPECT_EQ(scan.why_stopped, "");
  EXPECT_EQ(scan.progress.boundary().state.position().format(), "0-1-4");
}

TEST_F(Indexed, GapsAreToldByWhatFilesBeginAfter) {
  EXPECT_TRUE(judge_continuity(directory_.path()).gaps.empty());
  write("mysql-bin.000003", LogBuilder({{0, 1, 9}}).group({0, 1, 10}));
  write("mysql-bin.000007", LogBuilder({{0, 1, 10}}).group({0, 1, 11}));  // numbers of files say nothing
  LogContinuity found = judge_continuity(directory_.path());
  ASSERT_EQ(found.gaps.size(), 1U);
  EXPECT_EQ(found.gaps[0].kept_to, "0-1-4");
  EXPECT_EQ(found.gaps[0].begins, "0-1-9");
  EXPECT_TRUE(found.gaps[0].lost);
  EXPECT_EQ(found.ends, "0-1-11");
  EXPECT_EQ(found.begins, "");
}

TEST_F(Indexed, ANewIncarnationIsAGapOnlyIfItBeginsAfterMoreThanIsKept) {
  const Path next = directory_.path() / "000002";
  make_directories(next);
  write_file_durably(next / kFirst, LogBuilder({}).group({0, 1, 1}).bytes());
  EXPECT_TRUE(judge_continuity(directory_.path()).gaps.empty()) << "RESET MASTER";
  write_file_durably(next / kFirst, LogBuilder({{0, 2, 5}}).group({0, 2, 6}).bytes());
  EXPECT_EQ(judge_continuity(directory_.path()).gaps.size(), 1U) << "another server, which has what is not kept";
}

}  // namespace
}  // namespace lifeboat::relay
