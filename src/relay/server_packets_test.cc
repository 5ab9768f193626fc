#include "relay/server_packets.h"

#include <gtest/gtest.h>

#include "base/error.h"

namespace lifeboat::relay {
namespace {

Bytes login(std::uint32_t capabilities, std::string_view tail) {
  Encoder out;
  out.u32(capabilities);
  out.u32(1U << 24U);
  out.u8(33);
  for (int i = 0; i < 23; ++i) out.u8(0);
  out.raw(tail);
  return out.take();
}

TEST(ServerPackets, TheGreetingMakesReplicasSeeVersionTen) {
  const Scramble scramble = make_scramble();
  const Bytes greeting = encode_greeting("10.11.6-MariaDB-log", 42, scramble, true);
  EXPECT_EQ(as_text(greeting).substr(1, 26), std::string_view("5.5.5-10.11.6-MariaDB-log\0", 26));
  EXPECT_TRUE(as_text(greeting).ends_with(std::string_view("mysql_native_password\0", 22)));
  for (const std::uint8_t each : scramble) EXPECT_TRUE(each != 0 && each != '$' && each < 0x80);
}

TEST(ServerPackets, ParsesALoginWithDatabaseAndPlugin) {
  using namespace std::string_literals;
  const std::string tail = "repl\0"s + "\x03" + "abc" + "shop\0"s + "mysql_native_password\0"s +
                           "\x05"
                           "attrs";
  const ClientLogin parsed = parse_login(login(capability::kConnectWithDatabase | capability::kSecureConnection |
                                                   capability::kPluginAuth | capability::kLongAuthData,
                                               tail));
  EXPECT_EQ(parsed.user, "repl");
  EXPECT_EQ(as_text(parsed.proof), "abc");
  EXPECT_EQ(parsed.database, "shop");
  EXPECT_EQ(parsed.plugin, "mysql_native_password");
  EXPECT_FALSE(parsed.wants_tls);
}

TEST(ServerPackets, RecognisesATlsRequest) {
  EXPECT_TRUE(parse_login(login(capability::kTls | capability::kSecureConnection, "")).wants_tls);
}

TEST(ServerPackets, RefusesLoginsThatLie) {
  using namespace std::string_literals;
  const std::uint32_t modern = capability::kSecureConnection | capability::kPluginAuth | capability::kLongAuthData;
  EXPECT_THROW(parse_login(login(modern, "no end")), Exception);
  EXPECT_THROW(parse_login(login(modern, "u\0\xfe\xff\xff\xff\xff\xff\xff\xff\xff"s)), Exception);
  EXPECT_THROW(parse_login(login(modern, "u\0\xff"s)), Exception);
  EXPECT_THROW(parse_login(login(0, "u\0\0"s)), Exception);
  EXPECT_THROW(parse_login(login(modern, std::string(5000, 'u') + "\0"s)), Exception);
  const Bytes whole = login(modern, "repl\0\x03"s + "abc");
  for (std::size_t size = 0; size < whole.size(); ++size) {
    EXPECT_THROW(parse_login(ByteView(whole).first(size)), Exception) << size;
  }
}

TEST(ServerPackets, ParsesAReplicasCommands) {
  Encoder dump;
  dump.u32(4);
  dump.u16(BinlogDump::kSendAnnotateRows);
  dump.u32(77);
  dump.raw("bin.000003");
  const BinlogDump parsed = parse_binlog_dump(dump.bytes());
  EXPECT_EQ(parsed.position, 4U);
  EXPECT_EQ(parsed.flags, BinlogDump::kSendAnnotateRows);
  EXPECT_EQ(parsed.server_id, 77U);
  EXPECT_EQ(parsed.file, "bin.000003");

  Encoder registration;
  registration.u32(77);
  registration.u8(2);
  registration.raw("h1");
  registration.u8(0);
  registration.u8(0);
  registration.u16(3306);
  registration.u64(0);
  EXPECT_EQ(parse_register_replica(registration.bytes()).host, "h1");
  EXPECT_THROW(parse_register_replica(ByteView(registration.bytes()).first(9)), Exception);
}

TEST(ServerPackets, ParsesAcknowledgements) {
  Encoder ack;
  ack.u8(0xef);
  ack.u64(5'000'000'000);
  ack.raw("bin.000003");
  EXPECT_EQ(parse_semi_sync_ack(ack.bytes()).position, 5'000'000'000U);
  EXPECT_EQ(parse_semi_sync_ack(ack.bytes()).file, "bin.000003");
  EXPECT_THROW(parse_semi_sync_ack(ByteView(ack.bytes()).first(9)), Exception);
  EXPECT_THROW(parse_semi_sync_ack(as_bytes("\x01")), Exception);
}

}  // namespace
}  // namespace lifeboat::relay
