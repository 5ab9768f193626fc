#include "rescue/check.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <set>
#include <sstream>

#include "rescue/check_report.h"

namespace lifeboat::rescue {
namespace {

constexpr std::size_t kSource = 0;
constexpr std::size_t kRelay = 1;
constexpr std::size_t kStandby = 2;
const SystemTime kNow = from_unix_ms(1'700'000'000'000);

Node made_node(const std::string& name, std::uint32_t id) {
  ServerFacts facts;
  facts.version = "10.11.19-MariaDB-log";
  facts.mariadb = true;
  facts.server_id = id;
  facts.innodb_bytes = 1000;
  facts.variables = {{"hostname", name},
                     {"log_bin", "ON"},
                     {"read_only", "OFF"},
                     {"sync_binlog", "1"},
                     {"binlog_format", "ROW"},
                     {"log_slave_updates", "ON"},
                     {"gtid_domain_id", "0"},
                     {"datadir", "/var/lib/mysql/"},
                     {"binlog_expire_logs_seconds", "864000"},
                     {"innodb_flush_log_at_trx_commit", "1"},
                     {"rpl_semi_sync_master_enabled", "ON"},
                     {"rpl_semi_sync_master_wait_point", "AFTER_SYNC"}};
  facts.status = {{"rpl_semi_sync_master_status", "ON"}, {"rpl_semi_sync_master_clients", "1"}};
  return {.name = name + ":3306", .addresses = {{name, 3306}}, .facts = std::move(facts), .problem = {}};
}

ReplicationChannel channel_from(const std::string& host) {
  return {.name = {},
          .source = {host, 3306},
          .user = "r",
          .receiving = true,
          .applying = true,
          .behind_s = 0,
          .delay_s = 0,
          .gtid_mode = "Slave_Pos",
          .error = {},
          .filters = {}};
}

Link running_link(std::size_t from, std::size_t to) {
  return {.from = from, .to = to, .channel = {}, .running = true, .behind_s = 0, .delay_s = 0};
}

/// A source, a relay that follows it, and a standby behind that: nothing to find.
CheckFacts protected_cluster() {
  CheckFacts facts;
  facts.user = "lifeboat";
  facts.topology.taken = kNow;
  facts.topology.nodes = {made_node("db1", 1),
                          {.name = "keep:3307", .addresses = {{"keep", 3307}}, .facts = {}, .problem = {}},
                          made_node("standby", 3)};
  facts.topology.nodes[kRelay].relay = facts.topology.nodes[kRelay].guarded = true;
  facts.topology.nodes[kStandby].facts->channels = {channel_from("keep")};
  facts.topology.nodes[kStandby].facts->variables["read_only"] = "ON";
  facts.topology.links = {running_link(kSource, kRelay), running_link(kRelay, kStandby)};
  facts.places.resize(3);
  facts.host.name = "keep";
  facts.host.server = server::ServerBinary{.path = "/usr/sbin/mariadbd",
                                           .flavour = server::Flavour::kMariaDb,
                                           .version = {10, 11, 6},
                                           .plugin_directory = "/p"};
  facts.host.free_bytes = 1'000'000;
  facts.host.state_root = "/s";
  facts.relay = RelayFacts{.directory = "/r",
                           .running = true,
                           .updated = "now",
                           .sources = {{.source = {"db1", 3306},
                                        .state = "following",
                                        .problem = {},
                                        .listen = {},
                                        .replicas = {{3, "standby", 3306}}}},
                           .guard_config = {},
                           .guard_problem = {}};
  facts.vault = VaultFacts{
      .url = "s3://b", .directory = {}, .host = "s3", .newest = KeptImage{"i", kNow}, .before = {}, .problem = {}};
  return facts;
}

ServerFacts& source_of(CheckFacts& facts) {
  return *facts.topology.nodes[kSource].facts;
}

ServerFacts& standby_of(CheckFacts& facts) {
  return *facts.topology.nodes[kStandby].facts;
}

/// A second master, which replicates from the first and back.
void add_co_master(CheckFacts& facts) {
  facts.topology.nodes.push_back(made_node("db2", 2));
  facts.topology.nodes.back().facts->channels = {channel_from("db1")};
  facts.places.resize(4);
  source_of(facts).channels = {channel_from("db2")};
  facts.topology.links.push_back(running_link(kSource, 3));
  facts.topology.links.push_back(running_link(3, kSource));
}

void unlink_relay(CheckFacts& facts) {
  facts.relay.reset();
  facts.topology.links.clear();
}

struct Provocation {
  FindingId id;
  std::function<void(CheckFacts&)> change;
};

std::function<void(CheckFacts&)> source_says(const std::string& name, const std::string& value) {
  return [=](CheckFacts& facts) { source_of(facts).variables[name] = value; };
}

std::function<void(CheckFacts&)> source(const std::function<void(ServerFacts&)>& change) {
  return [=](CheckFacts& facts) { change(source_of(facts)); };
}

std::function<void(CheckFacts&)> replication(const std::function<void(ReplicationChannel&)>& change) {
  return [=](CheckFacts& facts) { change(standby_of(facts).channels[0]); };
}

const std::vector<Provocation>& provocations() {
  using F = CheckFacts;
  static const Disk here = *disk_of("/tmp");
  static const std::vector<Provocation> kAll{
      {FindingId::kNoGuardedCopy, [](F& f) { f.topology.nodes[kRelay].guarded = false; }},
      {FindingId::kCoMasters, add_co_master},
      {FindingId::kBinlogOff, source_says("log_bin", "OFF")},
      {FindingId::kLogNotWhole,
       [](F& f) {
         add_co_master(f);
         f.topology.nodes[3].facts->variables["log_slave_updates"] = "OFF";
       }},
      {FindingId::kLogTooShort,
       [](F& f) {
         unlink_relay(f);
         f.vault->newest->time = kNow - std::chrono::hours(24 * 11);
       }},
      {FindingId::kNoImage, [](F& f) { f.vault->newest.reset(); }},
      {FindingId::kRelayNotFollowing, [](F& f) { f.relay->sources[0].state = "waiting"; }},
      {FindingId::kGuardOpen, [](F& f) { f.relay->holds_drops = false; }},
      {FindingId::kVaultOnSourceDisk,
       [](F& f) {
         f.places[kSource] = {.here = true, .disk = here};
         f.vault->directory = "/tmp";
         f.vault->host.clear();
       }},
      {FindingId::kDropSpreads, add_co_master},
      {FindingId::kServerNotAsked,
       [](F& f) { f.topology.nodes[kStandby].problem = Error{Code::kDenied, "no", {}, {}, {}}; }},
      {FindingId::kNotAllowed, source([](ServerFacts& s) { s.unanswered = {{"x", "GRANT Y ON *.* TO z;", "no"}}; })},
      {FindingId::kReaderNotFound,
       [](F& f) { f.topology.unknown = {{.at = 0, .replica = {9, "", 3306}, .hosts = {"h"}}}; }},
      {FindingId::kTooManyServers, [](F& f) { f.topology.cut_short = true; }},
      {FindingId::kServerUnsupported, [](F& f) { standby_of(f).mariadb = false; }},
      {FindingId::kGalera, source_says("wsrep_on", "ON")},
      {FindingId::kNoRelay, unlink_relay},
      {FindingId::kRing,
       [](F& f) {
         add_co_master(f);
         f.topology.nodes[3].facts->variables["read_only"] = "ON";
       }},
      {FindingId::kWritableReplica, [](F& f) { standby_of(f).variables["read_only"] = "OFF"; }},
      {FindingId::kReplicationStopped, replication([](ReplicationChannel& c) { c.applying = false; })},
      {FindingId::kReplicaBehind, replication([](ReplicationChannel& c) { c.behind_s = 61; })},
      {FindingId::kReplicaFilter,
       replication([](ReplicationChannel& c) { c.filters = {{"Replicate_Do_DB", "shop"}}; })},
      {FindingId::kBinlogFilter, source([](ServerFacts& s) { s.binlog_do_db = "shop"; })},
      {FindingId::kSharedDomain, add_co_master},
      {FindingId::kGtidOff, replication([](ReplicationChannel& c) { c.gtid_mode = "No"; })},
      {FindingId::kStatementFormat, source_says("binlog_format", "STATEMENT")},
      {FindingId::kSemiSyncOff, source_says("rpl_semi_sync_master_enabled", "OFF")},
      {FindingId::kSemiSyncDegraded, source([](ServerFacts& s) { s.status["rpl_semi_sync_master_clients"] = "0"; })},
      {FindingId::kSyncBinlog, source_says("sync_binlog", "0")},
      {FindingId::kFlushLog, source_says("innodb_flush_log_at_trx_commit", "2")},
      {FindingId::kLogKeptBriefly,
       [](F& f) {
         unlink_relay(f);
         f.vault.reset();
         source_of(f).variables["binlog_expire_logs_seconds"] = "86400";
       }},
      {FindingId::kUnsafeTables, source([](ServerFacts& s) { s.unsafe_tables = {{"shop.old", "MyISAM"}}; })},
      {FindingId::kNoPrimaryKey, source([](ServerFacts& s) { s.keyless_tables = {"shop.log"}; })},
      {FindingId::kDropEverywhere, source([](ServerFacts& s) { s.rights.drops = {{{"'a'@'%'", "'a'@'%'"}, "*.*"}}; })},
      {FindingId::kUnloggedChanges, source([](ServerFacts& s) { s.rights.unlogged = {{"'a'@'%'", "'a'@'%'"}}; })},
      {FindingId::kSuperAccount, source([](ServerFacts& s) { s.rights.super = {{"'a'@'%'", "'a'@'%'"}}; })},
      {FindingId::kClockSkew, source([](ServerFacts& s) { s.clock_ahead = std::chrono::milliseconds(-1'500); })},
      {FindingId::kRelayOnSourceHost, [](F& f) { f.places[kSource].here = true; }},
      {FindingId::kRelayOnSourceDisk,
       [](F& f) {
         f.places[kSource] = {.here = true, .disk = here};
         f.relay->directory = "/tmp";
       }},
      {FindingId::kVaultOnSourceHost, [](F& f) { f.vault->host = "db1"; }},
      {FindingId::kReplicaOnSourceHost, [](F& f) { standby_of(f).variables["hostname"] = "db1"; }},
      {FindingId::kVaultNotRead, [](F& f) { f.vault->problem = Error{Code::kLocked, "no key fits", {}, {}, {}}; }},
      {FindingId::kFuseNotUsable, [](F& f) { f.host.fuse_problem = "/dev/fuse cannot be opened"; }},
      {FindingId::kRescueServer, [](F& f) { source_of(f).version = "11.8.3-MariaDB"; }},
      {FindingId::kRescuePlugin, source([](ServerFacts& s) { s.plugin_libraries = {"file_key_management.so"}; })},
      {FindingId::kRescueRoom, source([](ServerFacts& s) { s.innodb_bytes = 2'000'000; })},
      {FindingId::kMixedFormat, source_says("binlog_format", "MIXED")},
      {FindingId::kDropDatabase,
       source([](ServerFacts& s) { s.rights.drops = {{{"'a'@'%'", "'a'@'%'"}, "`shop`.*"}}; })},
  };
  return kAll;
}

std::set<std::string_view> ids_of(const std::vector<Finding>& findings) {
  std::set<std::string_view> ids;
  for (const Finding& each : findings) ids.insert(each.kind->name);
  return ids;
}

std::vector<Finding> found_after(const std::function<void(CheckFacts&)>& change) {
  CheckFacts facts = protected_cluster();
  change(facts);
  return check_cluster(facts);
}

const Finding& finding(const std::vector<Finding>& findings, FindingId id) {
  const auto found = std::ranges::find(findings, &kind_of(id), &Finding::kind);
  if (found == findings.end()) throw std::runtime_error("not found");
  return *found;
}

TEST(Check, FindsNothingInAProtectedCluster) {
  EXPECT_EQ(ids_of(check_cluster(protected_cluster())), std::set<std::string_view>{});
}

TEST(Check, FindsEachThingThatIsWrong) {
  std::set<std::string_view> provoked;
  for (const Provocation& each : provocations()) {
    const std::string_view name = kind_of(each.id).name;
    const std::vector<Finding> findings = found_after(each.change);
    ASSERT_TRUE(ids_of(findings).contains(name)) << name;
    for (const Evidence& seen : finding(findings, each.id).evidence) EXPECT_NE(seen.seen, "") << name;
    provoked.insert(name);
  }
  for (const FindingKind& each : finding_kinds()) EXPECT_TRUE(provoked.contains(each.name)) << each.name;
}

TEST(Check, FindsNothingElseWhereOneSettingIsWrong) {
  for (const auto& [name, value] :
       std::map<std::string, std::string>{{"sync_binlog", "0"}, {"binlog_format", "MIXED"}}) {
    EXPECT_EQ(found_after(source_says(name, value)).size(), 1U) << name;
  }
}

TEST(Check, PutsTheWorstFirst) {
  const std::vector<Finding> findings = found_after([](CheckFacts& facts) {
    source_of(facts).variables["binlog_format"] = "MIXED";
    source_of(facts).variables["sync_binlog"] = "0";
    facts.vault->newest.reset();
  });
  ASSERT_EQ(findings.size(), 3U);
  EXPECT_EQ(findings[0].kind->name, "no_image");
  EXPECT_EQ(findings[1].kind->name, "sync_binlog");
  EXPECT_EQ(findings[2].kind->name, "mixed_format");
}

TEST(Check, SaysHowFarADropComesAndHowSoon) {
  const std::vector<Finding> findings = found_after([](CheckFacts& facts) {
    add_co_master(facts);
    facts.topology.links[2].behind_s = 75;
  });
  const Finding& drop = finding(findings, FindingId::kDropSpreads);
  ASSERT_EQ(drop.evidence.size(), 2U);
  EXPECT_EQ(drop.evidence[0].where, "db1:3306");
  EXPECT_EQ(drop.evidence[0].seen,
            "a DROP here reaches 1 more: db2:3306, within 1m 15s; behind the guard, out of reach: standby:3306");
  // The standby is out of its reach, too, since what comes to db1 comes to the relay.
  EXPECT_FALSE(ids_of(findings).contains("no_guarded_copy"));
}

TEST(Check, NamesTheStatementThatHelps) {
  const auto remedies = [](FindingId id, const std::function<void(CheckFacts&)>& change) {
    const std::vector<Finding> findings = found_after(change);
    std::vector<std::string> out;
    for (const Remedy& each : finding(findings, id).remedies) out.push_back(each.where + ": " + each.text);
    return out;
  };
  using Lines = std::vector<std::string>;
  EXPECT_EQ(remedies(FindingId::kSyncBinlog, source_says("sync_binlog", "0")),
            (Lines{"SQL on db1:3306: SET GLOBAL sync_binlog = 1;", "my.cnf of db1:3306, [mysqld]: sync_binlog = 1"}));
  EXPECT_EQ(remedies(FindingId::kGtidOff, replication([](ReplicationChannel& c) {
                       c.gtid_mode = "No";
                       c.name = "east";
                     })),
            Lines{"SQL on standby:3306: STOP SLAVE 'east'; CHANGE MASTER 'east' TO MASTER_USE_GTID = slave_pos; START "
                  "SLAVE 'east';"});
  EXPECT_EQ(remedies(FindingId::kReplicaFilter,
                     replication([](ReplicationChannel& c) { c.filters = {{"Replicate_Ignore_Domain_Ids", "2"}}; })),
            Lines{"SQL on standby:3306: STOP SLAVE; CHANGE MASTER TO IGNORE_DOMAIN_IDS = (); START SLAVE;"});
  EXPECT_EQ(remedies(FindingId::kDropEverywhere,
                     source([](ServerFacts& s) { s.rights.drops = {{{"'writers'", "role writers"}, "*.*"}}; })),
            Lines{"SQL on db1:3306: REVOKE DROP ON *.* FROM 'writers';"});
  EXPECT_EQ(remedies(FindingId::kRescueServer, [](CheckFacts& f) { source_of(f).version = "11.8.3-MariaDB"; }),
            Lines{"this host, package: mariadb-server-core (Debian 13)"});
  EXPECT_EQ(remedies(FindingId::kNotAllowed,
                     source([](ServerFacts& s) { s.unanswered = {{"x", "GRANT Y ON *.* TO z;", "no"}}; })),
            Lines{"SQL on db1:3306: GRANT Y ON *.* TO z;"});
}

TEST(Check, LeavesALogAloneThatARelayKeeps) {
  const auto short_log = [](CheckFacts& facts) { source_of(facts).variables["binlog_expire_logs_seconds"] = "3600"; };
  EXPECT_TRUE(found_after([&](CheckFacts& facts) {
                facts.vault.reset();
                short_log(facts);
              }).empty());
  EXPECT_TRUE(ids_of(found_after([&](CheckFacts& facts) {
                facts.vault.reset();
                facts.topology.links[0].running = false;
                short_log(facts);
              })).contains("log_kept_briefly"));
}

TEST(Check, JudgesTheLogByTheTimeBetweenImages) {
  const std::vector<Finding> findings = found_after([](CheckFacts& facts) {
    unlink_relay(facts);
    facts.vault->before = kNow - std::chrono::hours(24 * 30);
  });
  EXPECT_TRUE(ids_of(findings).contains("log_too_short"));
}

TEST(Check, AllowsAClockTheDoubtOfItsMeasurement) {
  EXPECT_TRUE(found_after(source([](ServerFacts& s) {
                s.clock_ahead = std::chrono::milliseconds(2'900);
                s.clock_doubt = std::chrono::milliseconds(2'000);
              })).empty());
}

TEST(CheckReport, FitsNinetySixColumnsButForWhatIsPasted) {
  for (const Provocation& each : provocations()) {
    CheckFacts facts = protected_cluster();
    each.change(facts);
    std::istringstream lines(report_text(facts, check_cluster(facts)));
    for (std::string line; std::getline(lines, line);) {
      if (!line.starts_with("          ")) EXPECT_LE(line.size(), 96U) << line;
    }
  }
}

TEST(CheckReport, SaysSoWhenThereIsNothing) {
  const CheckFacts facts = protected_cluster();
  EXPECT_EQ(report_text(facts, check_cluster(facts)),
            "2 servers and 1 relay, seen from keep at 2023-11-14T22:13:20Z\n\n"
            "db1:3306  takes writes, MariaDB 10.11.19, id 1\n"
            "+-> relay keep:3307  holds a DROP, 0 s behind\n"
            "    +-> standby:3306  read only, MariaDB 10.11.19, id 3, 0 s behind\n\n"
            "Nothing found that would make a bad night worse.\n");
  EXPECT_FALSE(any_at_least(check_cluster(facts), FindingSeverity::kNote));
}

TEST(CheckReport, CountsBySeverityInJson) {
  CheckFacts facts = protected_cluster();
  facts.vault->newest.reset();
  source_of(facts).variables["sync_binlog"] = "0";
  const std::vector<Finding> findings = check_cluster(facts);
  const json::object report = report_json(facts, findings);
  EXPECT_EQ(report.at("critical").to_number<int>(), 1);
  EXPECT_EQ(report.at("warning").to_number<int>(), 1);
  EXPECT_EQ(report.at("note").to_number<int>(), 0);
  EXPECT_EQ(report.at("findings").at(0).at("id"), "no_image");
  EXPECT_EQ(report.at("findings").at(1).at("evidence").at(0).at("seen"), "sync_binlog = 0");
  EXPECT_TRUE(any_at_least(findings, FindingSeverity::kCritical));
}

}  // namespace
}  // namespace lifeboat::rescue
