/// For tests: servers whose answers are scripted, as MariaDB 10.11 gave them. Included by *_test.cc files only.
#pragma once

#include <map>
#include <set>
#include <string>
#include <vector>

#include "base/error.h"
#include "rescue/topology.h"

namespace lifeboat::rescue::testing {

inline relay::TextResult table(std::vector<std::string> columns, const std::vector<std::vector<std::string>>& rows) {
  relay::TextResult result{.columns = std::move(columns), .rows = {}};
  for (const auto& row : rows) result.rows.emplace_back(row.begin(), row.end());
  return result;
}

inline const std::string kAllGrants =
    "GRANT PROCESS, BINLOG MONITOR, REPLICATION MASTER ADMIN, SHOW VIEW, SLAVE MONITOR ON *.* TO `lifeboat`@`%`"
    " IDENTIFIED BY PASSWORD '*ABC'";

/// A source that does all right, until a test says otherwise.
struct ScriptedServer {
  std::uint32_t id = 1;
  std::string hostname = "db1";
  std::map<std::string, std::string> variables{};    ///< beside those below
  std::vector<std::vector<std::string>> channels{};  ///< name, host, port, io, sql, behind, delay, gtid
  std::vector<std::vector<std::string>> replicas{};  ///< id, host, port
  std::vector<std::string> readers{};
  std::string grants = kAllGrants;
  bool relay = false;
  SystemTime clock = from_unix_ms(1'700'000'000'000);
  std::map<std::string, relay::TextResult> answers{};  ///< by how the statement begins, instead of the above
  std::map<std::string, std::uint16_t> refusals{};     ///< likewise
  std::set<std::string> breaks{};                      ///< the connection breaks at these

  relay::TextResult answer(std::string_view sql) const {
    for (const auto& [begin, number] : refusals) {
      if (!sql.starts_with(begin)) continue;
      throw relay::ServerRefusal(
          {.code = Code::kRefused, .message = format("error {}", number), .hint = {}, .context = {}, .place = {}},
          number);
    }
    for (const std::string& begin : breaks) {
      if (sql.starts_with(begin)) fail(Code::kUnavailable, "it closed the connection");
    }
    for (const auto& [begin, result] : answers) {
      if (sql.starts_with(begin)) return result;
    }
    if (sql.starts_with("SELECT @@version AS")) {
      return table({"version", "comment", "id"},
                   {{"10.11.19-MariaDB-log", relay ? "Lifeboat relay" : "Debian 12", std::to_string(id)}});
    }
    if (sql.starts_with("SHOW GLOBAL VARIABLES")) return all_variables();
    if (sql.starts_with("SELECT CURRENT_USER")) return table({"account"}, {{"lifeboat@%"}});
    if (sql.starts_with("SHOW GRANTS")) return table({"Grants for lifeboat@%"}, {{grants}});
    if (sql.starts_with("SELECT UNIX_TIMESTAMP")) {
      return table({"at"}, {{format("{}.{:03}000", unix_ms(clock) / 1000, unix_ms(clock) % 1000)}});
    }
    if (sql.starts_with("SHOW ALL SLAVES STATUS")) {
      return table({"Connection_name", "Master_Host", "Master_Port", "Slave_IO_Running", "Slave_SQL_Running",
                    "Seconds_Behind_Master", "SQL_Delay", "Using_Gtid"},
                   channels);
    }
    if (sql.starts_with("SHOW SLAVE HOSTS")) return table({"Server_id", "Host", "Port", "Master_id"}, replicas);
    if (sql.starts_with("SELECT HOST FROM")) {
      relay::TextResult result{.columns = {"HOST"}, .rows = {}};
      for (const std::string& each : readers) result.rows.push_back({each});
      return result;
    }
    return {};
  }

 private:
  relay::TextResult all_variables() const {
    std::map<std::string, std::string> all{{"hostname", hostname},
                                           {"port", "3306"},
                                           {"datadir", "/var/lib/mysql/"},
                                           {"read_only", "OFF"},
                                           {"log_bin", "ON"}};
    for (const auto& [name, value] : variables) all[name] = value;
    std::vector<std::vector<std::string>> rows;
    for (const auto& [name, value] : all) rows.push_back({name, value});
    return table({"Variable_name", "Value"}, rows);
  }
};

/// Servers by their addresses; others do not answer.
struct ScriptedCluster {
  std::map<std::string, ScriptedServer> servers;  ///< "db1:3306" → what answers there
  std::set<std::string> denied{};
  std::vector<RegisteredReplica> also{};

  Topology discover_from(const std::vector<std::string>& starts, std::size_t servers_max = 64) {
    DiscoverOptions options{.starts = {}, .also = also, .servers_max = servers_max, .clock = [] {
                              return from_unix_ms(1'700'000'000'000);
                            }};
    for (const std::string& each : starts) options.starts.push_back(net::Endpoint::parse(each));
    return discover(
        [this](const net::Endpoint& to) -> Ask {
          if (denied.contains(to.text())) fail(Code::kDenied, "access denied");
          const auto found = servers.find(to.text());
          if (found == servers.end()) fail(Code::kUnavailable, to.text() + ": connection refused");
          return [server = found->second](std::string_view sql) { return server.answer(sql); };
        },
        options);
  }
};

inline std::vector<std::string> names_of(const Topology& topology) {
  std::vector<std::string> names;
  for (const Node& each : topology.nodes) names.push_back(each.name);
  return names;
}

/// "db1:3306>db2:3306", in the order of the links.
inline std::vector<std::string> links_of(const Topology& topology) {
  std::vector<std::string> links;
  for (const Link& each : topology.links) {
    links.push_back(format("{}>{}", topology.nodes[each.from].name, topology.nodes[each.to].name));
  }
  return links;
}

}  // namespace lifeboat::rescue::testing
