#include "rescue/adopt_log.h"

#include <gtest/gtest.h>

#include "base/error.h"
#include "relay/log_restore.h"
#include "relay/relay.h"
#include "relay/serving_testing.h"
#include "relay/stream_sealer.h"
#include "rescue/adopt_place.h"
#include "rescue/rescue_log.h"
#include "vault/vault_testing.h"

namespace lifeboat::rescue {
namespace {

using relay::testing::LogBuilder;

binlog::Gtid gtid(std::uint64_t sequence, std::uint32_t server = 1) {
  return {0, server, sequence};
}

class AdoptLogTest : public ::testing::Test {
 protected:
  /// The transactions from `first` to `last` in a file of that number.
  LogBuilder log(std::uint64_t first, std::uint64_t last, std::uint32_t server = 1) const {
    std::vector<binlog::Gtid> head;
    if (first > 1) head.push_back(gtid(first - 1, server));
    LogBuilder builder(head, 1'700'000'000, server);
    for (std::uint64_t n = first; n <= last; ++n) builder.group(gtid(n, server), "DO 0");
    return builder;
  }
  void give(int number, ByteView bytes) {
    make_directories(given());
    write_file_durably(given() / format("mysql-bin.{:06}", number), bytes);
  }
  AdoptedLog adopt(const std::string& source = "") {
    return adopt_log({.files = {given()}, .directory = directory_.path() / "kept", .source = source}, *vault_);
  }
  Error error() {
    return vault::error_of([&] { adopt(); });
  }
  /// As MariaDB 10.11 writes it: a Format_description in clear, then Start_encryption.
  Bytes encrypted_by_mariadb() const {
    Bytes bytes = log(1, 1).bytes();
    bytes.resize(4 + binlog::decode_header(ByteView(bytes).subspan(4)).size);
    const Bytes begins = from_hex(
        "fa7d036ba407000000280000002801000000000101000000"
        "4bc58e1d4fa6e15cdedb47beccffd558");
    bytes.insert(bytes.end(), begins.begin(), begins.end());
    return bytes;
  }
  Path given() const { return directory_.path() / "given"; }

  TempDir directory_;
  vault::TestVault vault_;
};

TEST_F(AdoptLogTest, CopiedFilesBecomeALogThatTheVaultGivesBack) {
  give(1, log(1, 3).bytes());
  give(2, log(4, 6).bytes());
  const AdoptedLog adopted = adopt();
  EXPECT_EQ(adopted.source, "server-1");
  EXPECT_EQ(adopted.files, 2U);
  EXPECT_EQ(adopted.begins, "");
  EXPECT_EQ(adopted.ends, "0-1-6");
  EXPECT_TRUE(adopted.notes.empty());
  EXPECT_EQ(RescueLog(adopted.incarnation).moment("0-1-4").format(), "0-1-4");
  const auto restored = relay::restore_log(*vault_, {.directory = directory_.path() / "again"});
  ASSERT_EQ(restored.files.size(), 2U);
  for (const relay::RestoredFile& file : restored.files) EXPECT_EQ(file.problem, "");
  EXPECT_EQ(read_file(directory_.path() / "again/server-1/000001/mysql-bin.000002"),
            read_file(given() / "mysql-bin.000002"));
}

TEST_F(AdoptLogTest, WhatARelayWritesOnIntoItsNewestFileIsSealedToo) {
  give(1, log(1, 3).bytes());
  const AdoptedLog adopted = adopt();
  const Bytes longer = log(1, 9).bytes();
  write_file_durably(adopted.incarnation / "mysql-bin.000001", longer);
  relay::StreamSealer relay(adopted.source, std::make_shared<relay::LogDirectory>(adopted.incarnation));
  relay.seal(*vault_, [] { return false; });
  relay::restore_log(*vault_, {.directory = directory_.path() / "again"});
  EXPECT_EQ(read_file(directory_.path() / "again/server-1/000001/mysql-bin.000001"), longer);
}

TEST_F(AdoptLogTest, TheSameFilesMakeNoSecondCopyAndOthersDo) {
  give(1, log(1, 3).bytes());
  const Path first = adopt().incarnation;
  EXPECT_EQ(adopt().incarnation, first);
  give(2, log(4, 6).bytes());
  const Path second = adopt().incarnation;
  EXPECT_NE(second, first);
  give(2, log(4, 6, 1).bytes());
  EXPECT_EQ(adopt().incarnation, second);
}

TEST_F(AdoptLogTest, ALastFileThatIsTornAnywhereIsCutAfterItsLastWholeGroup) {
  give(1, log(1, 3).bytes());
  const LogBuilder two = log(4, 5);
  const LogBuilder three = log(4, 6);
  for (std::size_t size = two.size(); size < three.size(); size += 7) {
    give(2, ByteView(three.bytes()).first(size));
    const AdoptedLog adopted = adopt();
    EXPECT_EQ(adopted.ends, "0-1-5") << size;
    EXPECT_EQ(std::filesystem::file_size(adopted.incarnation / "mysql-bin.000002"), two.size()) << size;
    EXPECT_EQ(adopted.notes.empty(), size == two.size()) << size;
  }
}

TEST_F(AdoptLogTest, AFileWithoutEvenItsHeadIsLeftOut) {
  give(1, log(1, 3).bytes());
  give(2, ByteView(log(4, 5).bytes()).first(10));
  const AdoptedLog adopted = adopt();
  EXPECT_EQ(adopted.files, 1U);
  EXPECT_EQ(adopted.notes.size(), 1U);
  EXPECT_EQ(adopted.ends, "0-1-3");
  const AdoptedLog again = adopt();
  EXPECT_EQ(again.incarnation, adopted.incarnation);
  EXPECT_EQ(again.notes, adopted.notes);
}

TEST_F(AdoptLogTest, WhatIsIndexedIsNotReadAgain) {
  give(1, log(1, 3000).bytes());
  const Path kept = adopt().incarnation / "mysql-bin.000001";
  const std::uint64_t middle = std::filesystem::file_size(kept) / 2;
  pwrite_full(open_file(kept, O_WRONLY).get(), Bytes(1000), middle, kept.string());
  EXPECT_EQ(adopt().ends, "0-1-3000");
}

TEST_F(AdoptLogTest, AHoleBetweenTheFilesIsSaid) {
  give(1, log(1, 3).bytes());
  give(3, log(7, 9).bytes());
  const AdoptedLog adopted = adopt();
  ASSERT_EQ(adopted.notes.size(), 1U);
  EXPECT_NE(adopted.notes[0].find("gap"), std::string::npos) << adopted.notes[0];
  EXPECT_NE(adopted.notes[0].find("0-1-6"), std::string::npos) << adopted.notes[0];
}

TEST_F(AdoptLogTest, DamageInTheMiddleEndsItsFileAndIsAGap) {
  Bytes damaged = log(1, 3).bytes();
  damaged[damaged.size() - 20] ^= 1;
  give(1, damaged);
  give(2, log(4, 6).bytes());
  const AdoptedLog adopted = adopt();
  EXPECT_EQ(adopted.notes.size(), 2U);
  EXPECT_EQ(adopted.ends, "0-1-6");
}

TEST_F(AdoptLogTest, FilesThatAreNoLogOfOneServerAreRefused) {
  EXPECT_EQ(error().code, Code::kNotFound);
  give(1, as_bytes("hello"));
  EXPECT_EQ(error().code, Code::kCorruption);
  give(1, as_bytes("\xfd\x62\x69\x6e and what is encrypted"));
  EXPECT_EQ(error().code, Code::kUnsupported);
  give(1, encrypted_by_mariadb());
  EXPECT_EQ(error().code, Code::kUnsupported);
  give(1, log(1, 3).bytes());
  give(2, log(4, 6, 2).bytes());
  EXPECT_EQ(error().code, Code::kUsage);
  EXPECT_TRUE(relay::list_source_directories(directory_.path() / "kept").empty());
}

TEST_F(AdoptLogTest, ABackupsPlaceIsLookedUpInTheLog) {
  const LogBuilder two = log(1, 2);
  give(1, log(1, 3).bytes());
  const Path incarnation = adopt("db1-3306").incarnation;
  const BackupPosition place{.file = "mysql-bin.000001", .position = two.size()};
  const Placed placed = place_backup(place, incarnation, "db1:3306");
  ASSERT_TRUE(placed.position);
  EXPECT_EQ(placed.position->gtid.format(), "0-1-2");
  EXPECT_EQ(placed.note, "");
  EXPECT_FALSE(place_backup(place, {}, "").position);
  BackupPosition replica = place;  // once of another server
  replica.gtid = "0-1-2,7-9-9";
  EXPECT_EQ(place_backup(replica, incarnation, "").position->gtid.format(), "0-1-2");
  EXPECT_NE(place_backup(std::nullopt, incarnation, "").note, "");
  EXPECT_NE(place_backup(BackupPosition{.gtid = "0-1-9"}, incarnation, "").note, "");
  const auto other = [&](const BackupPosition& said) {
    return vault::error_of([&] { place_backup(said, incarnation, ""); }).code;
  };
  EXPECT_EQ(other({.file = "mysql-bin.000001", .position = two.size(), .gtid = "0-1-3"}), Code::kConflict);
  EXPECT_EQ(other({.file = "mysql-bin.000001", .position = 1'000'000}), Code::kConflict);
}

}  // namespace
}  // namespace lifeboat::rescue
