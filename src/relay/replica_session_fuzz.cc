// A whole conversation of the serving side: a client that has logged in (or, by the first byte, has not) and then sends
// any bytes. However they lie, the session ends, and has told only what the log holds.

#include <sys/socket.h>

#include <memory>

#include "base/error.h"
#include "relay/replica_session.h"
#include "relay/serving_testing.h"

namespace {

using namespace lifeboat;
using namespace lifeboat::relay;

/// Fits into a socket's buffer, so that nobody waits for the other to read.
constexpr std::size_t kMaxSize = std::size_t{64} << 10U;

/// Nothing ever comes, and nobody waits for it.
class StillLog : public relay::testing::FakeLog {
 public:
  StillLog() {
    relay::testing::LogBuilder first({});
    first.group(binlog::parse_gtid("0-1-1")).group(binlog::parse_gtid("1-1-1")).rotate("bin.000002");
    relay::testing::LogBuilder second(binlog::parse_gtid_list("0-1-1,1-1-1"));
    second.group(binlog::parse_gtid("0-1-2"));
    put("bin.000001", first, "", "0-1-1,1-1-1");
    put("bin.000002", second, "0-1-1,1-1-1", "0-1-2,1-1-1");
  }
  void wait_beyond(const std::string&, std::uint64_t, std::chrono::milliseconds) override {}
};

class Alone : public SessionRegistry {
 public:
  bool kill(std::uint64_t, const std::string&) override { return false; }
  void replace_dumps_of(std::uint32_t, std::uint64_t) override {}
};

struct World {
  StillLog log;
  RuleBook rules{Path()};
  OpenGate gate;
  Alone alone;
  net::Cancel cancel;
  Accounts accounts;
  World() { accounts.add("repl", codec::Secret("secret")); }
};

World& world() {
  static World instance;
  return instance;
}

net::StreamLimits brief() {
  constexpr std::chrono::milliseconds kBrief{2'000};
  return {.connect = kBrief, .read = kBrief, .write = kBrief};
}

void converse(bool log_in, ByteView bytes) {
  int fds[2] = {-1, -1};
  if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds) != 0) fail_errno("socketpair", errno);
  World& w = world();
  ReplicaSession session({.log = w.log,
                          .rules = w.rules,
                          .gate = w.gate,
                          .accounts = w.accounts,
                          .registry = w.alone,
                          .login_patience = brief().read},
                         net::Stream(UniqueFd(fds[0]), "near", brief(), w.cancel), 7);
  std::thread thread([&] { session.run(); });
  {
    relay::testing::TestClient far{UniqueFd(fds[1])};
    if (log_in) LIFEBOAT_CHECK(far.log_in() == 0);
    try {
      far.stream().write_all(bytes);
      ::shutdown(fds[1], SHUT_WR);
      std::array<std::uint8_t, 4096> drain{};
      std::size_t answered = 0;
      while (const std::size_t n = far.stream().read_some(drain)) answered += n;
      LIFEBOAT_CHECK(answered < (std::size_t{64} << 20U));
    } catch (const Exception&) {  // it has hung up already
    }
  }
  thread.join();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0 || size > kMaxSize) return 0;
  converse(data[0] % 8 != 0, {data + 1, size - 1});
  return 0;
}
