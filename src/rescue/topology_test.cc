#include "rescue/topology.h"

#include <gtest/gtest.h>

#include "rescue/check_testing.h"
#include "rescue/topology_draw.h"
#include "rescue/topology_graph.h"

namespace lifeboat::rescue {
namespace {

using testing::links_of;
using testing::names_of;
using testing::ScriptedCluster;
using testing::ScriptedServer;
using testing::table;
using Names = std::vector<std::string>;

std::vector<std::string> channel(const std::string& host, const std::string& port = "3306") {
  return {"", host, port, "Yes", "Yes", "3", "0", "Slave_Pos"};
}

ScriptedCluster ring() {
  return {.servers = {
              {"db1:3306",
               {.id = 1, .hostname = "db1", .channels = {channel("db2")}, .replicas = {{"2", "db2", "3306", "1"}}}},
              {"db2:3306",
               {.id = 2, .hostname = "db2", .channels = {channel("db1")}, .replicas = {{"1", "db1", "3306", "2"}}}}}};
}

ScriptedCluster chain() {
  return {.servers = {
              {"a:3306", {.id = 1, .hostname = "a", .replicas = {{"2", "b", "3306", "1"}}}},
              {"b:3306", {.id = 2, .hostname = "b", .channels = {channel("a")}, .replicas = {{"3", "c", "3306", "2"}}}},
              {"c:3306", {.id = 3, .hostname = "c", .channels = {channel("b")}}}}};
}

TEST(Topology, IsFoundUpwardsAndDownwardsFromAnyServer) {
  for (const std::string start : {"a:3306", "b:3306", "c:3306"}) {
    Names names = names_of(chain().discover_from({start}));
    std::ranges::sort(names);
    EXPECT_EQ(names, (Names{"a:3306", "b:3306", "c:3306"})) << "from " << start;
  }
  Topology topology = chain().discover_from({"b:3306"});
  Names links = links_of(topology);
  std::ranges::sort(links);
  EXPECT_EQ(links, (Names{"a:3306>b:3306", "b:3306>c:3306"}));
  EXPECT_TRUE(topology.unknown.empty());
  EXPECT_EQ(draw(topology),
            "a:3306  takes writes, MariaDB 10.11.19, id 1\n"
            "+-> b:3306  takes writes, MariaDB 10.11.19, id 2, 3 s behind\n"
            "    +-> c:3306  takes writes, MariaDB 10.11.19, id 3, 3 s behind\n");
}

TEST(Topology, ShowsARingOnceAndDrawsIt) {
  const Topology topology = ring().discover_from({"db1:3306"});
  EXPECT_EQ(names_of(topology), (Names{"db1:3306", "db2:3306"}));
  EXPECT_EQ(find_rings(topology), (std::vector<std::vector<std::size_t>>{{0, 1}}));
  EXPECT_EQ(draw(topology),
            "db1:3306  takes writes, MariaDB 10.11.19, id 1\n"
            "+-> db2:3306  takes writes, MariaDB 10.11.19, id 2, 3 s behind\n"
            "    +-> db1:3306, 3 s behind  (see above: a ring)\n");
  EXPECT_TRUE(find_rings(chain().discover_from({"a:3306"})).empty());
}

TEST(Topology, TakesOneServerByTwoAddressesForOne) {
  ScriptedCluster cluster = ring();
  cluster.servers["10.0.0.1:3306"] = cluster.servers.at("db1:3306");
  cluster.servers.at("db2:3306").channels = {channel("10.0.0.1")};
  const Topology topology = cluster.discover_from({"db1:3306"});
  EXPECT_EQ(names_of(topology), (Names{"db1:3306", "db2:3306"}));
  EXPECT_EQ(topology.nodes[0].addresses.size(), 2U);
  EXPECT_EQ(find_rings(topology).size(), 1U);
}

TEST(Topology, ReadsALoopbackAddressAsThatOfWhoTellsIt) {
  ScriptedCluster cluster{
      .servers = {{"far:3307", {.id = 2, .hostname = "far", .channels = {channel("127.0.0.1", "3306")}}},
                  {"far:3306", {.id = 1, .hostname = "far", .variables = {{"datadir", "/other/"}}}}}};
  const Topology topology = cluster.discover_from({"far:3307"});
  EXPECT_EQ(names_of(topology), (Names{"far:3307", "far:3306"}));
  EXPECT_EQ(links_of(topology), Names{"far:3306>far:3307"});
}

TEST(Topology, LooksForAReplicaWithoutHostWhereTheLogIsReadFrom) {
  ScriptedCluster cluster = chain();
  ScriptedServer& a = cluster.servers.at("a:3306");
  a.replicas = {{"2", "", "3306", "1"}};
  a.readers = {"nobody:41000", "b:42000"};
  const Topology topology = cluster.discover_from({"a:3306"});
  EXPECT_EQ(names_of(topology), (Names{"a:3306", "b:3306", "c:3306"}));
  EXPECT_TRUE(topology.unknown.empty());
}

TEST(Topology, KeepsAReplicaThatIsFoundAndLetsNobodyIn) {
  ScriptedCluster cluster = chain();
  ScriptedServer& a = cluster.servers.at("a:3306");
  a.replicas = {{"2", "", "3306", "1"}};
  a.readers = {"b:42000"};
  cluster.denied = {"b:3306"};
  const Topology topology = cluster.discover_from({"a:3306"});
  EXPECT_EQ(names_of(topology), (Names{"a:3306", "b:3306"}));
  EXPECT_EQ(links_of(topology), Names{"a:3306>b:3306"});
  EXPECT_TRUE(topology.unknown.empty());
}

TEST(Topology, NamesReadersThatItCannotFind) {
  ScriptedCluster cluster = chain();
  ScriptedServer& a = cluster.servers.at("a:3306");
  a.replicas = {{"77", "", "3306", "1"}, {"78", "", "0", "1"}};
  a.readers = {"b:42000"};  // which is id 2
  const Topology topology = cluster.discover_from({"a:3306"});
  EXPECT_EQ(names_of(topology), Names{"a:3306"});
  ASSERT_EQ(topology.unknown.size(), 2U);
  EXPECT_EQ(topology.unknown[0].replica.server_id, 77U);
  EXPECT_EQ(topology.unknown[0].hosts, Names{"b"});
}

TEST(Topology, KeepsServersThatCannotBeAsked) {
  ScriptedCluster cluster = chain();
  cluster.denied = {"a:3306"};
  cluster.servers.erase("c:3306");
  const Topology topology = cluster.discover_from({"b:3306"});
  EXPECT_EQ(names_of(topology), (Names{"b:3306", "a:3306", "c:3306"}));
  EXPECT_EQ(topology.nodes[1].problem->code, Code::kDenied);
  EXPECT_EQ(topology.nodes[2].problem->code, Code::kUnavailable);
  Names links = links_of(topology);
  std::ranges::sort(links);
  EXPECT_EQ(links, (Names{"a:3306>b:3306", "b:3306>c:3306"}));
}

TEST(Topology, AsksNoMoreServersThanItMay) {
  ScriptedCluster cluster = chain();
  const Topology topology = cluster.discover_from({"a:3306"}, 2);
  EXPECT_EQ(topology.nodes.size(), 2U);
  EXPECT_TRUE(topology.cut_short);
  EXPECT_FALSE(cluster.discover_from({"a:3306"}, 3).cut_short);
}

TEST(Topology, KnowsARelayByWhatItSays) {
  ScriptedCluster cluster{
      .servers = {{"db1:3306", {.id = 1, .replicas = {{"900", "", "0", "1"}}}},
                  {"relay:3307", {.id = 1, .relay = true}},
                  {"db2:3306", {.id = 2, .hostname = "db2", .channels = {channel("relay", "3307")}}}}};
  const Topology topology = cluster.discover_from({"db2:3306", "db1:3306"});
  EXPECT_EQ(names_of(topology), (Names{"db2:3306", "db1:3306", "relay:3307"}));
  EXPECT_TRUE(topology.nodes[2].relay);
  EXPECT_FALSE(topology.nodes[2].writable());
  Names links = links_of(topology);
  std::ranges::sort(links);
  EXPECT_EQ(links, (Names{"db1:3306>relay:3307", "relay:3307>db2:3306"}));
  const Spread spread = spread_from(topology, 1);
  EXPECT_TRUE(spread.reached.empty());
  EXPECT_EQ(spread.guarded, std::vector<std::size_t>{0});
}

TEST(Topology, VisitsWhatARelaySaysIsBehindIt) {
  ScriptedCluster cluster{
      .servers = {{"db1:3306", {.id = 1}},
                  {"db2:3306", {.id = 2, .hostname = "db2", .channels = {channel("keep", "3307")}}}}};
  cluster.also = {{2, "db2", 3306}, {1, "elsewhere", 3306}, {9, "gone", 3306}};
  const Topology topology = cluster.discover_from({"db1:3306"});
  EXPECT_EQ(names_of(topology), (Names{"db1:3306", "db2:3306", "gone:3306", "keep:3307"}));
}

TEST(ServerFacts, NoteWhatIsRefusedWithTheGrantAndGoOn) {
  ScriptedCluster cluster = chain();
  ScriptedServer& b = cluster.servers.at("b:3306");
  b.refusals = {{"SHOW ALL SLAVES STATUS", 1227}, {"SELECT User, Host, Db FROM", 1142}, {"SHOW MASTER STATUS", 1064}};
  b.grants = "GRANT USAGE ON *.* TO `lifeboat`@`%`";
  const Topology topology = cluster.discover_from({"b:3306"});
  std::map<std::string, std::string> grants;
  for (const Unanswered& each : topology.nodes[0].facts->unanswered) grants[each.wanted] = each.grant;
  EXPECT_EQ(grants, (std::map<std::string, std::string>{
                        {"whom it replicates from", "GRANT SLAVE MONITOR ON *.* TO 'lifeboat'@'%';"},
                        {"what its binary log leaves out", ""},
                        {"who reads its binary log", "GRANT PROCESS ON *.* TO 'lifeboat'@'%';"},
                        {"which tables have no transactions", "GRANT SHOW VIEW ON *.* TO 'lifeboat'@'%';"},
                        {"which accounts may drop a database", "GRANT SELECT ON mysql.db TO 'lifeboat'@'%';"}}));
  EXPECT_EQ(topology.nodes[0].facts->replicas.size(), 1U);
}

TEST(ServerFacts, SayThatTheConnectionBrokeAndAskNoMore) {
  ScriptedCluster cluster = chain();
  cluster.servers.at("a:3306").breaks = {"SHOW SLAVE HOSTS"};
  const Topology topology = cluster.discover_from({"a:3306"});
  const std::vector<Unanswered>& unanswered = topology.nodes[0].facts->unanswered;
  ASSERT_EQ(unanswered.size(), 1U);
  EXPECT_EQ(unanswered[0].wanted, "which replicas have registered, and all that is asked after it");
  EXPECT_NE(unanswered[0].why.find("closed the connection"), std::string::npos);
}

TEST(ServerFacts, CompareClocks) {
  ScriptedCluster cluster = chain();
  cluster.servers.at("a:3306").clock += std::chrono::milliseconds(90'250);
  const Topology topology = cluster.discover_from({"a:3306"});
  EXPECT_EQ(topology.nodes[0].facts->clock_ahead, std::chrono::milliseconds(90'250));
  EXPECT_EQ(topology.nodes[1].facts->clock_ahead, std::chrono::milliseconds(0));
}

TEST(ServerFacts, ReadTablesFromTheDictionary) {
  ScriptedCluster cluster = chain();
  ScriptedServer& c = cluster.servers.at("c:3306");
  c.answers = {
      {"SELECT TABLE_ID FROM", table({"TABLE_ID"}, {{"20"}, {"21"}})},
      {"SELECT NAME FROM information_schema.INNODB_SYS_TABLES WHERE TABLE_ID IN (20,21)",
       table({"NAME"}, {{"shop/order@002ditem#P#p0"}, {"shop/order@002ditem#P#p1"}, {"mysql/x"}, {"shop/log"}})},
      {"SELECT TABLE_SCHEMA, TABLE_NAME, ENGINE",
       table({"TABLE_SCHEMA", "TABLE_NAME", "ENGINE"}, {{"shop", "old", "MyISAM"}})},
      {"SELECT ENGINE FROM", table({"ENGINE"}, {{"InnoDB"}})},
      {"SELECT SUM(FILE_SIZE)", table({"bytes"}, {{"123456"}})}};
  const ServerFacts facts = *cluster.discover_from({"c:3306"}).nodes[0].facts;
  EXPECT_EQ(facts.keyless_tables, (Names{"shop.log", "shop.order-item"}));
  ASSERT_EQ(facts.unsafe_tables.size(), 1U);
  EXPECT_EQ(facts.unsafe_tables[0].table, "shop.old");
  EXPECT_EQ(facts.innodb_bytes, 123456U);
}

TEST(ServerFacts, KnowWhoMayDropAndWhoMayHideIt) {
  ScriptedCluster cluster = chain();
  const std::string super_of_old = std::to_string(1U << 15U);
  const std::string binlog_admin = std::to_string(std::uint64_t{1} << 36U);
  cluster.servers.at("c:3306").answers = {
      {"SELECT User, Host, JSON_VALUE",
       table({"User", "Host", "access", "version_id", "locked"}, {{"root", "localhost", "1073741823", "101119", ""},
                                                                  {"root", "c", "32", "101119", ""},
                                                                  {"root", "%", "32", "101119", ""},
                                                                  {"app", "%", "31", "101119", ""},
                                                                  {"writers", "", "32", "101119", ""},
                                                                  {"gone", "%", "32", "101119", "1"},
                                                                  {"old", "%", super_of_old, "", ""},
                                                                  {"new", "%", super_of_old, "101119", ""},
                                                                  {"dba", "%", binlog_admin, "101119", ""}})},
      {"SELECT User, Host, Role",
       table({"User", "Host", "Role"}, {{"root", "localhost", "writers"}, {"ann", "%", "writers"}})},
      {"SELECT User, Host, Db FROM", table({"User", "Host", "Db"}, {{"app", "%", "shop"}, {"gone", "%", "shop"}})},
      {"SELECT User, Host, Db, Table_name", table({"User", "Host", "Db", "Table_name"}, {{"app", "%", "other", "t"}})}};
  const AccountRights rights = cluster.discover_from({"c:3306"}).nodes[0].facts->rights;
  Names drops;
  for (const DropRight& each : rights.drops) drops.push_back(each.on + " " + each.who.shown);
  EXPECT_EQ(drops,
            (Names{"*.* 'root'@'%'", "*.* role writers ('ann'@'%')", "`shop`.* 'app'@'%'", "`other`.`t` 'app'@'%'"}));
  EXPECT_EQ(rights.drops[1].who.quoted, "'writers'");
  ASSERT_EQ(rights.unlogged.size(), 2U);
  EXPECT_EQ(rights.unlogged[0].quoted, "'old'@'%'");
  EXPECT_EQ(rights.unlogged[1].quoted, "'dba'@'%'");
  EXPECT_EQ(rights.super.size(), 2U);
}

Node plain_node(const std::string& name) {
  return {.name = name, .addresses = {{name, 3306}}, .facts = ServerFacts{}, .problem = {}};
}

Link link(std::size_t from, std::size_t to, std::optional<std::uint64_t> behind_s = 0, std::uint64_t delay_s = 0,
          bool running = true) {
  return {.from = from, .to = to, .channel = {}, .running = running, .behind_s = behind_s, .delay_s = delay_s};
}

TEST(Spread, AddsUpLagAndStopsAtWhatHinders) {
  Topology topology;
  for (const char* each : {"a", "b", "c", "d", "e", "f"}) topology.nodes.push_back(plain_node(each));
  topology.links = {link(0, 1, 2), link(1, 2, 5),           link(0, 3, 0, 3600), link(0, 4, std::nullopt, 0, false),
                    link(2, 0),    link(1, 5, std::nullopt)};
  const Spread spread = spread_from(topology, 0);
  ASSERT_EQ(spread.reached.size(), 3U);
  EXPECT_EQ(spread.reached[0].after_s, 2U);
  EXPECT_EQ(spread.reached[1].after_s, 7U);
  EXPECT_EQ(spread.reached[2].after_s, std::nullopt);
  EXPECT_EQ(spread.delayed, std::vector<std::size_t>{3});
  EXPECT_EQ(spread.stopped, std::vector<std::size_t>{4});
}

TEST(Spread, CountsACopyByTheWayThatProtectsItLeast) {
  Topology topology;
  for (const char* each : {"a", "relay", "b"}) topology.nodes.push_back(plain_node(each));
  topology.nodes[1].relay = topology.nodes[1].guarded = true;
  topology.links = {link(0, 1), link(1, 2)};
  EXPECT_EQ(spread_from(topology, 0).guarded, std::vector<std::size_t>{2});
  topology.links.push_back(link(0, 2, 9));
  EXPECT_TRUE(spread_from(topology, 0).guarded.empty());
  EXPECT_EQ(spread_from(topology, 0).reached.size(), 1U);
}

}  // namespace
}  // namespace lifeboat::rescue
