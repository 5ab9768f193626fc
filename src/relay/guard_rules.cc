#include "relay/guard_rules.h"

#include <algorithm>

#include "base/format.h"
#include "base/units.h"

namespace lifeboat::relay {
namespace {

using binlog::DangerClass;
using binlog::Effect;
using binlog::Severity;
using binlog::TableName;

constexpr std::size_t kObjectsMax = 1'000;

bool deletes(DangerClass danger) {
  return danger == DangerClass::kDeleteAll || danger == DangerClass::kDeleteRange ||
         danger == DangerClass::kDeleteRows || danger == DangerClass::kMassDelete;
}

bool updates(DangerClass danger) {
  return danger == DangerClass::kUpdateAll || danger == DangerClass::kUpdateRange ||
         danger == DangerClass::kUpdateRows || danger == DangerClass::kMassUpdate;
}

/// One effect on one object.
struct Case {
  DangerClass danger = DangerClass::kOrdinary;
  std::optional<TableName> object;  ///< nothing: the log does not tell
  std::uint64_t rows = 0;
  std::string_view why;
};

class Judge {
 public:
  struct Sizes {
    const TableCounts* counts = nullptr;
    bool any = false;  ///< every size counts: a rule that may hold or warn does
  };
  Judge(const GroupFacts& facts, const GuardConfig& config, const std::optional<ReplicaName>& replica, Sizes sizes)
      : facts_(facts),
        config_(config),
        replica_(replica),
        sizes_(sizes),
        account_(account_of(facts.danger)),
        windows_(rule_windows(config)) {}

  Judgement run() {
    for (const Effect& effect : facts_.danger.effects) {
      if (effect.danger == DangerClass::kOrdinary) continue;
      if (effect.objects.empty()) decide({effect.danger, std::nullopt, effect.rows, effect.why});
      for (const TableName& object : effect.objects) decide({effect.danger, object, effect.rows, effect.why});
    }
    for (const auto& [table, rows] : changed_rows(facts_.danger)) {
      if (rows.deleted > 0) decide_rows({DangerClass::kMassDelete, table, rows.deleted, "rows deleted"});
      if (rows.updated > 0) decide_rows({DangerClass::kMassUpdate, table, rows.updated, "rows updated"});
    }
    return std::move(judgement_);
  }

 private:
  void decide(const Case& each) {
    const Severity severity = binlog::severity_of(each.danger);
    const GuardRule* const rule = find_rule(each, false);
    GuardAction action = GuardAction::kHold;
    if (severity == Severity::kWarns) action = GuardAction::kWarn;
    if (severity == Severity::kOrdinary) action = GuardAction::kAllow;
    record(each, rule == nullptr ? action : rule->then, rule);
  }

  /// Rows that are no mass by themselves: only a rule that counts rows has a say.
  void decide_rows(const Case& each) {
    if (is_mass_already(each)) return;
    if (const GuardRule* const rule = find_rule(each, true)) record(each, rule->then, rule);
  }

  bool is_mass_already(const Case& each) const {
    return std::ranges::any_of(facts_.danger.effects, [&](const Effect& effect) {
      return effect.danger == each.danger && std::ranges::find(effect.objects, *each.object) != effect.objects.end();
    });
  }

  const GuardRule* find_rule(const Case& each, bool counting_only) const {
    for (const GuardRule& rule : config_.rules) {
      if (counting_only && !rule.rows_above && !rule.share_above) continue;
      if (fits(rule, each) && fits_share(rule, each, counting_only)) return &rule;
    }
    return nullptr;
  }

  bool fits(const GuardRule& rule, const Case& each) const {
    const bool any_danger = rule.classes.empty() && binlog::severity_of(each.danger) != Severity::kOrdinary;
    if (!any_danger && !rule.classes.contains(each.danger)) return false;
    const bool holds = rule.then == GuardAction::kHold;
    return fits_object(rule, each, holds) && fits_rows(rule, each, holds) && fits_account(rule, holds) &&
           fits_replica(rule) && (!rule.between || rule.between->contains(facts_.danger.time_s));
  }

  static bool fits_object(const GuardRule& rule, const Case& each, bool holds) {
    if (rule.objects.empty()) return true;
    const TableName object = each.object.value_or(TableName{});
    return std::ranges::any_of(rule.objects, [&](const ObjectPattern& pattern) {
      return holds ? pattern.touches(object) : pattern.covers(object);
    });
  }

  bool fits_rows(const GuardRule& rule, const Case& each, bool holds) const {
    if (!rule.rows_above && !rule.rows_up_to) return true;
    const std::uint64_t rows = rows_for(rule, each);
    if (rows == 0) return holds;
    return (!rule.rows_above || rows > *rule.rows_above) && (!rule.rows_up_to || rows <= *rule.rows_up_to);
  }

  bool fits_share(const GuardRule& rule, const Case& each, bool counting_only) const {
    if (!rule.share_above && !rule.share_up_to) return true;
    if (sizes_.any) return rule.then != GuardAction::kAllow;
    const std::optional<double> share = share_for(rule, each);
    if (!share) return rule.then == GuardAction::kHold && !counting_only;
    return (!rule.share_above || *share > *rule.share_above) && (!rule.share_up_to || *share <= *rule.share_up_to);
  }

  /// In percent; nothing: nobody knows.
  std::optional<double> share_for(const GuardRule& rule, const Case& each) const {
    if (!each.object || sizes_.counts == nullptr) return std::nullopt;
    return sizes_.counts->percent(*each.object, rows_for(rule, each));
  }

  /// For people, if the rule asked for the share.
  std::string share_text(const GuardRule* rule, const Case& each) const {
    if (rule == nullptr || (!rule->share_above && !rule->share_up_to)) return {};
    const std::optional<double> share = share_for(*rule, each);
    if (!share) return ", the table's rows are not known";
    return format(", {:.3g}% of the table's by what {} estimated at {}", *share, sizes_.counts->server,
                  format_time(sizes_.counts->taken));
  }

  /// 0: nobody knows.
  std::uint64_t rows_for(const GuardRule& rule, const Case& each) const {
    if (!each.object || (!deletes(each.danger) && !updates(each.danger))) return each.rows;
    const auto pick = [&](const ChangedRows& rows) { return deletes(each.danger) ? rows.deleted : rows.updated; };
    if (rule.window) {
      const auto sums = facts_.windows.find(*each.object);
      if (sums == facts_.windows.end()) return 0;
      const auto at = std::ranges::find(windows_, *rule.window) - windows_.begin();
      return pick(sums->second.at(static_cast<std::size_t>(at)));
    }
    const auto counted = facts_.danger.rows.find(*each.object);
    if (counted == facts_.danger.rows.end()) return each.rows;
    return pick({.deleted = counted->second.deleted, .updated = counted->second.updated});
  }

  bool fits_account(const GuardRule& rule, bool holds) const {
    if (rule.accounts.empty()) return true;
    if (account_.empty()) return holds;
    return std::ranges::any_of(rule.accounts, [&](const std::string& glob) { return matches_glob(glob, account_); });
  }

  bool fits_replica(const GuardRule& rule) const {
    if (rule.replicas.empty()) return true;
    if (!replica_) return rule.then != GuardAction::kAllow;
    return std::ranges::any_of(rule.replicas, [&](const std::string& name) {
      return name == "user:" + replica_->user || name == format("id:{}", replica_->server_id);
    });
  }

  void record(const Case& each, GuardAction action, const GuardRule* rule) {
    if (action == GuardAction::kAllow || action < judgement_.action) return;
    // Held on order what is ordinary in itself still destroys, as far as letting it pass goes.
    Severity severity = binlog::severity_of(each.danger);
    if (severity == Severity::kOrdinary) severity = Severity::kDestroys;
    const bool worse_action = action > judgement_.action;
    if (worse_action) {
      judgement_ = {};
      seen_.clear();
    }
    judgement_.action = action;
    if (rule == nullptr || rule->replicas.empty()) judgement_.every_replica = true;
    if (worse_action || rank(severity) > rank(judgement_.severity)) {
      judgement_.severity = severity;
      judgement_.danger = each.danger;
      judgement_.rule = rule == nullptr ? "" : rule->name;
      judgement_.why = std::string(each.why) + share_text(rule, each);
    }
    judgement_.rows = std::max(judgement_.rows, each.rows);
    judgement_.classes.insert(each.danger);
    if (each.object && seen_.insert(*each.object).second && judgement_.objects.size() < kObjectsMax) {
      judgement_.objects.push_back(*each.object);
    }
  }

  /// By what letting it pass asks for: two people for what destroys.
  static int rank(Severity severity) {
    if (severity == Severity::kDestroys) return 3;
    return severity == Severity::kUnknown ? 2 : 1;
  }

  const GroupFacts& facts_;
  const GuardConfig& config_;
  const std::optional<ReplicaName>& replica_;
  const Sizes sizes_;
  const std::string account_;
  const std::vector<std::chrono::seconds> windows_;
  Judgement judgement_;
  std::set<TableName> seen_;  ///< objects in the judgement
};

}  // namespace

std::string Judgement::text() const {
  constexpr std::size_t kShown = 3;
  std::string text(binlog::danger_class_name(danger));
  for (std::size_t i = 0; i < std::min(objects.size(), kShown); ++i) text += (i == 0 ? " " : ", ") + objects[i].text();
  if (objects.size() > kShown) text += format(" and {} more", objects.size() - kShown);
  return text;
}

Judgement judge(const GroupFacts& facts, const GuardConfig& config, const std::optional<ReplicaName>& replica,
                const TableCounts* counts) {
  return Judge(facts, config, replica, {.counts = counts}).run();
}

bool may_matter(const GroupFacts& facts, const GuardConfig& config) {
  return Judge(facts, config, std::nullopt, {.any = true}).run().action != GuardAction::kAllow;
}

std::vector<std::chrono::seconds> rule_windows(const GuardConfig& config) {
  std::set<std::chrono::seconds> windows;
  for (const GuardRule& rule : config.rules) {
    if (rule.window) windows.insert(*rule.window);
  }
  return {windows.begin(), windows.end()};
}

std::map<TableName, ChangedRows> changed_rows(const binlog::GroupDanger& danger) {
  std::map<TableName, ChangedRows> changed;
  for (const auto& [table, rows] : danger.rows) {
    if (rows.deleted + rows.updated > 0) changed[table] = {.deleted = rows.deleted, .updated = rows.updated};
  }
  for (const Effect& effect : danger.effects) {
    const bool is_delete = effect.danger == DangerClass::kDeleteRows;
    if (!is_delete && effect.danger != DangerClass::kUpdateRows) continue;
    for (const TableName& table : effect.objects) {
      if (danger.rows.contains(table)) continue;
      ChangedRows& rows = changed[table];
      (is_delete ? rows.deleted : rows.updated) += effect.rows;
    }
  }
  return changed;
}

std::string account_of(const binlog::GroupDanger& danger) {
  return danger.user.empty() ? std::string() : danger.user + "@" + danger.user_host;
}

}  // namespace lifeboat::relay
