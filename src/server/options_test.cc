#include "server/options.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "base/error.h"
#include "server/option_file.h"
#include "server/server_binary.h"

namespace lifeboat::server {
namespace {

constexpr std::uint64_t kMiB = std::uint64_t{1} << 20U;

ServerInfo typical() {
  ServerInfo info;
  info.flavour = Flavour::kMariaDb;
  info.version = "10.11.6";
  info.page_bytes = 16384;
  info.redo_bytes = 96 * kMiB;
  info.system_files = {{"ibdata1", 12 * kMiB}};
  return info;
}

bool has(const std::vector<std::string>& arguments, std::string_view wanted) {
  return std::ranges::find(arguments, wanted) != arguments.end();
}

TEST(Options, ComeFromTheFilesAndStartWithNoDefaults) {
  ServerInfo info = typical();
  info.system_files = {{"ibdata1", 12 * kMiB}, {"ibdata2", 76 * kMiB + 5}};
  info.binlog_base = "mysql-bin";
  info.undo_tablespaces = 3;
  const auto arguments = server_arguments(info, {});
  EXPECT_EQ(arguments.front(), "--no-defaults");
  EXPECT_TRUE(has(arguments, "--innodb-data-file-path=ibdata1:12288K;ibdata2:76M:autoextend"));
  EXPECT_TRUE(has(arguments, "--innodb-log-file-size=100663296"));
  EXPECT_TRUE(has(arguments, "--innodb-undo-tablespaces=3"));
  EXPECT_TRUE(has(arguments, "--log-bin=mysql-bin"));
  EXPECT_TRUE(has(arguments, "--skip-slave-start"));
  EXPECT_TRUE(has(arguments, "--event-scheduler=OFF"));
  EXPECT_TRUE(has(arguments, "--loose-federated=OFF"));
}

TEST(Options, WithoutBinaryLogsPreparedTransactionsAreCommitted) {
  EXPECT_TRUE(has(server_arguments(typical(), {}), "--tc-heuristic-recover=COMMIT"));
  ServerInfo info = typical();
  info.binlog_base = "mysql-bin";
  EXPECT_FALSE(has(server_arguments(info, {}), "--tc-heuristic-recover=COMMIT"));
}

TEST(Options, AReplicaKeepsABinaryLogOfWhatItAppliesUnderTheNameThatThereIs) {
  ServerInfo info = typical();
  const LaunchPlan plan{.replica = ReplicaSettings{.parallel_threads = 3}};
  const auto first = server_arguments(info, plan);
  EXPECT_TRUE(has(first, "--log-bin=standby-bin"));
  EXPECT_FALSE(has(first, "--tc-heuristic-recover=COMMIT"));
  for (const std::string_view each :
       {"--log-slave-updates=ON", "--gtid-strict-mode=ON", "--read-only=ON", "--skip-slave-start",
        "--slave-parallel-threads=3", "--relay-log-recovery=ON", "--sync-binlog=1"}) {
    EXPECT_TRUE(has(first, each)) << each;
  }
  info.binlog_base = "mysql-bin";
  EXPECT_TRUE(has(server_arguments(info, plan), "--log-bin=mysql-bin"));
  EXPECT_FALSE(has(server_arguments(info, {}), "--log-slave-updates=ON"));
}

TEST(Options, ABinaryLogIsBegunWhereOneIsWanted) {
  const auto arguments = server_arguments(typical(), {.binary_log = true});
  EXPECT_TRUE(has(arguments, "--log-bin=standby-bin"));
  EXPECT_FALSE(has(arguments, "--tc-heuristic-recover=COMMIT"));
  EXPECT_FALSE(has(arguments, "--log-slave-updates=ON"));
}

TEST(Options, OfAServerAtHomeAreAFileThatReadsBackAsTheyAre) {
  ServerInfo info = typical();
  info.binlog_base = "mysql-bin";
  info.settings = {{"sql_mode", "ANSI"}, {"init_connect", "SELECT 1"}};
  const TempDir directory;
  const Path file = directory.path() / "lifeboat.cnf";
  write_file_durably(file,
                     as_bytes(home_option_file(
                         info, {.data_directory = "/var/lib/my #1 \"home\"", .socket = "/run/db", .server_id = 7})));
  const auto options = read_server_options(file, info.version);
  EXPECT_EQ(options.at("datadir"), "/var/lib/my #1 \"home\"");
  EXPECT_EQ(options.at("log_bin"), "mysql-bin");
  EXPECT_EQ(options.at("server_id"), "7");
  EXPECT_EQ(options.at("innodb_page_size"), "16384");
  EXPECT_EQ(options.at("sql_mode"), "ANSI");
  EXPECT_FALSE(options.contains("init_connect")) << "what acts by itself is for people to add";
  EXPECT_FALSE(options.contains("read_only"));
  EXPECT_FALSE(options.contains("innodb_flush_method")) << "of a volume";
}

TEST(Options, TakeOnlyKnownSettingsThatAreNotAboutFiles) {
  ServerInfo info = typical();
  info.settings = {
      {"sql_mode", "ANSI"}, {"innodb_page_size", "4k"}, {"init_file", "/tmp/x.sql"}, {"innodb_encrypt_tables", "ON"}};
  const auto arguments = server_arguments(info, {});
  EXPECT_TRUE(has(arguments, "--loose-sql_mode=ANSI"));
  EXPECT_FALSE(has(arguments, "--loose-innodb_page_size=4k"));
  EXPECT_FALSE(has(arguments, "--loose-innodb_encrypt_tables=ON"));
  EXPECT_TRUE(
      std::ranges::none_of(arguments, [](const std::string& a) { return a.find("x.sql") != std::string::npos; }));
  EXPECT_TRUE(has(server_arguments(info, {.has_keys = true}), "--loose-innodb_encrypt_tables=ON"));
}

Code refusal(const ServerInfo& info, bool has_keys) {
  try {
    check_bootable(info, has_keys);
  } catch (const Exception& e) {
    return e.code();
  }
  return Code::kInternal;
}

TEST(Options, RefuseWhatWouldLeaveTheVolumeOrCannotBeRead) {
  ServerInfo info = typical();
  EXPECT_NO_THROW(check_bootable(info, false));
  info.encrypted_tables = 1;
  EXPECT_EQ(refusal(info, false), Code::kLocked);
  EXPECT_NO_THROW(check_bootable(info, true));
  info.outside = {"shop/far.isl"};
  EXPECT_EQ(refusal(info, true), Code::kRefused);
  EXPECT_EQ(refusal({}, true), Code::kRefused) << "an image of anything else";
}

TEST(Options, BufferPoolIsAShareOfFreeMemoryAndNoLargerThanUseful) {
  EXPECT_EQ(choose_buffer_pool(1024 * kMiB, 100'000 * kMiB), 1280 * kMiB);
  EXPECT_EQ(choose_buffer_pool(100'000 * kMiB, 8192 * kMiB), 4096 * kMiB);
  EXPECT_EQ(choose_buffer_pool(0, 0), 128 * kMiB);
  EXPECT_GT(available_memory(), 1 * kMiB);
}

Error mismatch(const ServerBinary& binary, const ServerInfo& info) {
  try {
    check_fits(binary, info);
  } catch (const Exception& e) {
    return e.error();
  }
  return {};
}

TEST(ServerBinary, OtherSeriesIsRefusedNamingThePackage) {
  const ServerBinary binary{"/usr/sbin/mariadbd", Flavour::kMariaDb, {10, 11, 19}, {}};
  ServerInfo info = typical();
  EXPECT_NO_THROW(check_fits(binary, info));
  info.version = "10.11.22";
  EXPECT_NO_THROW(check_fits(binary, info));
  info.version = "11.8.3";
  EXPECT_EQ(mismatch(binary, info).code, Code::kUnsupported);
  EXPECT_NE(mismatch(binary, info).hint.find("mariadb-server-core (Debian 13)"), std::string::npos);
  info.version = "10.5.29";
  EXPECT_NE(mismatch(binary, info).hint.find("mariadb-server-core-10.5"), std::string::npos);
  info.flavour = Flavour::kMySql;
  EXPECT_EQ(mismatch(binary, info).code, Code::kUnsupported);
}

TEST(ServerBinary, TellsItsVersionOrIsRefused) {
  const ServerBinary binary = find_server_binary({});
  EXPECT_EQ(binary.flavour, Flavour::kMariaDb);
  EXPECT_GE(binary.version.major, 10U);
  EXPECT_THROW(find_server_binary("/nowhere/mariadbd"), Exception);
  EXPECT_THROW(find_server_binary("/bin/true"), Exception);
}

TEST(PrivateDirectory, HoldsOnlyPluginsThatStayOnThisHost) {
  EXPECT_TRUE(plugin_allowed("file_key_management.so"));
  EXPECT_TRUE(plugin_allowed("auth_ed25519.so"));
  EXPECT_TRUE(plugin_allowed("provider_lz4.so"));
  EXPECT_FALSE(plugin_allowed("ha_federatedx.so"));
  EXPECT_FALSE(plugin_allowed("ha_connect.so"));
  EXPECT_FALSE(plugin_allowed("ha_spider.so"));
  EXPECT_FALSE(plugin_allowed("handlersocket.so"));
  EXPECT_FALSE(plugin_allowed("server_audit.so"));
}

TEST(PrivateDirectory, BinlogIndexIsMadeToNameOnlyFilesBesideIt) {
  const TempDir data;
  for (const char* name : {"mysql-bin.000001", "mysql-bin.000002"}) write_file_durably(data.path() / name, {});
  const Path index = data.path() / "mysql-bin.index";
  write_file_durably(
      index, as_bytes("/var/lib/mysql/mysql-bin.000001\n./mysql-bin.000002\n/var/lib/mysql/mysql-bin.000003\n"));
  confine_binlog_index(data.path(), "mysql-bin");
  EXPECT_EQ(as_text(read_file(index)), "./mysql-bin.000001\n./mysql-bin.000002\n");
}

}  // namespace
}  // namespace lifeboat::server
