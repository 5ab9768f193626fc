#include "relay/relay.h"

#include <gtest/gtest.h>

#include <atomic>
#include <thread>

#include "relay/source_testing.h"

namespace lifeboat::relay {
namespace {

using namespace std::chrono_literals;
using testing::LogBuilder;
using testing::ScriptedSource;
using testing::TestClient;

class RelayTest : public ::testing::Test {
 protected:
  RelayTest() {
    LogBuilder kept({});
    kept.group({0, 1, 1}).group({0, 1, 2});
    make_directories(options().follow.directory / "000001");
    write_file_durably(options().follow.directory / "000001" / "mysql-bin.000001", kept.bytes());
    write_file_durably(directory_.path() / "rules", as_bytes("id:3 hold\n"));
  }

  RelayOptions options() const {
    RelayOptions options;
    options.follow.login.address = {.endpoint = {.host = "127.0.0.1", .port = source_.port()}, .user = "r"};
    options.follow.directory = directory_.path() / "source";
    options.follow.retry = 10ms;
    ReplicaServerOptions& serve = options.serve.emplace();
    serve.listen = {.host = "127.0.0.1", .port = 0};
    serve.accounts.add("repl", codec::Secret(std::string_view("secret")));
    serve.rules_file = directory_.path() / "rules";
    return options;
  }
  /// A replica, after it has got so many events.
  static std::unique_ptr<TestClient> replica(std::uint16_t port, std::uint32_t server_id, int events) {
    auto client = std::make_unique<TestClient>(port);
    EXPECT_EQ(client->log_in(), 0);
    client->dump({.gtid = "", .flags = 0, .server_id = server_id});
    for (int i = 0; i < events; ++i) client->next_event();
    return client;
  }

  TempDir directory_;
  std::atomic<bool> is_another_ = false;
  ScriptedSource source_{[this](std::string_view sql) -> ScriptedSource::Answer {
                           constexpr std::uint16_t kQueryInterrupted = 1317;
                           if (!sql.contains("BINLOG_GTID_POS")) return TextResult{.columns = {"x"}, .rows = {{"1"}}};
                           if (!is_another_) return testing::refused_with(kQueryInterrupted);
                           return TextResult{.columns = {"x"}, .rows = {{std::nullopt}}};
                         },
                         testing::refused_with(kFatalReadingLog)};
};

TEST_F(RelayTest, ANewIncarnationNamesTheReplicasThatItLeavesBehind) {
  Guard guard(directory_.path(), {});
  Relay relay(options(), guard);
  const auto port = static_cast<std::uint16_t>(
      std::stoi(std::string(json_string(relay.status(), "listen")).substr(std::string_view("127.0.0.1:").size())));
  const auto up_to_date = replica(port, 2, 7);
  const auto held = replica(port, 3, 3);
  const auto waits = [&] {
    const json::object status = relay.status();
    int at_end = 0;
    int by_rule = 0;
    for (const json::value& each : status.at("replicas").as_array()) {
      const std::string waiting = json_string(each.as_object(), "waiting_for");
      by_rule += waiting == "rule" ? 1 : 0;
      at_end += waiting.empty() && json_integer(each.as_object(), "groups_sent") == 2 ? 1 : 0;
    }
    return by_rule == 1 && at_end == 1;
  };
  for (int i = 0; i < 1000 && !waits(); ++i) std::this_thread::sleep_for(10ms);
  ASSERT_TRUE(waits());
  is_another_ = true;
  for (int i = 0; i < 1000 && relay.follow_status().alarms.size() < 3; ++i) std::this_thread::sleep_for(10ms);
  std::string alarms;
  for (const std::string& each : relay.follow_status().alarms) alarms += each + "\n";
  EXPECT_TRUE(alarms.contains("replica id:3 ")) << alarms;
  EXPECT_FALSE(alarms.contains("replica id:2 ")) << alarms;
}

}  // namespace
}  // namespace lifeboat::relay
