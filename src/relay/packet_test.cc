// Packets and answers through a socket pair: what is written is read, whatever its size; what breaks the protocol is
// refused.

#include "relay/packet.h"

#include <gtest/gtest.h>
#include <sys/socket.h>

#include <thread>

#include "base/error.h"
#include "base/random.h"
#include "relay/reply.h"

namespace lifeboat::relay {
namespace {

constexpr std::size_t kHuge = std::size_t{64} << 20U;

/// Two ends of one connection.
class Ends {
 public:
  Ends() {
    int fds[2] = {-1, -1};
    if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds) != 0) fail_errno("socketpair", errno);
    near_.emplace(UniqueFd(fds[0]), "near", net::StreamLimits{}, cancel_);
    far_.emplace(UniqueFd(fds[1]), "far", net::StreamLimits{}, cancel_);
  }
  net::Stream& near() { return *near_; }
  net::Stream& far() { return *far_; }
  void close_far() { far_.reset(); }

 private:
  net::Cancel cancel_;
  std::optional<net::Stream> near_;
  std::optional<net::Stream> far_;
};

void send_raw(net::Stream& stream, std::initializer_list<int> bytes) {
  Bytes out;
  for (const int each : bytes) out.push_back(static_cast<std::uint8_t>(each));
  stream.write_all(out);
}

TEST(Packet, EverySizeAroundTheCutComesBack) {
  for (const std::size_t size :
       {std::size_t{0}, std::size_t{1}, std::size_t{131'072}, std::size_t{131'073}, kPacketPayloadMax - 1,
        kPacketPayloadMax, kPacketPayloadMax + 1, 2 * kPacketPayloadMax}) {
    Ends ends;
    const Bytes sent = random_bytes(size);
    std::jthread writer([&] {
      PacketWriter packets(ends.far());
      packets.write(sent);
      packets.write(as_bytes("next"));
      packets.flush();
    });
    PacketReader packets(ends.near());
    const ByteView got = packets.read(kHuge);
    ASSERT_EQ(size, got.size());
    EXPECT_TRUE(std::equal(got.begin(), got.end(), sent.begin()));
    EXPECT_EQ("next", as_text(packets.read()));
  }
}

TEST(Packet, PartsMakeOnePayload) {
  Ends ends;
  PacketWriter writer(ends.far());
  writer.begin(6);
  for (const char* part : {"ab", "", "cde", "f"}) writer.append(as_bytes(part));
  writer.flush();
  EXPECT_EQ("abcdef", as_text(PacketReader(ends.near()).read()));
}

TEST(Packet, TheEndBetweenPacketsIsNoError) {
  Ends ends;
  send_raw(ends.far(), {1, 0, 0, 0, 'x'});
  ends.close_far();
  PacketReader reader(ends.near());
  EXPECT_EQ("x", as_text(reader.read()));
  EXPECT_FALSE(reader.next_piece());
  EXPECT_THROW(reader.read(), Exception);
}

TEST(Packet, TheEndInsideAPacketIsOne) {
  for (const std::initializer_list<int> cut : {std::initializer_list<int>{1, 0}, {9, 0, 0, 0, 'x'}, {9, 0, 0, 0}}) {
    Ends ends;
    send_raw(ends.far(), cut);
    ends.close_far();
    EXPECT_THROW(PacketReader(ends.near()).next_piece(), Exception);
  }
}

TEST(Packet, AWrongSequenceIsRefused) {
  Ends ends;
  send_raw(ends.far(), {1, 0, 0, 0, 'x', 1, 0, 0, 2, 'y'});
  PacketReader reader(ends.near());
  reader.read();
  EXPECT_THROW(reader.read(), Exception);
}

TEST(Packet, ASourceMayRestartItsNumbers) {
  Ends ends;
  send_raw(ends.far(), {1, 0, 0, 0, 'x', 1, 0, 0, 1, 'y', 1, 0, 0, 1, 'z', 1, 0, 0, 3, '!'});
  PacketReader reader(ends.near());
  reader.allow_restarts();
  for (int i = 0; i < 3; ++i) reader.read();
  EXPECT_THROW(reader.read(), Exception);
}

TEST(Packet, MoreThanTheBoundIsRefused) {
  Ends ends;
  send_raw(ends.far(), {5, 0, 0, 0, '1', '2', '3', '4', '5'});
  EXPECT_THROW(PacketReader(ends.near()).read(4), Exception);
}

TEST(Packet, LengthEncodedIntegersComeBack) {
  for (const std::uint64_t value :
       {std::uint64_t{0}, std::uint64_t{250}, std::uint64_t{251}, std::uint64_t{65'535}, std::uint64_t{65'536},
        std::uint64_t{16'777'215}, std::uint64_t{16'777'216}, ~std::uint64_t{0}}) {
    Encoder out;
    put_lenenc(out, value);
    Decoder in(out.bytes(), "test");
    EXPECT_EQ(value, get_lenenc(in));
    in.expect_end();
  }
}

TEST(Reply, AResultSetComesBack) {
  Ends ends;
  PacketChannel server(ends.far());
  PacketChannel client(ends.near());
  client.start_command();
  client.write(as_bytes("\x03SELECT"));
  server.read();
  write_result(server, {.columns = {"a", "b"}, .rows = {{"1", std::nullopt}, {"", std::string(300, 'x')}}});
  const TextResult result = read_result(client, "far");
  EXPECT_EQ((std::vector<std::string>{"a", "b"}), result.columns);
  ASSERT_EQ(2U, result.rows.size());
  EXPECT_EQ((TextRow{"1", std::nullopt}), result.rows[0]);
  EXPECT_EQ((TextRow{"", std::string(300, 'x')}), result.rows[1]);
}

TEST(Reply, AnErrorSaysWhoAndWhat) {
  Ends ends;
  PacketChannel(ends.far()).write(encode_error({.number = 1045, .state = "28000", .message = "no"}));
  PacketChannel client(ends.near());
  try {
    read_ok(client, "db1:3306");
    FAIL();
  } catch (const Exception& e) {
    EXPECT_EQ(Code::kDenied, e.code());
    EXPECT_EQ("db1:3306: error 1045: no", e.error().message);
  }
}

TEST(Reply, AnEndlessAnswerIsCutOff) {
  Ends ends;
  std::jthread server([&] {
    PacketChannel channel(ends.far());
    TextResult result{.columns = {"a"}, .rows = {}};
    result.rows.assign(1000, {std::string(100, 'x')});
    try {
      write_result(channel, result);
    } catch (const Exception&) {  // the reader has gone
    }
  });
  PacketChannel client(ends.near());
  EXPECT_THROW(read_result(client, "far", 10'000), Exception);
}

}  // namespace
}  // namespace lifeboat::relay
