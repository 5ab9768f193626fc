/// Judges one transaction by the guard's rules: each thing that it destroys, each object for itself, by the first rule
/// that fits; what no rule speaks of, by its class. The worst of all is the verdict.
///
/// A rule that holds fits already when an object may be meant; one that warns or allows fits only when all that is
/// meant is covered, and known: rows that nobody counted are never few enough, and a share of a table whose rows are
/// not known is never small enough. It holds nothing either that is ordinary by itself.
///
/// Threads: free functions and values. Errors: none.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "binlog/group_danger.h"
#include "relay/guard_config.h"
#include "relay/replica_rules.h"
#include "relay/row_window.h"
#include "relay/table_counts.h"

namespace lifeboat::relay {

/// A transaction as rules see it.
struct GroupFacts {
  binlog::GroupDanger danger;
  std::string gtid;
  /// What rules with a window count: for each window that any rule has, in order of length, by table.
  std::map<binlog::TableName, std::vector<ChangedRows>> windows;
};

struct Judgement {
  GuardAction action = GuardAction::kAllow;
  // Of the worst thing found, if the action is not to allow:
  binlog::DangerClass danger = binlog::DangerClass::kOrdinary;
  binlog::Severity severity = binlog::Severity::kOrdinary;  ///< of all that is held, what asks most approvals
  std::vector<binlog::TableName> objects;                   ///< all that are held or warned of
  std::set<binlog::DangerClass> classes;                    ///< the same
  std::uint64_t rows = 0;
  bool every_replica = false;  ///< not only by rules for some replicas
  std::string rule;            ///< empty: the class decided
  std::string why;

  /// "drop_table shop.orders".
  std::string text() const;
};

/// Without a replica: allowed only if every replica may have it. `counts` may be null.
Judgement judge(const GroupFacts& facts, const GuardConfig& config, const std::optional<ReplicaName>& replica,
                const TableCounts* counts);
/// Whether any replica might not be allowed it, however many rows the tables have.
bool may_matter(const GroupFacts& facts, const GuardConfig& config);

/// The windows that the rules have, ascending.
std::vector<std::chrono::seconds> rule_windows(const GuardConfig& config);

/// Rows that a transaction deletes and updates, by table; statements as text count for what they say at most.
std::map<binlog::TableName, ChangedRows> changed_rows(const binlog::GroupDanger& danger);

/// "user@host", as rules and people see it; empty if the log does not tell.
std::string account_of(const binlog::GroupDanger& danger);

}  // namespace lifeboat::relay
