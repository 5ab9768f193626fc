#include "relay/replica_dialogue.h"

#include <gtest/gtest.h>

#include "base/format.h"

namespace lifeboat::relay {
namespace {

class ReplicaDialogueTest : public ::testing::Test {
 protected:
  // One line a row, columns by tabs, NULL as \N; "ok"; "error N"; "kill N".
  std::string ask(std::string_view statement) {
    const Answer answer = dialogue.answer(statement);
    if (std::holds_alternative<Accepted>(answer)) return "ok";
    if (const auto* error = std::get_if<ServerError>(&answer)) return format("error {}", error->number);
    if (const auto* kill = std::get_if<KillRequest>(&answer)) return format("kill {}", kill->connection_id);
    const auto& result = std::get<TextResult>(answer);
    std::string out = lifeboat::format("{}", fmt::join(result.columns, "\t"));
    for (const auto& row : result.rows) {
      EXPECT_EQ(row.size(), result.columns.size()) << statement;
      out += '\n';
      for (std::size_t i = 0; i < row.size(); ++i) out += (i > 0 ? "\t" : "") + row[i].value_or("\\N");
    }
    return out;
  }

  ReplicaDialogue dialogue{DialogueFacts{
      .connection_id = 7,
      .user = "repl@10.0.0.2",
      .variables = {{"server_id", "21"},
                    {"version", "10.11.6-MariaDB-log"},
                    {"version_comment", "Lifeboat relay"},
                    {"binlog_checksum", "CRC32"},
                    {"gtid_domain_id", "3"},
                    {"rpl_semi_sync_master_enabled", "ON"}},
      .gtid_binlog_position = [] { return std::string("3-21-99"); },
      .gtid_position_at =
          [](const std::string& file, std::uint64_t position) {
            return file == "bin.000001" && position == 4 ? std::optional<std::string>("0-1-5") : std::nullopt;
          },
      .log_files =
          [] { return std::vector<std::pair<std::string, std::uint64_t>>{{"bin.000001", 300}, {"bin.000002", 42}}; },
  }};
};

TEST_F(ReplicaDialogueTest, AnswersAMariaDbReplicaInItsOrder) {
  EXPECT_TRUE(ask("SELECT UNIX_TIMESTAMP()").starts_with("UNIX_TIMESTAMP()\n17") ||
              ask("SELECT UNIX_TIMESTAMP()").starts_with("UNIX_TIMESTAMP()\n1"));
  EXPECT_EQ(ask("SHOW VARIABLES LIKE 'SERVER_ID'"), "Variable_name\tValue\nserver_id\t21");
  EXPECT_EQ(ask("SET @master_heartbeat_period= 30000001024"), "ok");
  EXPECT_EQ(ask("SET @master_binlog_checksum= @@global.binlog_checksum"), "ok");
  EXPECT_EQ(ask("SELECT @master_binlog_checksum"), "@master_binlog_checksum\nCRC32");
  EXPECT_EQ(ask("SET skip_replication=1"), "ok");
  EXPECT_EQ(ask("SET @mariadb_slave_capability=4"), "ok");
  EXPECT_EQ(ask("SELECT @@GLOBAL.gtid_domain_id"), "@@GLOBAL.gtid_domain_id\n3");
  EXPECT_EQ(ask("SET @slave_connect_state='0-1-7,3-21-40'"), "ok");
  EXPECT_EQ(ask("SET @slave_gtid_strict_mode=1"), "ok");
  EXPECT_EQ(ask("SET @slave_gtid_ignore_duplicates=0"), "ok");
  EXPECT_EQ(ask("SET @slave_until_gtid='0-1-9'"), "ok");
  EXPECT_EQ(ask("SHOW VARIABLES LIKE 'rpl_semi_sync_master_enabled'"),
            "Variable_name\tValue\nrpl_semi_sync_master_enabled\tON");
  EXPECT_EQ(ask("SET @rpl_semi_sync_slave= 1"), "ok");

  const ReplicaWishes wishes = dialogue.wishes();
  EXPECT_EQ(wishes.heartbeat_ns, 30000001024U);
  EXPECT_EQ(wishes.checksum, "CRC32");
  EXPECT_EQ(wishes.capability, 4);
  EXPECT_EQ(wishes.connect_state, "0-1-7,3-21-40");
  EXPECT_EQ(wishes.until_gtid, "0-1-9");
  EXPECT_TRUE(wishes.gtid_strict_mode);
  EXPECT_FALSE(wishes.ignore_duplicates);
  EXPECT_TRUE(wishes.skip_replication);
  EXPECT_TRUE(wishes.semi_sync);
}

TEST_F(ReplicaDialogueTest, WishesNothingUntilAsked) {
  const ReplicaWishes wishes = dialogue.wishes();
  EXPECT_EQ(wishes.heartbeat_ns, 0U);
  EXPECT_FALSE(wishes.checksum);
  EXPECT_FALSE(wishes.connect_state);
  EXPECT_EQ(wishes.capability, 0);
  EXPECT_FALSE(wishes.semi_sync);
}

TEST_F(ReplicaDialogueTest, AnEmptyConnectStateIsFromTheStartByGtid) {
  EXPECT_EQ(ask("SET @slave_connect_state=''"), "ok");
  EXPECT_EQ(dialogue.wishes().connect_state, "");
}

TEST_F(ReplicaDialogueTest, LooksUpGtidPositions) {
  EXPECT_EQ(ask("SELECT binlog_gtid_pos('bin.000001',4)"), "binlog_gtid_pos('bin.000001',4)\n0-1-5");
  EXPECT_EQ(ask("SELECT binlog_gtid_pos('bin.000009',4)"), "binlog_gtid_pos('bin.000009',4)\n\\N");
}

TEST_F(ReplicaDialogueTest, AnswersMariadbBinlogAndTheCommandLineClient) {
  EXPECT_EQ(ask("SELECT VERSION()"), "VERSION()\n10.11.6-MariaDB-log");
  EXPECT_EQ(ask("SET NAMES utf8mb4"), "ok");
  EXPECT_EQ(ask("select @@version_comment limit 1"), "@@version_comment\nLifeboat relay");
  EXPECT_EQ(ask("SELECT DATABASE()"), "DATABASE()\n\\N");
  EXPECT_EQ(ask("select connection_id() as id, user()"), "id\tuser()\n7\trepl@10.0.0.2");
  EXPECT_EQ(ask("SHOW MASTER STATUS"), "File\tPosition\tBinlog_Do_DB\tBinlog_Ignore_DB\nbin.000002\t42\t\t");
  EXPECT_EQ(ask("SHOW BINARY LOGS"), "Log_name\tFile_size\nbin.000001\t300\nbin.000002\t42");
  EXPECT_EQ(ask("SELECT @@gtid_binlog_pos;"), "@@gtid_binlog_pos\n3-21-99");
  EXPECT_EQ(ask("/* who */ SHOW GLOBAL STATUS LIKE 'Rpl%'"), "Variable_name\tValue");
}

TEST_F(ReplicaDialogueTest, TakesKillInBothForms) {
  EXPECT_EQ(ask("KILL 7"), "kill 7");
  EXPECT_EQ(ask("KILL CONNECTION 8"), "kill 8");
  EXPECT_EQ(ask("KILL everything"), "error 1235");
}

TEST_F(ReplicaDialogueTest, MatchesLikePatterns) {
  EXPECT_EQ(ask("SHOW VARIABLES LIKE '%domain%'"), "Variable_name\tValue\ngtid_domain_id\t3");
  EXPECT_EQ(ask("SHOW VARIABLES LIKE 'server_i_'"), "Variable_name\tValue\nserver_id\t21");
  EXPECT_EQ(ask("SHOW VARIABLES LIKE 'nothing'"), "Variable_name\tValue");
}

TEST_F(ReplicaDialogueTest, RefusesWhatOnlyADatabaseCanDo) {
  for (const char* statement :
       {"DROP DATABASE shop", "SELECT 1 FROM t", "SET GLOBAL read_only=0", "SET @@global.x=1", "",
        "SELECT @@no_such_variable", "SELECT sleep(10)", "SELECT 'open", "SHOW TABLES", "SELECT ("}) {
    EXPECT_EQ(ask(statement), "error 1235") << statement;
  }
}

TEST_F(ReplicaDialogueTest, IsBoundedWhateverAClientSets) {
  for (int i = 0; i < 1000; ++i) ask(format("SET @v{}=1", i));
  EXPECT_EQ(ask("SET @one_more=1"), "error 1235");
  EXPECT_EQ(ask("SET @v1=2"), "ok");
  EXPECT_EQ(ask("SELECT " + std::string(2U << 20U, 'x')), "error 1235");
  std::string nested = "SELECT ";
  for (int i = 0; i < 10000; ++i) nested += "version(";
  EXPECT_EQ(ask(nested), "error 1235");
}

}  // namespace
}  // namespace lifeboat::relay
