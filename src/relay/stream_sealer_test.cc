// The log goes into a vault part by part and comes out byte for byte, whatever cut the sealing short.

#include "relay/stream_sealer.h"

#include <gtest/gtest.h>

#include "relay/log_restore.h"
#include "relay/log_writer.h"
#include "relay/seal_plan.h"
#include "relay/serving_testing.h"
#include "relay/source_log.h"

namespace lifeboat::relay {
namespace {

using testing::LogBuilder;

constexpr const char* kSource = "db1.example-3306";
constexpr const char* kFirst = "mysql-bin.000001";
constexpr const char* kSecond = "mysql-bin.000002";

bool never() {
  return false;
}

TEST(SealPlan, EightOfOneSizeBecomeOneAndAClosedFileIsMadeOfLargeParts) {
  std::vector<std::uint64_t> sizes(7, 300);
  EXPECT_FALSE(next_merge(sizes, false));
  sizes.push_back(300);
  ASSERT_TRUE(next_merge(sizes, false));
  EXPECT_EQ(next_merge(sizes, false)->first, 0U);
  sizes.insert(sizes.begin(), 5'000'000);
  EXPECT_EQ(next_merge(sizes, false)->first, 1U) << "a large one is left alone";
  const auto closing = next_merge(std::vector<std::uint64_t>{5'000'000, 2'000'000, 2'000'000, 1'000'000}, true);
  ASSERT_TRUE(closing);
  EXPECT_EQ(closing->last, 2U) << "as many as fit into one part";
  EXPECT_FALSE(next_merge(std::vector<std::uint64_t>{5'000'000, 5'000'000}, true));
}

TEST(SealPlan, ATailSealedForDaysLeavesFewPartsAndIsUploadedAFewTimesOver) {
  for (const std::uint64_t piece : {300U, 20'000U, 900'000U}) {
    std::vector<std::uint64_t> sizes;
    std::uint64_t sealed = 0;
    std::uint64_t uploaded = 0;
    for (int i = 0; i < 100'000; ++i) {
      sizes.push_back(piece);
      sealed += piece;
      uploaded += piece;
      while (const auto merge = next_merge(sizes, false)) {
        std::uint64_t sum = 0;
        for (std::size_t at = merge->first; at < merge->last; ++at) sum += sizes[at];
        ASSERT_LE(sum, kSealedPartBytes);
        uploaded += sum;
        sizes[merge->first] = sum;
        sizes.resize(merge->first + 1);
      }
    }
    EXPECT_LE(sizes.size(), sealed / (kSealedPartBytes / 8) + 60) << piece;
    EXPECT_LE(uploaded, sealed * 8) << piece;
  }
}

class Sealing : public ::testing::Test {
 protected:
  Sealing() {
    const auto store = store::open_store(store_path());
    vault::Vault::init(*store, passphrase());
    vault_ = vault::Vault::open(store::open_store(store_path()), passphrase());
    make_directories(incarnation());
    write_incarnation_note(incarnation(), "{\"why\":\"the first\"}\n");
  }
  static vault::Credential passphrase() { return {codec::Secret(std::string_view("correct horse"))}; }
  std::string store_path() const { return (directory_.path() / "store").string(); }
  Path incarnation() const { return directory_.path() / "relay" / kSource / "000001"; }

  void write(const char* name, const LogBuilder& content) const {
    write_file_durably(incarnation() / name, content.bytes());
  }
  std::unique_ptr<StreamSealer> sealer() const {
    return std::make_unique<StreamSealer>(kSource, std::make_shared<LogDirectory>(incarnation()));
  }
  LogRestoreReport restore(const std::string& to, LogRestoreOptions options = {}) const {
    options.directory = directory_.path() / to;
    return restore_log(*vault_, options);
  }
  void expect_restored(const std::string& to, const char* name) const {
    const Path path = directory_.path() / to / kSource / "000001";
    EXPECT_TRUE(read_file(path / name) == read_file(incarnation() / name)) << name;
    EXPECT_EQ(stream_id(path), stream_id(incarnation()));
    EXPECT_EQ(incarnation_note(path), incarnation_note(incarnation()));
  }
  std::vector<vault::ListedLogPart> parts() const { return vault::list_log_parts(*vault_); }

  TempDir directory_;
  std::unique_ptr<vault::Vault> vault_;
};

LogBuilder first_file() {
  LogBuilder log({});
  log.group({0, 1, 1}, "CREATE TABLE a (b INT)").group({0, 1, 2}).rotate(kSecond);
  return log;
}

TEST_F(Sealing, AClosedFileAndTheTailComeBackByteForByte) {
  write(kFirst, first_file());
  LogBuilder second({{0, 1, 2}});
  second.group({0, 1, 3}, "DO 3");
  write(kSecond, second);
  const auto sealing = sealer();
  sealing->seal(*vault_, never);
  EXPECT_EQ(sealing->sealed(), (LogPosition{kSecond, second.size()}));
  EXPECT_EQ(sealing->whole_files(), std::vector<std::string>{kFirst});
  const LogRestoreReport report = restore("to");
  ASSERT_EQ(report.files.size(), 2U);
  for (const RestoredFile& file : report.files) EXPECT_EQ(file.problem, "");
  EXPECT_TRUE(report.files[0].closed);
  EXPECT_EQ(report.files[1].gtid, "0-1-3");
  expect_restored("to", kFirst);
  expect_restored("to", kSecond);
}

TEST_F(Sealing, ATailThatGrowsIsSealedOnceAndMerged) {
  LogBuilder log({});
  for (std::uint64_t i = 1; i <= 40; ++i) {
    log.group({0, 1, i});
    write(kFirst, log);
    sealer()->seal(*vault_, never);  // a relay that was killed after each
  }
  sealer()->seal(*vault_, never);
  EXPECT_LE(parts().size(), 8U);
  EXPECT_EQ(restore("to").files.at(0).gtid, "0-1-40");
  expect_restored("to", kFirst);
  const LogPartRecord record = decode_log_part_record(vault::read_log_metadata(*vault_, parts().at(0)));
  EXPECT_EQ(record.source, kSource);
  EXPECT_EQ(record.file, kFirst);
  EXPECT_TRUE(record.before.empty());
  EXPECT_GE(record.groups, 8U);
  EXPECT_EQ(record.first_time, 1'700'000'001U);
}

TEST_F(Sealing, AFileLargerThanAPartIsCut) {
  LogBuilder log({});
  for (std::uint64_t i = 1; i <= 3; ++i) log.group({0, 1, i}, std::string(6 << 20U, 'x'));
  write(kFirst, log.rotate(kSecond));
  write(kSecond, LogBuilder({{0, 1, 3}}));
  sealer()->seal(*vault_, never);
  EXPECT_GE(parts().size(), 3U);
  for (const vault::ListedLogPart& part : parts()) EXPECT_LE(part.name.size(), kSealedPartBytes);
  EXPECT_EQ(restore("to").files.at(0).problem, "");
  expect_restored("to", kFirst);
}

TEST_F(Sealing, StoppedBetweenAnyTwoPartsItGoesOn) {
  LogBuilder log({});
  for (std::uint64_t i = 1; i <= 5; ++i) log.group({0, 1, i}, std::string(5 << 20U, 'x'));
  write(kFirst, log);
  for (int steps = 0; steps < 6; ++steps) {
    int left = steps;
    sealer()->seal(*vault_, [&] { return left-- <= 0; });
  }
  EXPECT_EQ(restore("to").files.at(0).problem, "");
  expect_restored("to", kFirst);
}

TEST_F(Sealing, DamagedAndMissingPartsAreNamedAndTheRestIsRestored) {
  write(kFirst, first_file());
  LogBuilder second({{0, 1, 2}});
  write(kSecond, second);
  sealer()->seal(*vault_, never);
  for (std::uint64_t i = 3; i < 6; ++i) {
    second.group({0, 1, i});
    write(kSecond, second);
    sealer()->seal(*vault_, never);
  }
  const auto all = parts();
  vault::remove_log_part(*vault_, all.at(2).name);  // the second of the second file
  const Path damaged = Path(store_path()) / vault::log_part_object(all.at(0).name);
  Bytes bytes = read_file(damaged);
  bytes.back() ^= 1U;
  write_file_durably(damaged, bytes);
  const LogRestoreReport report = restore("to");
  ASSERT_EQ(report.files.size(), 2U);
  EXPECT_NE(report.files[0].problem, "");
  EXPECT_EQ(report.damaged, std::vector{vault::log_part_object(all.at(0).name)});
  EXPECT_NE(report.files[1].problem.find("are missing"), std::string::npos) << report.files[1].problem;
  EXPECT_EQ(report.files[1].bytes, all.at(2).name.begin);
}

TEST_F(Sealing, ADamagedPartIsReadFromTheOneItReplaced) {
  LogBuilder log({});
  log.group({0, 1, 1});
  write(kFirst, log);
  sealer()->seal(*vault_, never);
  const vault::ListedLogPart small = parts().at(0);
  const Bytes kept = read_file(Path(store_path()) / vault::log_part_object(small.name));
  write(kFirst, log.rotate(kSecond));
  write(kSecond, LogBuilder({{0, 1, 1}}));
  sealer()->seal(*vault_, never);
  write_file_durably(Path(store_path()) / vault::log_part_object(small.name), kept);  // its removal had failed
  for (const vault::ListedLogPart& part : parts()) {
    if (part.name == small.name || part.name.file != 1) continue;
    const Path path = Path(store_path()) / vault::log_part_object(part.name);
    Bytes bytes = read_file(path);
    bytes[40] ^= 1U;
    write_file_durably(path, bytes);
  }
  const LogRestoreReport report = restore("to");
  EXPECT_EQ(report.files.at(0).bytes, small.name.end);
  EXPECT_EQ(report.files.at(0).gtid, "0-1-1");
}

TEST_F(Sealing, RestoreBeginsWhereItIsAskedTo) {
  write(kFirst, first_file());
  LogBuilder second({{0, 1, 2}}, 1'700'000'100);
  write(kSecond, second.group({0, 1, 3}, "DO 0", 1'700'000'200));
  sealer()->seal(*vault_, never);
  EXPECT_EQ(restore("all").files.size(), 2U);
  const LogRestoreReport by_gtid = restore("gtid", {.from_gtid = binlog::Gtid{0, 1, 3}});
  ASSERT_EQ(by_gtid.files.size(), 1U);
  EXPECT_EQ(by_gtid.files[0].file, kSecond);
  EXPECT_EQ(restore("older", {.from_gtid = binlog::Gtid{0, 1, 2}}).files.size(), 2U);
  EXPECT_EQ(restore("time", {.from_time = from_unix_ms(1'700'000'250'000)}).files.size(), 1U);
  EXPECT_EQ(restore("early", {.from_time = from_unix_ms(1'700'000'150'000)}).files.size(), 2U);
}

TEST_F(Sealing, RestoreRefusesToWriteOverALogAndAnUnknownSource) {
  write(kFirst, first_file());
  sealer()->seal(*vault_, never);
  restore("to");
  EXPECT_THROW(restore("to"), Exception);
  EXPECT_THROW(restore("other", {.source = "db2.example-3306"}), Exception);
}

TEST_F(Sealing, AFinishedLogIsClosedAndDone) {
  LogBuilder log({});
  write(kFirst, log.group({0, 1, 1}));
  const auto sealing = sealer();
  sealing->finish();
  sealing->seal(*vault_, never);
  EXPECT_TRUE(sealing->done());
  EXPECT_TRUE(restore("to").files.at(0).closed);
}

TEST_F(Sealing, WhatThisHostRemovedIsNotMissed) {
  write(kFirst, first_file());
  write(kSecond, LogBuilder({{0, 1, 2}}));
  const auto log = std::make_shared<LogDirectory>(incarnation());
  StreamSealer sealing(kSource, log);
  sealing.seal(*vault_, never);
  {
    const auto hold = log->hold(kFirst);
    EXPECT_EQ(log->remove_oldest(kFirst), 0U) << "a replica reads it";
  }
  EXPECT_EQ(log->remove_oldest(kSecond), 0U) << "the newest stays";
  EXPECT_GT(log->remove_oldest(kFirst), 0U);
  sealing.seal(*vault_, never);
  sealer()->seal(*vault_, never);
  EXPECT_EQ(restore("to").files.size(), 2U);
}

}  // namespace
}  // namespace lifeboat::relay
