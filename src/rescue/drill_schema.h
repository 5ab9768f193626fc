/// What a server has by name: databases, tables with their columns, indexes, constraints, views, triggers, routines,
/// events, and users with their rights, each with a digest of its definition. Compared with another server's, or with
/// what an earlier drill found, it tells what is missing.
///
/// Threads: functions without state. Errors: the asked server's. Memory: some hundred bytes an object.
#pragma once

#include <functional>
#include <map>
#include <string>
#include <vector>

#include "base/json.h"
#include "rescue/drill_source.h"

namespace lifeboat::rescue {

/// Of the server's own databases only the accounts.
struct Inventory {
  std::map<std::string, std::string> objects;  ///< "trigger shop.orders.stamp" → a digest
  /// Kinds that the server would not tell of, and why: nothing of them is among the objects.
  std::map<std::string, std::string> not_known;
};

/// Throws what keeps a server from naming its databases: without them nothing is known.
Inventory take_inventory(const AskRows& ask);

/// Its objects.
json::object to_json(const Inventory& inventory);
/// kCorruption if it is none.
Inventory inventory_from_json(const json::object& object);

struct SchemaDifferences {
  std::vector<std::string> missing;  ///< there, and not here
  std::vector<std::string> extra;
  std::vector<std::string> changed;
  bool empty() const { return missing.empty() && extra.empty() && changed.empty(); }
};

/// Without what lies in one of `left_out` ("shop.orders", "shop.*"), and without kinds that one of them does not know.
SchemaDifferences compare_inventories(const Inventory& there, const Inventory& here,
                                      const std::vector<std::string>& left_out);
/// What is in both.
SchemaDifferences intersect(const SchemaDifferences& one, const SchemaDifferences& other);

/// "trigger" of "trigger shop.orders.stamp".
std::string kind_of(const std::string& object);

/// Whether an object ("trigger shop.orders.stamp") lies in one of these.
bool lies_in(const std::string& object, const std::vector<std::string>& patterns);

}  // namespace lifeboat::rescue
