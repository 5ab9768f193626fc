#include "rescue/topology_server.h"

#include <algorithm>
#include <charconv>
#include <cmath>

#include "rescue/sql_names.h"
#include "rescue/topology_accounts.h"
#include "rescue/topology_answer.h"
#include "vault/table_name.h"

namespace lifeboat::rescue {
namespace {

constexpr std::string_view kRelayComment = "Lifeboat relay";
/// With any of these a table is seen in information_schema. SHOW VIEW is the one that allows nothing else.
const std::set<std::string> kSeesTables{"SELECT",     "INSERT",      "UPDATE",        "DELETE", "CREATE",
                                        "DROP",       "SHOW VIEW",   "INDEX",         "ALTER",  "TRIGGER",
                                        "REFERENCES", "CREATE VIEW", "DELETE HISTORY"};

constexpr Question kMaster{"what its binary log leaves out", "BINLOG MONITOR ON *.*", "SHOW MASTER STATUS"};
constexpr Question kChannels{"whom it replicates from", "SLAVE MONITOR ON *.*", "SHOW ALL SLAVES STATUS"};
constexpr Question kReplicas{"which replicas have registered", "REPLICATION MASTER ADMIN ON *.*", "SHOW SLAVE HOSTS"};
constexpr Question kReaders{"who reads its binary log", "PROCESS ON *.*",
                            "SELECT HOST FROM information_schema.PROCESSLIST WHERE COMMAND LIKE 'Binlog Dump%'"};
constexpr Question kPlugins{"its plugins", "",
                            "SELECT DISTINCT PLUGIN_LIBRARY FROM information_schema.PLUGINS"
                            " WHERE PLUGIN_STATUS = 'ACTIVE' AND PLUGIN_LIBRARY IS NOT NULL"};
constexpr Question kInnoDbBytes{"how large it is", "PROCESS ON *.*",
                                "SELECT SUM(FILE_SIZE) AS bytes FROM information_schema.INNODB_SYS_TABLESPACES"};
constexpr Question kEngines{"which engines have transactions", "",
                            "SELECT ENGINE FROM information_schema.ENGINES WHERE TRANSACTIONS = 'YES'"};
/// A clustered index of this name was made up by InnoDB, for want of a key. The dictionary is asked, which opens no
/// table.
constexpr Question kKeyless{"which tables have no primary key", "PROCESS ON *.*",
                            "SELECT TABLE_ID FROM information_schema.INNODB_SYS_INDEXES"
                            " WHERE NAME = 'GEN_CLUST_INDEX' LIMIT 1000"};

std::uint32_t as_id(std::uint64_t number) {
  return static_cast<std::uint32_t>(number);
}

std::uint16_t as_port(std::uint64_t number) {
  return number > 0xffff ? std::uint16_t{0} : static_cast<std::uint16_t>(number);
}

std::map<std::string, std::string> by_name(const NamedRows& rows) {
  std::map<std::string, std::string> found;
  for (std::size_t i = 0; i < rows.size(); ++i) {
    found[lower_cased(rows.at(i, "Variable_name"))] = rows.at(i, "Value");
  }
  return found;
}

/// In UTC, since an hour that a local clock shows twice would look like an hour of difference; and SYSDATE, since NOW
/// is whatever a session's timestamp says.
void ask_time(Interview& interview, const std::function<SystemTime()>& clock, ServerFacts& facts) {
  if (!interview.put({"the time", "", "SET SESSION time_zone = '+00:00'"})) return;
  const SystemTime before = clock();
  const auto rows = interview.put({"the time", "", "SELECT UNIX_TIMESTAMP(SYSDATE(6)) AS at"});
  const SystemTime after = clock();
  if (!rows) return;
  const std::string text = rows->at(0, "at");
  double seconds = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), seconds);
  if (error != std::errc{} || !std::isfinite(seconds) || std::abs(seconds) > 1e12) return;
  const std::int64_t theirs = std::llround(seconds * 1000);
  facts.clock_doubt = std::max((after - before) / 2, std::chrono::milliseconds(1));
  facts.clock_ahead = std::chrono::milliseconds(theirs - (unix_ms(before) + unix_ms(after)) / 2);
}

ReplicationChannel read_channel(const NamedRows& rows, std::size_t i) {
  constexpr std::string_view kFilters[] = {
      "Replicate_Do_DB",         "Replicate_Ignore_DB",         "Replicate_Do_Table",
      "Replicate_Ignore_Table",  "Replicate_Wild_Do_Table",     "Replicate_Wild_Ignore_Table",
      "Replicate_Do_Domain_Ids", "Replicate_Ignore_Domain_Ids", "Replicate_Ignore_Server_Ids"};
  ReplicationChannel channel{.name = rows.at(i, "Connection_name"),
                             .source = {rows.at(i, "Master_Host"), as_port(rows.number(i, "Master_Port"))},
                             .user = rows.at(i, "Master_User"),
                             .receiving = rows.at(i, "Slave_IO_Running") == "Yes",
                             .applying = rows.at(i, "Slave_SQL_Running") == "Yes",
                             .behind_s = rows.find_number(i, "Seconds_Behind_Master"),
                             .delay_s = rows.number(i, "SQL_Delay"),
                             .gtid_mode = rows.at(i, "Using_Gtid"),
                             .error = rows.at(i, "Last_SQL_Error"),
                             .filters = {}};
  if (channel.error.empty()) channel.error = rows.at(i, "Last_IO_Error");
  for (const std::string_view each : kFilters) {
    if (std::string value = rows.at(i, each); !value.empty()) channel.filters.emplace(each, std::move(value));
  }
  return channel;
}

/// "10.0.0.7:51234" → "10.0.0.7".
std::string without_port(const std::string& peer) {
  return peer.substr(0, peer.rfind(':'));
}

void ask_replication(Interview& interview, ServerFacts& facts) {
  if (const auto rows = interview.put(kMaster)) {
    facts.binlog_do_db = rows->at(0, "Binlog_Do_DB");
    facts.binlog_ignore_db = rows->at(0, "Binlog_Ignore_DB");
  }
  if (const auto rows = interview.put(kChannels)) {
    for (std::size_t i = 0; i < rows->size(); ++i) facts.channels.push_back(read_channel(*rows, i));
  }
  if (const auto rows = interview.put(kReplicas)) {
    for (std::size_t i = 0; i < rows->size(); ++i) {
      facts.replicas.push_back({.server_id = as_id(rows->number(i, "Server_id")),
                                .host = rows->at(i, "Host"),
                                .port = as_port(rows->number(i, "Port"))});
    }
  }
  if (!interview.may({"PROCESS"})) {
    interview.note_refused(kReaders, "others' connections are not shown to this account");
  } else if (const auto rows = interview.put(kReaders)) {
    for (std::size_t i = 0; i < rows->size(); ++i) {
      std::string host = without_port(rows->at(i, "HOST"));
      if (std::ranges::find(facts.readers, host) == facts.readers.end()) facts.readers.push_back(std::move(host));
    }
  }
}

void ask_engines(Interview& interview, ServerFacts& facts) {
  Question question{"which tables have no transactions", "SHOW VIEW ON *.*", ""};
  if (!interview.may(kSeesTables)) return interview.note_refused(question, "tables are not shown to this account");
  const auto engines = interview.put(kEngines);
  if (!engines) return;
  std::string known = "''";
  for (std::size_t i = 0; i < engines->size(); ++i) known += format(", '{}'", engines->at(i, "ENGINE"));
  // These columns are read from a table's definition, which does not open it.
  const std::string sql = format(
      "SELECT TABLE_SCHEMA, TABLE_NAME, ENGINE FROM information_schema.TABLES"
      " WHERE {} AND ENGINE NOT IN ({})"
      " AND TABLE_SCHEMA NOT IN ('mysql', 'sys', 'information_schema', 'performance_schema') LIMIT {}",
      kHoldsRows, known, kTablesAskedMax);
  question.sql = sql;
  const auto rows = interview.put(question);
  for (std::size_t i = 0; rows && i < rows->size(); ++i) {
    facts.unsafe_tables.push_back(
        {format("{}.{}", rows->at(i, "TABLE_SCHEMA"), rows->at(i, "TABLE_NAME")), rows->at(i, "ENGINE")});
  }
}

/// "shop/order@002ditem#P#p0" → "shop.order-item"; empty for a table of the server's own.
std::string table_of_dictionary(const std::string& name) {
  if (name.starts_with("mysql/") || name.starts_with("sys/") || name.find("/FTS_") != std::string::npos) return {};
  std::string table = vault::table_of_path(name + ".ibd");
  if (const std::size_t slash = table.find('/'); slash != std::string::npos) table[slash] = '.';
  return table;
}

void ask_keys(Interview& interview, ServerFacts& facts) {
  const auto indexes = interview.put(kKeyless);
  if (!indexes || indexes->size() == 0) return;
  std::string ids;
  for (std::size_t i = 0; i < indexes->size(); ++i) {
    ids += format("{}{}", ids.empty() ? "" : ",", indexes->number(i, "TABLE_ID"));
  }
  const std::string sql = format("SELECT NAME FROM information_schema.INNODB_SYS_TABLES WHERE TABLE_ID IN ({})", ids);
  const auto rows = interview.put({kKeyless.wanted, kKeyless.privileges, sql});
  for (std::size_t i = 0; rows && i < rows->size(); ++i) {
    std::string table = table_of_dictionary(rows->at(i, "NAME"));
    if (!table.empty()) facts.keyless_tables.push_back(std::move(table));
  }
  std::ranges::sort(facts.keyless_tables);
  const auto twice = std::ranges::unique(facts.keyless_tables);  // of a table's partitions
  facts.keyless_tables.erase(twice.begin(), twice.end());
}

void ask_contents(Interview& interview, ServerFacts& facts) {
  if (const auto rows = interview.put(kPlugins)) {
    for (std::size_t i = 0; i < rows->size(); ++i) facts.plugin_libraries.push_back(rows->at(i, "PLUGIN_LIBRARY"));
  }
  if (const auto rows = interview.put(kInnoDbBytes)) facts.innodb_bytes = rows->find_number(0, "bytes");
  ask_engines(interview, facts);
  ask_keys(interview, facts);
}

}  // namespace

const std::string& ServerFacts::variable(const std::string& name) const {
  static const std::string kNone;
  const auto found = variables.find(name);
  return found == variables.end() ? kNone : found->second;
}

bool ServerFacts::on(const std::string& name) const {
  const std::string& value = variable(name);
  return value == "ON" || value == "1";
}

ServerFacts ask_server(const Ask& ask, const std::function<SystemTime()>& clock) {
  ServerFacts facts;
  Interview interview(ask, facts);
  const NamedRows first =
      interview.insist("SELECT @@version AS version, @@version_comment AS comment, @@server_id AS id");
  facts.version = first.at(0, "version");
  facts.mariadb = facts.version.find("MariaDB") != std::string::npos;
  facts.relay = first.at(0, "comment") == kRelayComment;
  facts.server_id = as_id(first.number(0, "id"));
  if (facts.relay) return facts;
  facts.variables = by_name(interview.insist("SHOW GLOBAL VARIABLES"));
  if (!facts.mariadb) return facts;
  interview.introduce();
  ask_time(interview, clock, facts);
  if (const auto rows = interview.put(
          {"how semi-sync does", "", "SHOW GLOBAL STATUS WHERE Variable_name LIKE 'Rpl_semi_sync_master%'"})) {
    facts.status = by_name(*rows);
  }
  ask_replication(interview, facts);
  ask_contents(interview, facts);
  ask_accounts(interview, facts);
  return facts;
}

}  // namespace lifeboat::rescue
