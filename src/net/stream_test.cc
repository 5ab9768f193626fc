// Streams on loopback, plain and TLS: bytes arrive, waits end by time-out, by cancel and by the peer's end, and a
// certificate that is not trusted ends the connection.

#include "net/stream.h"

#include <gtest/gtest.h>

#include <csignal>
#include <functional>
#include <thread>

#include "base/error.h"
#include "base/random.h"
#include "net/listener.h"
#include "net/tls_testing.h"

namespace lifeboat::net {
namespace {

using std::chrono::milliseconds;

constexpr StreamLimits kLimits{
    .connect = milliseconds(10'000), .read = milliseconds(10'000), .write = milliseconds(10'000)};
constexpr StreamLimits kShort{.connect = milliseconds(50), .read = milliseconds(50), .write = milliseconds(50)};

Code code_of(const std::function<void()>& action) {
  try {
    action();
  } catch (const Exception& e) {
    return e.code();
  }
  return Code::kInternal;
}

/// A listener and one server-side conversation on its own thread.
class Peer {
 public:
  explicit Peer(std::function<void(Stream&)> conversation)
      : thread_([this, conversation = std::move(conversation)] {
          try {
            Stream stream = listener_.accept(kLimits, cancel_);
            conversation(stream);
          } catch (const Exception&) {  // the client's side judges
          }
        }) {}
  ~Peer() { cancel_.cancel(); }
  Peer(const Peer&) = delete;
  Peer& operator=(const Peer&) = delete;

  Endpoint endpoint() const { return {"127.0.0.1", listener_.port()}; }
  const Cancel& cancel() const { return cancel_; }

 private:
  Cancel cancel_;
  Listener listener_{Endpoint{"127.0.0.1", 0}};
  std::jthread thread_;
};

void echo(Stream& stream) {
  Bytes buffer(70'000);
  while (const std::size_t n = stream.read_some(buffer)) stream.write_all(ByteView(buffer).first(n));
}

void expect_echo(Stream& stream) {
  const Bytes sent = random_bytes(3'000'000);
  Bytes got(sent.size());
  std::jthread writer([&] { stream.write_all(sent); });
  stream.read_full(got);
  EXPECT_EQ(sent, got);
}

TEST(Stream, CarriesBytesBothWaysAtOnce) {
  Peer peer(echo);
  Stream stream(peer.endpoint(), kLimits, peer.cancel());
  expect_echo(stream);
}

TEST(Stream, TellsTheEndFromBytes) {
  Peer peer([](Stream& stream) { stream.write_all(as_bytes("ab")); });
  Stream stream(peer.endpoint(), kLimits, peer.cancel());
  Bytes two(2);
  stream.read_full(two);
  EXPECT_EQ("ab", as_text(two));
  EXPECT_EQ(0U, stream.read_some(two));
  EXPECT_EQ(Code::kUnavailable, code_of([&] { stream.read_full(two); }));
}

TEST(Stream, GivesUpOnASilentPeer) {
  Peer peer(echo);
  Stream stream(peer.endpoint(), kShort, peer.cancel());
  Bytes one(1);
  EXPECT_FALSE(stream.wait_readable(milliseconds(1)));
  EXPECT_EQ(Code::kTimeout, code_of([&] { stream.read_some(one); }));
}

TEST(Stream, GivesUpOnAPeerThatTakesNothing) {
  Cancel done;
  Peer peer([&](Stream&) { done.wait_for(milliseconds(60'000)); });
  Stream stream(peer.endpoint(), kShort, peer.cancel());
  const Bytes much(64U << 20U);
  EXPECT_EQ(Code::kTimeout, code_of([&] { stream.write_all(much); }));
  done.cancel();
}

TEST(Stream, ADeadlineBoundsAPeerThatDrips) {
  Peer peer([](Stream& stream) {
    for (;;) {
      stream.write_all(as_bytes("x"));
      Cancel().wait_for(milliseconds(5));
    }
  });
  Stream stream(peer.endpoint(), kLimits, peer.cancel());
  stream.set_deadline(Stream::Deadline::clock::now() + milliseconds(60));
  Bytes endless(1U << 20U);
  EXPECT_EQ(Code::kTimeout, code_of([&] { stream.read_full(endless); }));
}

TEST(Stream, CancelEndsAWaitFromAnotherThread) {
  Peer peer(echo);
  Cancel cancel;
  Stream stream(peer.endpoint(), kLimits, cancel);
  std::jthread canceller([&] { cancel.cancel(); });
  Bytes one(1);
  EXPECT_EQ(Code::kCancelled, code_of([&] { stream.read_some(one); }));
  EXPECT_TRUE(cancel.wait_for(milliseconds(100'000)));
}

TEST(Stream, NobodyListening) {
  const Endpoint nobody{"127.0.0.1", 1};
  EXPECT_EQ(Code::kUnavailable, code_of([&] {
              const Cancel cancel;
              const Stream stream(nobody, kLimits, cancel);
            }));
}

TEST(Endpoint, ParsesNamesAndAddresses) {
  EXPECT_EQ("db1", Endpoint::parse("db1:3306").host);
  EXPECT_EQ("::1", Endpoint::parse("[::1]:3306").host);
  EXPECT_EQ("[::1]:3306", Endpoint::parse("[::1]:3306").text());
  for (const char* bad : {"db1", "db1:", ":3306", "db1:99999", "db1:33x", ""}) {
    EXPECT_EQ(Code::kUsage, code_of([&] { Endpoint::parse(bad); })) << bad;
  }
}

class TlsStream : public ::testing::Test {
 protected:
  TlsStream() { std::signal(SIGPIPE, SIG_IGN); }

  testing::TestCertificate certificate_ = testing::make_certificate(directory_.path(), "db.example");
  TlsContext server_ = TlsContext::server({certificate_.certificate, certificate_.key});
  Peer peer_{[this](Stream& stream) {
    stream.start_tls_server(server_);
    echo(stream);
  }};
  Stream stream_{peer_.endpoint(), kLimits, peer_.cancel()};

 private:
  static inline const TempDir directory_;
};

TEST_F(TlsStream, CarriesBytesBothWaysAtOnce) {
  stream_.start_tls_client(TlsContext::client({.authority = certificate_.certificate}), "db.example");
  EXPECT_TRUE(stream_.encrypted());
  expect_echo(stream_);
}

TEST_F(TlsStream, RefusesAnotherHostsCertificate) {
  const TlsContext client = TlsContext::client({.authority = certificate_.certificate});
  EXPECT_EQ(Code::kDenied, code_of([&] { stream_.start_tls_client(client, "other.example"); }));
}

TEST_F(TlsStream, RefusesAnUnknownAuthority) {
  const TlsContext client = TlsContext::client({});
  EXPECT_EQ(Code::kDenied, code_of([&] { stream_.start_tls_client(client, "db.example"); }));
}

TEST_F(TlsStream, EncryptsOnlyWhenToldNotToVerify) {
  stream_.start_tls_client(TlsContext::client({.verify = Verify::kNone}), "other.example");
  expect_echo(stream_);
}

}  // namespace
}  // namespace lifeboat::net
