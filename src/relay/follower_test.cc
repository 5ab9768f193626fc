// What a follower makes of what a source says that is driven by hand. A real source is followed in tests/integration.

#include "relay/follower.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <thread>

#include "relay/source_testing.h"

namespace lifeboat::relay {
namespace {

using namespace std::chrono_literals;
using testing::LogBuilder;
using testing::refused_with;
using testing::ScriptedSource;

constexpr const char* kKeptFile = "mysql-bin.000001";

class FollowerTest : public ::testing::Test {
 protected:
  /// Of an earlier run: a file that holds this much.
  void keep(ByteView content) const {
    make_directories(directory_.path() / "000001");
    write_file_durably(directory_.path() / "000001" / kKeptFile, content);
  }
  void follow(ScriptedSource::Answer gtid_pos, std::uint16_t dump_error, ScriptedSource::Dump dump = {}) {
    source_ = std::make_unique<ScriptedSource>(
        [gtid_pos = std::move(gtid_pos)](std::string_view sql) -> ScriptedSource::Answer {
          if (sql.contains("BINLOG_GTID_POS")) return gtid_pos;
          return TextResult{.columns = {"x"}, .rows = {{"1"}}};
        },
        refused_with(dump_error), std::move(dump));
    FollowOptions options;
    options.login.address = {.endpoint = {.host = "127.0.0.1", .port = source_->port()}, .user = "r"};
    options.directory = directory_.path();
    options.retry = 10ms;
    follower_ = std::make_unique<Follower>(
        std::move(options), [](const std::shared_ptr<LogDirectory>&) { return std::vector<std::string>(); });
  }
  void wait_for_attempts(int attempts) const {
    for (int i = 0; i < 2000 && source_->connections() < attempts; ++i) std::this_thread::sleep_for(5ms);
    EXPECT_GE(source_->connections(), attempts);
  }
  std::string incarnation() const {
    for (int i = 0; i < 1000 && follower_->status().incarnation == "000001"; ++i) std::this_thread::sleep_for(5ms);
    return follower_->status().incarnation;
  }

  /// As a source sends it.
  static std::vector<Bytes> stream_of(const std::string& file, const Bytes& content) {
    std::vector<Bytes> events{binlog::make_fake_rotate({.server_id = 1}, {.position = 4, .file = file})};
    for (const binlog::Event& each : testing::events_of(content)) {
      events.emplace_back(each.whole.begin(), each.whole.end());
    }
    return events;
  }

  const TextResult null_{.columns = {"x"}, .rows = {{std::nullopt}}};
  const LogBuilder two_groups_ = LogBuilder({}).group({0, 1, 1}).group({0, 1, 2});
  TempDir directory_;
  std::unique_ptr<ScriptedSource> source_;
  std::unique_ptr<Follower> follower_;
};

TEST_F(FollowerTest, ASourceThatCannotAnswerNowIsNoOther) {
  constexpr std::uint16_t kQueryInterrupted = 1317;
  keep(two_groups_.bytes());
  follow(refused_with(kQueryInterrupted), kQueryInterrupted);
  wait_for_attempts(3);
  EXPECT_EQ(follower_->status().incarnation, "000001");
  EXPECT_TRUE(follower_->status().alarms.empty());
}

TEST_F(FollowerTest, ASourceThatShutsDownHasNoGap) {
  constexpr std::uint16_t kShutdown = 1053;
  keep(two_groups_.bytes());
  follow(null_, kShutdown);
  wait_for_attempts(4);
  EXPECT_EQ(follower_->status().incarnation, "000001");
  EXPECT_TRUE(follower_->status().alarms.empty());
}

TEST_F(FollowerTest, ASourceThatHasNotWhatFollowsHasAGap) {
  keep(two_groups_.bytes());
  follow(null_, kFatalReadingLog);
  EXPECT_EQ(incarnation(), "000002");
  EXPECT_TRUE(follower_->status().alarms.at(0).contains("gap"));
}

/// The source was killed while it wrote: its file ends inside an event, which it can serve to nobody.
TEST_F(FollowerTest, GoesOnInTheNextFileWhereTheSourcesEndsInsideAnEvent) {
  constexpr const char* kNext = "mysql-bin.000002";
  keep(two_groups_.bytes());
  const Bytes next = LogBuilder(binlog::parse_gtid_list("0-1-2")).group({0, 1, 3}).bytes();
  follow(TextResult{.columns = {"x"}, .rows = {{"0-1-2"}}}, kFatalReadingLog,
         [next](const std::optional<std::string>& file) {
           return file == kKeptFile ? std::vector<Bytes>() : stream_of(kNext, next);
         });
  for (int i = 0; i < 1000 && follower_->status().gtid != "0-1-3"; ++i) std::this_thread::sleep_for(5ms);
  const FollowStatus status = follower_->status();
  EXPECT_EQ(status.gtid, "0-1-3");
  EXPECT_EQ(status.file, kNext);
  EXPECT_EQ(status.incarnation, "000001");
  EXPECT_TRUE(status.alarms.empty());
  EXPECT_EQ(read_file(directory_.path() / "000001" / kKeptFile), two_groups_.bytes());
}

TEST_F(FollowerTest, BeginsWithTheOldestFileWhereTheOneThatWasNamedIsGone) {
  keep(two_groups_.bytes());
  const Bytes oldest = LogBuilder(binlog::parse_gtid_list("0-1-7")).group({0, 1, 8}).bytes();
  follow(null_, kFatalReadingLog, [oldest](const std::optional<std::string>& file) {
    if (!file) return stream_of("mysql-bin.000005", oldest);  // the last that it does before it purges that one
    return file->empty() ? stream_of("mysql-bin.000006", oldest) : std::vector<Bytes>();
  });
  for (int i = 0; i < 1000 && follower_->status().gtid != "0-1-8"; ++i) std::this_thread::sleep_for(5ms);
  const FollowStatus status = follower_->status();
  EXPECT_EQ(status.gtid, "0-1-8");
  EXPECT_EQ(status.incarnation, "000002");
  EXPECT_TRUE(status.alarms.back().contains("gap: the source no longer has mysql-bin.000005")) << status.alarms.back();
}

TEST_F(FollowerTest, BeginsAnewWhereTheSourceHasNotTheFileOfWhichNothingCameYet) {
  keep(as_bytes(binlog::kFileMagic));
  follow(null_, kFatalReadingLog);
  EXPECT_EQ(incarnation(), "000002");
  wait_for_attempts(source_->connections() + 3);
  EXPECT_EQ(follower_->status().incarnation, "000002") << "once is enough";
}

TEST_F(FollowerTest, WhatWasExposedIsKnownAfterARestartUntilItsRecordIsRemoved) {
  keep(two_groups_.bytes());
  follow(null_, kFatalReadingLog);
  EXPECT_EQ(incarnation(), "000002");
  const FollowStatus before = follower_->status();
  ASSERT_EQ(before.alarms.size(), 2U);
  follower_.reset();
  follow(null_, kFatalReadingLog);
  const FollowStatus after = follower_->status();
  EXPECT_EQ(after.alarms, before.alarms);
  ASSERT_EQ(after.exposed.size(), 1U);
  EXPECT_EQ(format_time(after.exposed[0].since), format_time(before.exposed.at(0).since));
  EXPECT_EQ(after.exposed[0].after_gtid, "0-1-2");
  std::filesystem::remove(directory_.path() / "exposure.json");
  for (int i = 0; i < 1000 && !follower_->status().alarms.empty(); ++i) std::this_thread::sleep_for(5ms);
  EXPECT_TRUE(follower_->status().alarms.empty());
  EXPECT_EQ(follower_->status().exposed.size(), 1U) << "it is still open";
}

TEST_F(FollowerTest, IsExposedSinceTheLastWriteNotSinceTheCutOfATornTail) {
  Bytes torn = two_groups_.bytes();
  torn.push_back(1);
  keep(torn);
  const Path file = directory_.path() / "000001" / kKeptFile;
  std::filesystem::last_write_time(file, std::filesystem::last_write_time(file) - 1h);
  follow(null_, kFatalReadingLog);
  EXPECT_LT(follower_->status().exposed.at(0).since, now() - 59min);
}

}  // namespace
}  // namespace lifeboat::relay
