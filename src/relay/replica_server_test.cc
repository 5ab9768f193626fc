// The serving side against a client that is driven by hand: what a replica gets from where, and what a hostile client
// costs. Under which rules it gets it: dump_test.cc. A stock replica is tested in tests/integration.

#include "relay/replica_server.h"

#include <gtest/gtest.h>
#include <sys/socket.h>

#include "base/random.h"
#include "binlog/format_description.h"
#include "relay/replica_server_testing.h"
#include "relay/sql_error.h"

namespace lifeboat::relay {
namespace {

using binlog::parse_gtid;
using testing::kHead;
using testing::LogBuilder;
using testing::TestClient;
using ReplicaServerTest = testing::ServedFiles;

TEST_F(ReplicaServerTest, LetsInWhoProvesThePassword) {
  start();
  EXPECT_EQ(client()->query("SELECT VERSION()").rows.at(0).at(0), testing::kVersion);
  EXPECT_EQ(TestClient(server->port()).log_in("repl", "wrong"), kAccessDenied);
  EXPECT_EQ(TestClient(server->port()).log_in("root", "secret"), kAccessDenied);
  EXPECT_EQ(TestClient(server->port()).log_in("repl", ""), kAccessDenied);
}

TEST_F(ReplicaServerTest, APortOutlivesItsServerAndItsRulesFile) {
  write_rules("id:2 hold\n");
  start();
  const std::uint16_t before = server->port();
  server.reset();
  write_rules("nonsense\n");
  TestClient waiting(before);  // while nobody serves
  start();
  EXPECT_EQ(server->port(), before);
  EXPECT_EQ(waiting.log_in(), 0);
  waiting.set("SET @master_heartbeat_period=50000000");
  waiting.dump({.gtid = ""});
  for (const char* name : {"Rotate", "Format_description", "Gtid_list"}) EXPECT_EQ(waiting.next_name(), name);
  EXPECT_EQ(waiting.next_name(), "Heartbeat") << "the last good rules hold it";
}

TEST_F(ReplicaServerTest, ServesEverythingToAnEmptyReplica) {
  start();
  EXPECT_EQ(dump_all({.gtid = ""}), std::string(kHead) +
                                        " Gtid(0-1-1) Query Gtid(0-1-2) Query Gtid(1-1-1) Query Rotate " +
                                        std::string(kHead) + " Gtid(0-1-3) Query Gtid(0-1-4) Query");
}

TEST_F(ReplicaServerTest, ServesWhatFollowsAGtidPosition) {
  start();
  EXPECT_EQ(dump_all({.gtid = "0-1-1,1-1-1"}),
            std::string(kHead) + " Gtid_list(0,0-1-1) Gtid(0-1-2) Query Gtid_list(0,0-1-2,1-1-1) Rotate " +
                std::string(kHead) + " Gtid(0-1-3) Query Gtid(0-1-4) Query");
  EXPECT_EQ(dump_all({.gtid = "0-1-2,1-1-1"}), std::string(kHead) + " Gtid(0-1-3) Query Gtid(0-1-4) Query");
  EXPECT_EQ(dump_all({.gtid = "0-1-4,1-1-1"}), std::string(kHead) + " Gtid_list(0,0-1-4,1-1-1)");
}

TEST_F(ReplicaServerTest, AResumingReplicaKeepsItsTemporaryTables) {
  start();
  const auto created = [&](const TestClient::DumpFrom& from) {
    const auto one = client();
    one->dump(from);
    one->next_event();
    const Bytes bytes = one->next_event();
    return decode_format_description(binlog::split_event(bytes, binlog::Checksum::kCrc32)).created;
  };
  EXPECT_NE(created({.gtid = ""}), 0U);
  EXPECT_EQ(created({.gtid = "0-1-1"}), 0U);
  EXPECT_EQ(created({.file = "bin.000001", .position = static_cast<std::uint32_t>(first.size())}), 0U);
}

TEST_F(ReplicaServerTest, ServesFromAFileAndPosition) {
  start();
  EXPECT_EQ(dump_all({.file = "bin.000002"}), std::string(kHead) + " Gtid(0-1-3) Query Gtid(0-1-4) Query");
  const LogBuilder before(binlog::parse_gtid_list("0-1-2,1-1-1"));
  EXPECT_EQ(dump_all({.file = "bin.000002", .position = static_cast<std::uint32_t>(before.size())}),
            "Rotate Format_description Gtid(0-1-3) Query Gtid(0-1-4) Query");
}

TEST_F(ReplicaServerTest, RefusesPositionsThatItDoesNotHave) {
  start();
  EXPECT_TRUE(refusal({.gtid = "0-1-9"}).contains("not in the master's binlog"));
  EXPECT_TRUE(refusal({.gtid = "0-9-1"}).contains("diverged"));
  EXPECT_TRUE(refusal({.file = "bin.000001", .position = 1'000'000}).contains("impossible position"));
  EXPECT_TRUE(refusal({.file = "bin.000009"}).contains("Could not find first log file"));
}

/// The end of the file before named it.
TEST_F(ReplicaServerTest, AReplicaThatIsAheadByAFileComesAgain) {
  start();
  try {
    dump_all({.file = "bin.000003"});
    ADD_FAILURE() << "it was served";
  } catch (const SqlFailure& failure) {
    EXPECT_EQ(failure.error().number, kUnknownError);
    EXPECT_TRUE(failure.error().message.contains("no bin.000003 yet")) << failure.error().message;
  }
  EXPECT_TRUE(refusal({.file = "other.000003"}).contains("Could not find first log file"));
}

/// A replica that is cut off comes again, for ever; one that is told stops.
TEST_F(ReplicaServerTest, SaysThatTheLogIsDamaged) {
  constexpr std::size_t kGtidEvent = 42;
  constexpr std::size_t kLengthOfDatabase = binlog::kEventHeaderSize + 8;
  const UniqueFd file = open_file(log.all_files().front().path, O_WRONLY);
  pwrite_full(file.get(), Bytes{200}, LogBuilder{{}}.size() + kGtidEvent + kLengthOfDatabase, "log");
  start();
  EXPECT_TRUE(refusal({.gtid = ""}).contains("damaged"));
}

TEST_F(ReplicaServerTest, ALargeEventComesWhole) {
  start();
  const Bytes noise = random_bytes(std::size_t{34} << 20U);
  LogBuilder large(binlog::parse_gtid_list("0-1-4,1-1-1"));
  large.group(parse_gtid("0-1-5"), as_text(noise)).group(parse_gtid("0-1-6"));
  log.put("bin.000003", large, "0-1-4,1-1-1", "0-1-6,1-1-1");
  const auto one = client();
  one->dump({.gtid = "0-1-4,1-1-1"});
  for (int i = 0; i < 4; ++i) one->next_event();
  const Bytes event = one->next_event();
  EXPECT_EQ(TestClient::name(event), "Query");
  EXPECT_TRUE(std::equal(noise.begin(), noise.end(), event.end() - 4 - static_cast<std::ptrdiff_t>(noise.size())));
  EXPECT_EQ(one->events_to_end(), "Gtid(0-1-6) Query");
}

TEST_F(ReplicaServerTest, KillEndsADumpOfTheSameAccountOnly) {
  start();
  const auto one = client();
  one->dump({.gtid = "", .flags = 0});
  for (int i = 0; i < 17; ++i) one->next_event();
  const std::string kill = format("KILL {}", one->connection_id());
  EXPECT_THROW(client("other")->set(kill), Exception);
  client()->set(kill);
  EXPECT_THROW(one->next_event(), Exception) << "closed";
}

TEST_F(ReplicaServerTest, AReplicaThatComesAgainReplacesItsOldDump) {
  start();
  const auto one = client();
  one->dump({.gtid = "", .flags = 0});
  for (int i = 0; i < 17; ++i) one->next_event();
  const auto again = client();
  again->dump({.gtid = "0-1-4,1-1-1", .flags = 0});
  again->next_event();
  EXPECT_THROW(one->next_event(), Exception);
}

TEST_F(ReplicaServerTest, ASemiSyncReplicaIsAskedAtTheEndAndItsAnswerKept) {
  start();
  const auto one = client();
  one->set("SET @rpl_semi_sync_slave=1");
  one->dump({.gtid = "0-1-2,1-1-1", .flags = 0});
  for (int i = 0; i < 7; ++i) {
    const Bytes event = one->next_event(0);
    ASSERT_GT(event.size(), 3U);
    EXPECT_EQ(event[1], 0xef);
    EXPECT_EQ(event[2], i == 6 ? 1 : 0) << i;
  }
  Encoder ack;
  ack.u8(0xef);
  ack.u64(second.size());
  ack.raw("bin.000002");
  one->channel().start_command();
  one->channel().write(ack.bytes());
  log.put("bin.000002", second.group(parse_gtid("0-1-5")), "0-1-2,1-1-1", "0-1-5,1-1-1");
  EXPECT_EQ(TestClient::name(one->next_event(3)), "Gtid(0-1-5)") << "numbered from 1 again";
  while (server->replicas().at(0).dump.acknowledged_position == 0) std::this_thread::yield();
  EXPECT_EQ(server->replicas().at(0).dump.acknowledged_file, "bin.000002");
}

TEST_F(ReplicaServerTest, WhatBreaksTheProtocolCostsTheConnectionOnly) {
  start();
  std::vector<Bytes> hostile{
      {0xff, 0xff, 0xff, 0x01},              // a login of 16 MiB
      {0x01, 0x00, 0x00, 0x07, 0x00},        // another sequence
      {0x00, 0x00, 0x00, 0x01},              // nothing
      {0x04, 0x00, 0x00, 0x01, 1, 2, 3, 4},  // too short
      Bytes(200, 0xff),                      // noise
  };
  for (int i = 0; i < 50; ++i) hostile.push_back(random_bytes(64 + static_cast<std::size_t>(i)));
  for (const Bytes& each : hostile) {
    TestClient one(server->port());
    one.channel().read();
    one.stream().write_all(each);
    ::shutdown(one.stream().fd(), SHUT_WR);
    EXPECT_THROW(
        for (;;) {
          const ByteView answer = one.channel().read();
          ASSERT_TRUE(is_error(answer));
        },
        Exception)
        << to_hex(each);
  }
  EXPECT_EQ(client()->query("SELECT 1").rows.size(), 1U);
}

TEST_F(ReplicaServerTest, EndlessAndWrongCommandsAreRefused) {
  start();
  const auto endless = client();
  const Bytes part(kPacketPayloadMax, 'x');
  EXPECT_THROW(
      {
        endless->channel().start_command();
        for (int i = 0; i < 100; ++i) {
          endless->channel().writer().write(part);
          endless->channel().writer().flush();
        }
        for (;;) endless->channel().read();
      },
      Exception);
  const auto unknown = client();
  unknown->command(Command{0x7f}, {});
  EXPECT_EQ(decode_error(unknown->channel().read()).number, kUnknownCommand);
  unknown->command(Command::kBinlogDump, as_bytes("xx"));
  EXPECT_THROW(unknown->channel().read(), Exception);
  const auto chatty = client();
  chatty->dump({.gtid = "", .flags = 0});
  chatty->command(Command::kQuery, as_bytes("SELECT 1"));
  EXPECT_THROW(for (;;) chatty->next_event(), Exception) << "only acknowledgements may come during a dump";
}

TEST_F(ReplicaServerTest, ALoginThatDripsIsCutOff) {
  start(64, std::chrono::milliseconds(100));
  TestClient one(server->port());
  one.channel().read();
  EXPECT_THROW(
      {
        one.stream().write_all(Bytes{100, 0, 0, 1});
        for (;;) {
          one.stream().write_all(Bytes{1});
          if (one.stream().wait_readable(std::chrono::milliseconds(10))) one.channel().read();
        }
      },
      Exception);
}

TEST_F(ReplicaServerTest, ConnectionsAreBounded) {
  start(2);
  const auto one = client();
  auto two = client();
  EXPECT_EQ(TestClient(server->port()).log_in(), kTooManyConnections);
  two->command(Command::kQuit, {});
  EXPECT_THROW(two->channel().read(), Exception);
  std::uint16_t answer = kTooManyConnections;
  while (answer == kTooManyConnections) answer = TestClient(server->port()).log_in();
  EXPECT_EQ(answer, 0);
}

TEST_F(ReplicaServerTest, WhoHasNotLoggedInGivesWayWhenConnectionsAreShort) {
  start(2);
  const auto replica = client();
  std::vector<std::unique_ptr<TestClient>> strangers;
  for (int i = 0; i < 20; ++i) {
    strangers.push_back(std::make_unique<TestClient>(server->port()));
    EXPECT_FALSE(is_error(strangers.back()->channel().read()));
  }
  EXPECT_EQ(TestClient(server->port()).log_in(), 0) << "a crowd of strangers keeps a replica out";
  EXPECT_EQ(server->replicas().front().user, "repl") << "who has logged in stays";
  EXPECT_THROW(strangers.front()->channel().read(), Exception);
}

}  // namespace
}  // namespace lifeboat::relay
