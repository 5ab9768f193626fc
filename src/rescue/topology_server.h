/// What one server of a cluster says of itself, as far as `lifeboat check` judges it: settings, whom it replicates
/// from, who reads its log, engines and keys of its tables, rights of its accounts. Short statements; none reads a row
/// of anybody's tables.
///
/// Threads: free functions and values. Errors: ask_server throws what the first statements throw (nobody answers, the
///   login is refused); a later statement that is refused or fails is noted in `unanswered`, and the rest goes on.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/units.h"
#include "net/stream.h"
#include "relay/reply.h"

namespace lifeboat::rescue {

/// Runs one statement on a server; throws relay::ServerRefusal where the server says no.
using Ask = std::function<relay::TextResult(std::string_view sql)>;

/// One row of SHOW ALL SLAVES STATUS: how a server replicates from another.
struct ReplicationChannel {
  std::string name;  ///< empty: the one without a name
  net::Endpoint source;
  std::string user;
  bool receiving = false;
  bool applying = false;
  std::optional<std::uint64_t> behind_s;  ///< empty: the server does not know
  std::uint64_t delay_s = 0;
  std::string gtid_mode;                       ///< "No", "Slave_Pos", "Current_Pos"
  std::string error;                           ///< the last one of either thread
  std::map<std::string, std::string> filters;  ///< "Replicate_Do_DB" → "shop"; only those that leave something out

  bool running() const { return receiving && applying; }
};

/// One row of SHOW SLAVE HOSTS.
struct RegisteredReplica {
  std::uint32_t server_id = 0;
  std::string host;        ///< empty: it does not say (report_host)
  std::uint16_t port = 0;  ///< 0: it is no server (a relay, a reader of logs)
};

struct TableOfEngine {
  std::string table;  ///< "shop.orders"
  std::string engine;
};

/// An account or a role.
struct Grantee {
  std::string quoted;  ///< as GRANT and REVOKE take it: "'app'@'%'", "'writers'"
  std::string shown;   ///< the same, or "role writers ('app'@'%', 'ann'@'%')"
};

struct DropRight {
  Grantee who;
  std::string on;  ///< "*.*", "`shop`.*", "`shop`.`orders`"
};

struct AccountRights {
  std::vector<DropRight> drops;
  std::vector<Grantee> unlogged;  ///< may set sql_log_bin = 0
  std::vector<Grantee> super;
};

/// A question to which no answer came.
struct Unanswered {
  std::string wanted;  ///< "whom it replicates from"
  std::string grant;   ///< the exact statement that would allow it; empty: it is not about rights
  std::string why;     ///< the server's words
};

/// As many names of tables are asked for; that there are more shows by there being so many.
inline constexpr std::size_t kTablesAskedMax = 1000;

struct ServerFacts {
  std::string version;  ///< "10.11.19-MariaDB-log"
  bool mariadb = false;
  bool relay = false;  ///< it is a relay of ours: nothing but version and server_id are known
  std::uint32_t server_id = 0;
  std::map<std::string, std::string> variables;  ///< global ones, names in lower case
  std::map<std::string, std::string> status;     ///< those of semi-sync, names in lower case
  std::chrono::milliseconds clock_ahead{0};      ///< of this host's
  std::chrono::milliseconds clock_doubt{0};      ///< either way: half the time that asking took
  std::vector<ReplicationChannel> channels;
  std::vector<RegisteredReplica> replicas;
  std::vector<std::string> readers;  ///< hosts whose connections read its log now, without their ports
  std::string binlog_do_db;
  std::string binlog_ignore_db;
  std::vector<std::string> plugin_libraries;  ///< "file_key_management.so": in use, and not built in
  std::optional<std::uint64_t> innodb_bytes;  ///< of all its InnoDB files
  std::vector<TableOfEngine> unsafe_tables;   ///< of engines without transactions
  std::vector<std::string> keyless_tables;    ///< "shop/log": InnoDB, neither primary key nor a unique one in its place
  AccountRights rights;
  std::vector<Unanswered> unanswered;

  /// Empty if it has none of that name.
  const std::string& variable(const std::string& name) const;
  bool on(const std::string& name) const;  ///< "ON" or "1"
  bool writable() const { return !relay && !on("read_only"); }
};

/// `clock` is this host's.
ServerFacts ask_server(const Ask& ask, const std::function<SystemTime()>& clock = now);

}  // namespace lifeboat::rescue
