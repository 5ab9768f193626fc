// What a server holds: engines, keys, and who may destroy it.

#include <algorithm>
#include <map>

#include "rescue/check.h"

namespace lifeboat::rescue {
namespace {

constexpr std::size_t kStatementsMax = 10;

/// "3", or "1000 or more" where no more were asked for.
std::string count_text(std::size_t count) {
  return count < kTablesAskedMax ? format("{}", count) : format("{} or more", count);
}

/// `shop`.`orders` of "shop.orders"; a dot in a database's name would be read wrong, and is rarer than rare.
std::string quoted_table(const std::string& table) {
  const std::size_t dot = table.find('.');
  return format("`{}`.`{}`", table.substr(0, dot), dot == std::string::npos ? "" : table.substr(dot + 1));
}

void check_engines(const Node& node, Findings& out) {
  const std::vector<TableOfEngine>& tables = node.facts->unsafe_tables;
  if (tables.empty()) return;
  std::map<std::string, std::vector<std::string>> by_engine;
  for (const TableOfEngine& each : tables) by_engine[each.engine].push_back(each.table);
  for (const auto& [engine, names] : by_engine) {
    std::vector<Remedy> remedies;
    for (std::size_t i = 0; i < std::min(names.size(), kStatementsMax); ++i) {
      remedies.push_back(sql_on(node.name, format("ALTER TABLE {} ENGINE = InnoDB;", quoted_table(names[i]))));
    }
    out.add(FindingId::kUnsafeTables,
            {node.name, format("{} of {}: {}", count_text(names.size()), engine, some_of(names))}, remedies);
  }
}

void check_keys(const Node& node, Findings& out) {
  const std::vector<std::string>& tables = node.facts->keyless_tables;
  if (tables.empty()) return;
  std::vector<Remedy> remedies;
  for (std::size_t i = 0; i < std::min(tables.size(), kStatementsMax); ++i) {
    remedies.push_back(sql_on(
        node.name, format("ALTER TABLE {} ADD row_id BIGINT UNSIGNED NOT NULL AUTO_INCREMENT PRIMARY KEY INVISIBLE;",
                          quoted_table(tables[i]))));
  }
  out.add(FindingId::kNoPrimaryKey, {node.name, format("{}: {}", count_text(tables.size()), some_of(tables))},
          remedies);
}

std::vector<std::string> shown_of(const std::vector<Grantee>& grantees) {
  std::vector<std::string> out;
  for (const Grantee& each : grantees) out.push_back(each.shown);
  return out;
}

void check_right(const Node& node, FindingId id, std::string_view privilege, std::string_view scope,
                 const std::vector<Grantee>& holders, Findings& out) {
  if (holders.empty()) return;
  std::vector<Remedy> remedies;
  for (const Grantee& each : holders) {
    remedies.push_back(sql_on(node.name, format("REVOKE {} ON *.* FROM {};", privilege, each.quoted)));
  }
  out.add(id, {node.name, format("{} {}: {}", privilege, scope, some_of(shown_of(holders)))}, remedies);
}

void check_drop_rights(const Node& node, Findings& out) {
  std::vector<Grantee> everywhere;
  std::map<std::string, std::vector<std::string>> holders;  // by what they may drop
  std::map<std::string, std::vector<Remedy>> remedies;
  for (const DropRight& each : node.facts->rights.drops) {
    if (each.on == "*.*") {
      everywhere.push_back(each.who);
      continue;
    }
    holders[each.on].push_back(each.who.shown);
    remedies[each.on].push_back(sql_on(node.name, format("REVOKE DROP ON {} FROM {};", each.on, each.who.quoted)));
  }
  check_right(node, FindingId::kDropEverywhere, "DROP", "on everything", everywhere, out);
  for (const auto& [on, names] : holders) {
    out.add(FindingId::kDropDatabase, {node.name, format("DROP on {}: {}", on, some_of(names))}, remedies[on]);
  }
}

}  // namespace

void check_contents(const CheckFacts& facts, Findings& out) {
  for (const Node& node : facts.topology.nodes) {
    if (!node.asked()) continue;
    check_engines(node, out);
    check_keys(node, out);
    check_drop_rights(node, out);
    check_right(node, FindingId::kUnloggedChanges, "BINLOG ADMIN", "(sql_log_bin = 0)", node.facts->rights.unlogged,
                out);
    check_right(node, FindingId::kSuperAccount, "SUPER", "on the server", node.facts->rights.super, out);
  }
}

}  // namespace lifeboat::rescue
