#include "rescue/topology_accounts.h"

#include <algorithm>
#include <map>

#include "base/format.h"

namespace lifeboat::rescue {
namespace {

// Bits of `access` in mysql.global_priv.
constexpr std::uint64_t kDropBit = std::uint64_t{1} << 5U;
constexpr std::uint64_t kSuperBit = std::uint64_t{1} << 15U;
constexpr std::uint64_t kBinlogAdminBit = std::uint64_t{1} << 36U;
/// Accounts written by servers older than this had with SUPER what BINLOG ADMIN is now.
constexpr std::uint64_t kSuperWasSplit = 101'100;

constexpr Question kGlobal{
    "which accounts may drop everything", "SELECT ON mysql.global_priv",
    "SELECT User, Host, JSON_VALUE(Priv, '$.access') AS access,"
    " JSON_VALUE(Priv, '$.version_id') AS version_id, JSON_VALUE(Priv, '$.account_locked') AS locked"
    " FROM mysql.global_priv LIMIT 10000"};
constexpr Question kDatabases{"which accounts may drop a database", "SELECT ON mysql.db",
                              "SELECT User, Host, Db FROM mysql.db WHERE Drop_priv = 'Y' LIMIT 10000"};
constexpr Question kTables{"which accounts may drop a table", "SELECT ON mysql.tables_priv",
                           "SELECT User, Host, Db, Table_name FROM mysql.tables_priv"
                           " WHERE FIND_IN_SET('Drop', Table_priv) LIMIT 10000"};
constexpr Question kRoles{"who has which role", "SELECT ON mysql.roles_mapping",
                          "SELECT User, Host, Role FROM mysql.roles_mapping LIMIT 10000"};

struct AccountName {
  std::string user;
  std::string host;  ///< empty: a role
  auto operator<=>(const AccountName&) const = default;
};

struct KnownAccounts {
  std::string hostname;  ///< of the server
  std::set<AccountName> ignored;
  std::map<std::string, std::vector<std::string>> members;  ///< role → who may set it
};

AccountName name_at(const NamedRows& rows, std::size_t i) {
  return {rows.at(i, "User"), rows.at(i, "Host")};
}

bool is_true(const std::string& value) {
  return value == "1" || value == "true";
}

std::string account_text(const AccountName& name) {
  return format("'{}'@'{}'", name.user, name.host);
}

bool is_of_the_system(const AccountName& name, const KnownAccounts& known) {
  const bool here =
      name.host == "localhost" || name.host == "127.0.0.1" || name.host == "::1" || name.host == known.hostname;
  return here && (name.user == "root" || name.user == "mysql" || name.user == "mariadb.sys");
}

Grantee grantee(const AccountName& name, const KnownAccounts& known) {
  if (!name.host.empty()) return {account_text(name), account_text(name)};
  const auto found = known.members.find(name.user);
  std::string shown = format("role {}", name.user);
  if (found != known.members.end()) shown += lifeboat::format(" ({})", fmt::join(found->second, ", "));
  return {format("'{}'", name.user), std::move(shown)};
}

KnownAccounts ask_roles(Interview& interview, const std::string& hostname) {
  KnownAccounts known{.hostname = hostname, .ignored = {}, .members = {}};
  const auto rows = interview.put(kRoles);
  for (std::size_t i = 0; rows && i < rows->size(); ++i) {
    const AccountName name = name_at(*rows, i);
    // Whoever makes a role may set it; root does that for others.
    if (!is_of_the_system(name, known)) known.members[rows->at(i, "Role")].push_back(account_text(name));
  }
  return known;
}

void ask_global(Interview& interview, KnownAccounts& known, AccountRights& rights) {
  const auto rows = interview.put(kGlobal);
  for (std::size_t i = 0; rows && i < rows->size(); ++i) {
    const AccountName name = name_at(*rows, i);
    if (is_of_the_system(name, known) || is_true(rows->at(i, "locked"))) {
      known.ignored.insert(name);
      continue;
    }
    const std::uint64_t access = rows->number(i, "access");
    if ((access & kDropBit) != 0) rights.drops.push_back({grantee(name, known), "*.*"});
    const bool super = (access & kSuperBit) != 0;
    const bool old_super = super && rows->number(i, "version_id") < kSuperWasSplit;
    if ((access & kBinlogAdminBit) != 0 || old_super) rights.unlogged.push_back(grantee(name, known));
    if (super) rights.super.push_back(grantee(name, known));
  }
}

}  // namespace

void ask_accounts(Interview& interview, ServerFacts& facts) {
  KnownAccounts known = ask_roles(interview, facts.variable("hostname"));
  ask_global(interview, known, facts.rights);
  const auto databases = interview.put(kDatabases);
  for (std::size_t i = 0; databases && i < databases->size(); ++i) {
    const AccountName name = name_at(*databases, i);
    if (known.ignored.contains(name)) continue;
    facts.rights.drops.push_back({grantee(name, known), format("`{}`.*", databases->at(i, "Db"))});
  }
  const auto tables = interview.put(kTables);
  for (std::size_t i = 0; tables && i < tables->size(); ++i) {
    const AccountName name = name_at(*tables, i);
    if (known.ignored.contains(name)) continue;
    facts.rights.drops.push_back(
        {grantee(name, known), format("`{}`.`{}`", tables->at(i, "Db"), tables->at(i, "Table_name"))});
  }
}

}  // namespace lifeboat::rescue
