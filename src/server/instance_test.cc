// With a real mariadbd on plain directories. Volumes come in tests/integration.

#include "server/instance.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>

#include "base/error.h"
#include "server/inspect.h"
#include "server/options.h"
#include "server/server_binary.h"

namespace lifeboat::server {
namespace {

/// One data directory as mariadb-install-db makes it, for all tests: each works on a copy.
const Path& fresh_data_directory() {
  static const TempDir directory("lifeboat-server-test");
  static const Path data = [] {
    const Path path = directory.path() / "data";
    ProcessOptions options;
    options.argv = {"mariadb-install-db", "--no-defaults", "--skip-test-db", "--auth-root-authentication-method=normal",
                    format("--datadir={}", path.string())};
    if (::geteuid() == 0) options.argv.emplace_back("--user=root");
    const ProcessResult made = run_process(options);
    if (made.exit_status != 0) throw std::runtime_error(made.out);
    return path;
  }();
  return data;
}

class Instance : public ::testing::Test {
 protected:
  Instance() {
    std::filesystem::copy(fresh_data_directory(), data(), std::filesystem::copy_options::recursive);
    prepare_private_directory(own_, binary_);
  }
  ~Instance() override { stop_server(process_, std::chrono::seconds(20)); }

  Path data() const { return home_.path() / "data"; }

  StartRequest request() {
    const ServerInfo info = inspect_directory(data());
    const LaunchPlan plan{.data_directory = data(),
                          .private_directory = own_,
                          .socket = home_.path() / "socket",
                          .pid_file = home_.path() / "pid",
                          .error_log = home_.path() / "error.log",
                          .port = pick_free_port(),
                          .server_id = 77,
                          .buffer_pool_bytes = choose_buffer_pool(0, available_memory())};
    StartRequest request{.argv = {binary_.path.string()},
                         .socket = plan.socket,
                         .error_log = plan.error_log,
                         .logins = {{"root", ""}},
                         .patience = std::chrono::minutes(1)};
    for (const std::string& argument : server_arguments(info, plan)) request.argv.push_back(argument);
    return request;
  }

  StartedServer start() { return start(request()); }
  StartedServer start(const StartRequest& wanted) {
    StartedServer started = start_server(wanted);
    process_ = started.process;
    return started;
  }

  TempDir home_{"lifeboat-instance"};
  ServerBinary binary_ = find_server_binary({});
  PrivateDirectory own_{home_.path() / "private"};
  ProcessIdentity process_;
};

TEST_F(Instance, BootsQuietAndWithTheDatasOwnShape) {
  StartedServer started = start();
  ASSERT_TRUE(started.answered) << started.why_not;
  Connection& connection = *started.connection;
  EXPECT_EQ(connection.value("SELECT @@event_scheduler"), "OFF");
  EXPECT_EQ(connection.value("SELECT @@local_infile"), "0");
  EXPECT_EQ(connection.value("SELECT @@bind_address"), "127.0.0.1");
  EXPECT_EQ(connection.value("SELECT @@server_id"), "77");
  EXPECT_EQ(connection.value("SELECT CONCAT(@@init_connect, @@init_slave, IFNULL(@@init_file, ''))"), "");
  EXPECT_EQ(connection.value("SELECT @@innodb_log_file_size"), format("{}", inspect_directory(data()).redo_bytes));
  EXPECT_EQ(connection.value("SELECT @@innodb_buffer_pool_load_at_startup"), "0");
  EXPECT_EQ(connection.value("SELECT @@innodb_log_file_mmap"), "0");
  EXPECT_TRUE(connection.query("SHOW ALL SLAVES STATUS").empty());
  EXPECT_GT(started.seconds, 0.0);
  EXPECT_TRUE(stop_server(started.process, std::chrono::seconds(20)));
  EXPECT_FALSE(started.process.alive());
}

TEST_F(Instance, ComesBackAfterKillAndTheRedoToApplyWasKnown) {
  StartedServer first = start();
  ASSERT_TRUE(first.answered) << first.why_not;
  first.connection->query("CREATE DATABASE shop");
  first.connection->query("CREATE TABLE shop.t (a INT PRIMARY KEY, b BLOB)");
  first.connection->query("INSERT INTO shop.t SELECT seq, REPEAT('x', 4000) FROM shop.seq_1_to_500");
  ::kill(first.process.pid, SIGKILL);
  while (first.process.alive()) ::usleep(1000);
  EXPECT_GT(inspect_directory(data()).redo_to_apply.value_or(0), 2'000'000U);
  StartedServer second = start();
  ASSERT_TRUE(second.answered) << second.why_not;
  EXPECT_EQ(second.connection->value("SELECT COUNT(*) FROM shop.t"), "500");
}

TEST_F(Instance, ALongStartIsToldInTheServersWords) {
  StartRequest wanted = request();
  std::vector<std::string> told;
  wanted.while_starting = [&](double /*seconds*/, const std::string& said) { told.push_back(said); };
  wanted.tell_every = std::chrono::milliseconds(1);
  ASSERT_TRUE(start(wanted).answered);
  EXPECT_TRUE(std::ranges::any_of(told, [](const std::string& said) { return said.find("[Note]") != said.npos; }))
      << told.size();
}

TEST_F(Instance, DeniedLoginStillCountsAsUp) {
  StartRequest wanted = request();
  wanted.logins = {{"nobody", "wrong"}};
  const StartedServer started = start(wanted);
  EXPECT_TRUE(started.ready);
  EXPECT_FALSE(started.answered);
  EXPECT_NE(started.why_not.find("Access denied"), std::string::npos) << started.why_not;
}

TEST_F(Instance, ServerThatEndsIsReportedWithItsLastLogLines) {
  StartRequest wanted = request();
  wanted.argv.emplace_back("--innodb-page-size=4k");
  try {
    start(wanted);
    FAIL() << "it started";
  } catch (const Exception& e) {
    EXPECT_EQ(e.code(), Code::kUnavailable);
    EXPECT_NE(e.error().message.find("[ERROR] InnoDB: "), std::string::npos) << e.error().message;
  }
}

TEST_F(Instance, CancelledStartLeavesNoServer) {
  const std::atomic<bool> cancelled{true};
  StartRequest wanted = request();
  wanted.cancelled = &cancelled;
  try {
    start(wanted);
    FAIL() << "it started";
  } catch (const Exception& e) {
    EXPECT_EQ(e.code(), Code::kCancelled);
  }
  EXPECT_FALSE(std::filesystem::exists(wanted.socket));
}

TEST_F(Instance, ControlQueriesTellErrorsApart) {
  StartedServer started = start();
  ASSERT_TRUE(started.answered) << started.why_not;
  const auto code_of = [&](std::string_view sql) {
    try {
      started.connection->value(sql);
    } catch (const Exception& e) {
      return e.code();
    }
    return Code::kInternal;
  };
  EXPECT_EQ(code_of("SELECT * FROM nowhere.t"), Code::kRefused);
  EXPECT_EQ(code_of("SELECT 1, 2"), Code::kRefused);
  EXPECT_EQ(started.connection->query("SELECT NULL").front().front(), std::nullopt);
  ::kill(started.process.pid, SIGKILL);
  while (started.process.alive()) ::usleep(1000);
  EXPECT_EQ(code_of("SELECT 1"), Code::kUnavailable);
}

}  // namespace
}  // namespace lifeboat::server
