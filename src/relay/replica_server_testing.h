/// For tests: two files of a few groups, served under rules and a guard that a test sets. Included by *_test.cc files
/// only.
#pragma once

#include <gtest/gtest.h>

#include <thread>

#include "relay/serving_testing.h"

namespace lifeboat::relay::testing {

inline constexpr std::string_view kHead = "Rotate Format_description Gtid_list";

class ServedFiles : public ::testing::Test {
 protected:
  ServedFiles() {
    first.group(binlog::parse_gtid("0-1-1"))
        .group(binlog::parse_gtid("0-1-2"))
        .group(binlog::parse_gtid("1-1-1"))
        .rotate("bin.000002");
    second.group(binlog::parse_gtid("0-1-3")).group(binlog::parse_gtid("0-1-4"));
    log.put("bin.000001", first, "", "0-1-2,1-1-1");
    log.put("bin.000002", second, "0-1-2,1-1-1", "0-1-4,1-1-1");
    write_rules("");
  }

  void start(std::size_t connections_max = 64, std::chrono::milliseconds login_patience = std::chrono::seconds(20)) {
    ReplicaServerOptions options;
    options.listen = {.host = "127.0.0.1", .port = 0};
    options.accounts.add("repl", codec::Secret("secret"));
    options.accounts.add("other", codec::Secret("secret"));
    options.rules_file = directory.path() / "rules";
    options.connections_max = connections_max;
    options.login_patience = login_patience;
    if (port == nullptr) port = std::make_unique<ReplicaPort>(options);
    server = std::make_unique<ReplicaServer>(std::move(options), *port, log, gate);
  }
  void write_rules(std::string_view text) { write_file_durably(directory.path() / "rules", as_bytes(text)); }
  std::unique_ptr<TestClient> client(std::string_view user = "repl") {
    auto out = std::make_unique<TestClient>(server->port());
    EXPECT_EQ(out->log_in(user), 0);
    return out;
  }
  std::string dump_all(const TestClient::DumpFrom& from) {
    const auto one = client();
    one->dump(from);
    return one->events_to_end();
  }
  /// Whether the first replica comes to wait for that.
  bool waits_for(std::string_view what) {
    for (int i = 0; i < 1000 && server->replicas().at(0).dump.waiting_for != what; ++i)
      std::this_thread::sleep_for(std::chrono::milliseconds(5));
    return server->replicas().at(0).dump.waiting_for == what;
  }
  /// Past heartbeats.
  static std::string next_but_heartbeats(TestClient& client) {
    std::string name = client.next_name();
    while (name == "Heartbeat") name = client.next_name();
    return name;
  }
  std::string refusal(const TestClient::DumpFrom& from) {
    try {
      return dump_all(from);
    } catch (const SqlFailure& failure) {
      EXPECT_EQ(failure.error().number, kFatalReadingLog);
      return failure.error().message;
    }
  }

  TempDir directory;
  FakeLog log;
  FakeGate gate;
  LogBuilder first{{}};
  LogBuilder second{binlog::parse_gtid_list("0-1-2,1-1-1"), 0};
  std::unique_ptr<ReplicaPort> port;
  std::unique_ptr<ReplicaServer> server;
};

}  // namespace lifeboat::relay::testing
