#include "rescue/drill_schema.h"

#include <algorithm>
#include <set>

#include "base/cancel.h"
#include "base/error.h"
#include "codec/hash.h"
#include "relay/source_connection.h"

namespace lifeboat::rescue {
namespace {

constexpr std::size_t kDigestBytes = 12;
constexpr std::string_view kDatabase = "database";

/// The first column names the object, the others are of its definition; rows of one object come one after another.
struct Question {
  std::string_view kind;
  std::string_view sql;
  bool adds = false;  ///< to objects that an earlier question named
};

constexpr Question kOfDatabase[] = {
    {"table",
     "SELECT CONCAT(table_schema, '.', table_name), table_type, engine, table_collation, create_options, table_comment "
     "FROM information_schema.tables WHERE table_type <> 'VIEW' AND table_schema = {} ORDER BY 1"},
    {"table",
     "SELECT CONCAT(table_schema, '.', table_name), column_name, column_default, is_nullable, column_type, "
     "character_set_name, collation_name, extra, generation_expression, column_comment FROM information_schema.columns "
     "WHERE table_schema = {} ORDER BY 1, ordinal_position",
     true},
    {"table",
     "SELECT CONCAT(table_schema, '.', table_name), partition_name, subpartition_name, partition_method, "
     "partition_expression, subpartition_method, subpartition_expression, partition_description FROM "
     "information_schema.partitions WHERE partition_name IS NOT NULL AND table_schema = {} ORDER BY 1, "
     "partition_ordinal_position, subpartition_ordinal_position",
     true},
    {"index",
     "SELECT CONCAT(table_schema, '.', table_name, '.', index_name), non_unique, column_name, collation, sub_part, "
     "index_type FROM information_schema.statistics WHERE table_schema = {} ORDER BY 1, seq_in_index"},
    {"constraint",
     "SELECT CONCAT(c.table_schema, '.', c.table_name, '.', c.constraint_name), c.column_name, "
     "c.referenced_table_schema, c.referenced_table_name, c.referenced_column_name, r.update_rule, r.delete_rule FROM "
     "information_schema.key_column_usage c JOIN information_schema.referential_constraints r ON r.constraint_schema = "
     "c.table_schema AND r.table_name = c.table_name AND r.constraint_name = c.constraint_name WHERE c.table_schema = "
     "{} AND r.constraint_schema = {} ORDER BY 1, c.ordinal_position"},
    {"constraint",
     "SELECT CONCAT(constraint_schema, '.', table_name, '.', constraint_name), check_clause FROM "
     "information_schema.check_constraints WHERE constraint_schema = {} ORDER BY 1"},
    {"view",
     "SELECT CONCAT(table_schema, '.', table_name), view_definition, check_option, definer, security_type FROM "
     "information_schema.views WHERE table_schema = {} ORDER BY 1"},
    {"trigger",
     "SELECT CONCAT(trigger_schema, '.', event_object_table, '.', trigger_name), event_manipulation, action_timing, "
     "action_order, action_statement, sql_mode, definer, character_set_client, collation_connection FROM "
     "information_schema.triggers WHERE trigger_schema = {} ORDER BY 1"},
    {"routine",
     "SELECT CONCAT(routine_schema, '.', routine_name, ' (', LOWER(routine_type), ')'), dtd_identifier, "
     "routine_definition, is_deterministic, sql_data_access, security_type, sql_mode, routine_comment, definer FROM "
     "information_schema.routines WHERE routine_schema = {} ORDER BY 1"},
    {"routine",
     "SELECT CONCAT(specific_schema, '.', specific_name, ' (', LOWER(routine_type), ')'), ordinal_position, "
     "parameter_mode, parameter_name, dtd_identifier FROM information_schema.parameters WHERE specific_schema = {} "
     "ORDER BY 1, ordinal_position",
     true},
    // Not its status: what replicates is enabled on its source alone.
    {"event",
     "SELECT CONCAT(event_schema, '.', event_name), event_definition, event_type, execute_at, interval_value, "
     "interval_field, starts, ends, on_completion, definer, sql_mode, time_zone FROM information_schema.events WHERE "
     "event_schema = {} ORDER BY 1"},
};

constexpr Question kOfServer[] = {
    {kDatabase,
     "SELECT schema_name, default_character_set_name, default_collation_name FROM information_schema.schemata WHERE "
     "schema_name NOT IN ('mysql', 'sys', 'performance_schema', 'information_schema') ORDER BY 1"},
    {"user",
     "SELECT CONCAT(User, '@', Host), JSON_REMOVE(Priv, '$.password_last_changed') FROM mysql.global_priv ORDER BY 1"},
    {"user", "SELECT CONCAT(User, '@', Host), d.* FROM mysql.db d ORDER BY 1, Db", true},
    {"user",
     "SELECT CONCAT(User, '@', Host), Db, Table_name, Table_priv, Column_priv FROM mysql.tables_priv ORDER BY 1, 2, 3",
     true},
    {"user",
     "SELECT CONCAT(User, '@', Host), Db, Table_name, Column_name, Column_priv FROM mysql.columns_priv ORDER BY 1, 2, "
     "3, 4",
     true},
    {"user",
     "SELECT CONCAT(User, '@', Host), Db, Routine_name, Routine_type, Proc_priv FROM mysql.procs_priv ORDER BY 1, 2, "
     "3, 4",
     true},
    {"user", "SELECT CONCAT(User, '@', Host), Role, Admin_option FROM mysql.roles_mapping ORDER BY 1, 2", true},
};

/// Takes the answers in, and hashes at the end.
class Taker {
 public:
  explicit Taker(const AskRows& ask) : ask_(ask) {}

  void take(const Question& question, const std::string& sql) {
    throw_if_cancelled();
    try {
      for (const server::Row& row : ask_(sql)) add(question, row);
    } catch (const Exception& e) {
      const bool would_not = e.code() == Code::kDenied || e.code() == Code::kRefused;
      if (!would_not || question.kind == kDatabase) throw;
      not_known_.emplace(question.kind, e.error().message);
    }
  }

  std::vector<std::string> databases() const {
    std::vector<std::string> names;
    for (const auto& [object, _] : definitions_) {
      if (kind_of(object) == kDatabase) names.push_back(object.substr(kDatabase.size() + 1));
    }
    return names;
  }

  Inventory inventory() const {
    Inventory inventory{.objects = {}, .not_known = not_known_};
    for (const auto& [object, definition] : definitions_) {
      if (not_known_.contains(kind_of(object))) continue;  // what is known of it may be a part
      inventory.objects[object] = to_hex(ByteView(codec::sha256(as_bytes(definition))).first(kDigestBytes));
    }
    return inventory;
  }

 private:
  void add(const Question& question, const server::Row& row) {
    if (row.empty() || !row.front()) return;
    const std::string object = format("{} {}", question.kind, *row.front());
    if (question.adds && !definitions_.contains(object)) return;  // the columns of a view
    std::string& definition = definitions_[object];
    for (std::size_t i = 1; i < row.size(); ++i) {
      definition += row[i] ? format("{}:{}", row[i]->size(), *row[i]) : std::string("null");
      definition += ',';
    }
    definition += ';';
  }

  const AskRows& ask_;
  std::map<std::string, std::string> not_known_;
  std::map<std::string, std::string> definitions_;
};

std::string with_database(std::string_view question, const std::string& quoted) {
  constexpr std::string_view kPlace = "{}";
  std::string sql(question);
  for (std::size_t at = sql.find(kPlace); at != std::string::npos; at = sql.find(kPlace, at + quoted.size())) {
    sql.replace(at, kPlace.size(), quoted);
  }
  return sql;
}

std::vector<std::string> in_both(const std::vector<std::string>& one, const std::vector<std::string>& other) {
  const std::set<std::string> of_other(other.begin(), other.end());
  std::vector<std::string> both;
  std::ranges::copy_if(one, std::back_inserter(both), [&](const std::string& each) { return of_other.contains(each); });
  return both;
}

}  // namespace

Inventory take_inventory(const AskRows& ask) {
  Taker taker(ask);
  for (const Question& question : kOfServer) taker.take(question, std::string(question.sql));
  for (const std::string& database : taker.databases()) {
    for (const Question& question : kOfDatabase) {
      taker.take(question, with_database(question.sql, relay::quote_sql(database)));
    }
  }
  return taker.inventory();
}

json::object to_json(const Inventory& inventory) {
  json::object out;
  for (const auto& [object, digest] : inventory.objects) out[object] = digest;
  return out;
}

Inventory inventory_from_json(const json::object& object) {
  Inventory inventory;
  for (const auto& [key, value] : object) {
    if (!value.is_string()) fail(Code::kCorruption, "an inventory holds what is no text");
    inventory.objects.emplace(key, value.get_string());
  }
  return inventory;
}

std::string kind_of(const std::string& object) {
  return object.substr(0, object.find(' '));
}

bool lies_in(const std::string& object, const std::vector<std::string>& patterns) {
  const std::string name = object.substr(object.find(' ') + 1);
  return std::ranges::any_of(patterns, [&](const std::string& pattern) {
    const bool whole = pattern.ends_with(".*");
    const std::string of = whole ? pattern.substr(0, pattern.size() - 2) : pattern;
    return name == of || name.starts_with(of + ".");
  });
}

SchemaDifferences compare_inventories(const Inventory& there, const Inventory& here,
                                      const std::vector<std::string>& left_out) {
  const auto is_compared = [&](const std::string& object) {
    const std::string kind = kind_of(object);
    return !there.not_known.contains(kind) && !here.not_known.contains(kind) && !lies_in(object, left_out);
  };
  SchemaDifferences differences;
  for (const auto& [object, digest] : there.objects) {
    if (!is_compared(object)) continue;
    const auto found = here.objects.find(object);
    if (found == here.objects.end()) {
      differences.missing.push_back(object);
    } else if (found->second != digest) {
      differences.changed.push_back(object);
    }
  }
  for (const auto& [object, digest] : here.objects) {
    if (!there.objects.contains(object) && is_compared(object)) differences.extra.push_back(object);
  }
  return differences;
}

SchemaDifferences intersect(const SchemaDifferences& one, const SchemaDifferences& other) {
  return {.missing = in_both(one.missing, other.missing),
          .extra = in_both(one.extra, other.extra),
          .changed = in_both(one.changed, other.changed)};
}

}  // namespace lifeboat::rescue
