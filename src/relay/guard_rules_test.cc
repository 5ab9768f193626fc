#include "relay/guard_rules.h"

#include <gtest/gtest.h>

namespace lifeboat::relay {
namespace {

using namespace std::chrono_literals;
using binlog::DangerClass;
using binlog::Severity;
using binlog::TableName;

constexpr std::int64_t kNoon = 1'700'000'000 / 86'400 * 86'400 + 12 * 3600;

GroupFacts facts(DangerClass danger, std::vector<TableName> objects, std::uint64_t rows = 0) {
  GroupFacts facts;
  facts.danger.effects.push_back({danger, std::move(objects), rows, "because"});
  facts.danger.severity = severity_of(danger);
  facts.danger.time_s = kNoon;
  return facts;
}

GuardConfig config(std::string_view rules) {
  return parse_guard_config(rules, "g.toml");
}

GuardAction action(const GroupFacts& facts, std::string_view rules,
                   const std::optional<ReplicaName>& replica = ReplicaName{.user = "repl", .server_id = 2},
                   const TableCounts* counts = nullptr) {
  return judge(facts, config(rules), replica, counts).action;
}

const TableName kOrders{"shop", "orders"};
const TableName kLog{"shop", "log"};

TEST(GuardRules, GoByTheClassWhenNoRuleSpeaks) {
  EXPECT_EQ(action(facts(DangerClass::kDropTable, {kOrders}), ""), GuardAction::kHold);
  EXPECT_EQ(action(facts(DangerClass::kUnknown, {}), ""), GuardAction::kHold);
  EXPECT_EQ(action(facts(DangerClass::kDropView, {kOrders}), ""), GuardAction::kWarn);
  EXPECT_EQ(action(facts(DangerClass::kOrdinary, {kOrders}, 5), ""), GuardAction::kAllow);
  EXPECT_EQ(action({}, ""), GuardAction::kAllow);
}

TEST(GuardRules, SpeakOfWhatIsOrdinaryOnlyByItsName) {
  const GroupFacts one = facts(DangerClass::kDeleteRows, {kOrders}, 1);
  EXPECT_EQ(action(one, "[[guard.rule]]\nobjects = 'shop.*'\nthen = 'hold'\n"), GuardAction::kAllow);
  EXPECT_EQ(action(one, "[[guard.rule]]\nclass = 'delete_rows'\nthen = 'hold'\n"), GuardAction::kHold);
}

TEST(GuardRules, AllowNothingBesideWhatTheyCover) {
  constexpr std::string_view kRule = "[[guard.rule]]\nobjects = 'shop.log'\nthen = 'allow'\n";
  EXPECT_EQ(action(facts(DangerClass::kDropTable, {kLog}), kRule), GuardAction::kAllow);
  EXPECT_EQ(action(facts(DangerClass::kDropTable, {{"shop", "LOG"}}), kRule), GuardAction::kHold);
  const Judgement both = judge(facts(DangerClass::kDropTable, {kLog, kOrders}), config(kRule), std::nullopt, nullptr);
  EXPECT_EQ(both.action, GuardAction::kHold);
  EXPECT_EQ(both.objects, std::vector<TableName>{kOrders});
  EXPECT_EQ(action(facts(DangerClass::kDropDatabase, {{"shop", ""}}), kRule), GuardAction::kHold);
  EXPECT_EQ(action(facts(DangerClass::kUnknown, {}), kRule), GuardAction::kHold);
  EXPECT_EQ(action(facts(DangerClass::kDropTable, {{"", "log"}}), kRule), GuardAction::kHold);
}

TEST(GuardRules, HoldWhateverMayTouchTheirObjects) {
  constexpr std::string_view kRule =
      "[[guard.rule]]\nobjects = 'pay.*'\nthen = 'hold'\n[[guard.rule]]\nthen = 'allow'\n";
  EXPECT_EQ(action(facts(DangerClass::kDropTable, {kOrders}), kRule), GuardAction::kAllow);
  EXPECT_EQ(action(facts(DangerClass::kDropTable, {{"PAY", "x"}}), kRule), GuardAction::kHold);
  EXPECT_EQ(action(facts(DangerClass::kDropDatabase, {{"pay", ""}}), kRule), GuardAction::kHold);
  EXPECT_EQ(action(facts(DangerClass::kUnknown, {}), kRule), GuardAction::kHold);
  EXPECT_EQ(action(facts(DangerClass::kDropTable, {{"", "x"}}), kRule), GuardAction::kHold);
  EXPECT_EQ(action(facts(DangerClass::kDropView, {{"pay", "v"}}), kRule), GuardAction::kHold);
}

TEST(GuardRules, ATableRuleHoldsTheDropOfItsDatabase) {
  constexpr std::string_view kRule =
      "[[guard.rule]]\nobjects = 'shop.orders'\nthen = 'hold'\n[[guard.rule]]\nthen = 'allow'\n";
  EXPECT_EQ(action(facts(DangerClass::kDropDatabase, {{"shop", ""}}), kRule), GuardAction::kHold);
}

TEST(GuardRules, TheFirstThatFitsDecides) {
  constexpr std::string_view kRules =
      "[[guard.rule]]\nclass = 'drop_table'\nobjects = 'tmp.*'\nthen = 'warn'\n"
      "[[guard.rule]]\nclass = 'drop_table'\nthen = 'hold'\n[[guard.rule]]\nthen = 'allow'\n";
  EXPECT_EQ(action(facts(DangerClass::kDropTable, {{"tmp", "x"}}), kRules), GuardAction::kWarn);
  EXPECT_EQ(action(facts(DangerClass::kDropTable, {kOrders}), kRules), GuardAction::kHold);
  EXPECT_EQ(action(facts(DangerClass::kTruncateTable, {kOrders}), kRules), GuardAction::kAllow);
}

TEST(GuardRules, AllowOnlySoManyRowsAndOnlyIfTheyWereCounted) {
  constexpr std::string_view kRule =
      "[[guard.rule]]\nclass = ['delete_range', 'mass_delete']\nrows_up_to = 5000\nthen = 'allow'\n";
  EXPECT_EQ(action(facts(DangerClass::kDeleteRange, {kLog}), kRule), GuardAction::kHold);  // nobody counted
  GroupFacts mass = facts(DangerClass::kMassDelete, {kLog}, 4000);
  mass.danger.rows[kLog].deleted = 4000;
  EXPECT_EQ(action(mass, kRule), GuardAction::kAllow);
  mass.danger.rows[kLog].deleted = 5001;
  EXPECT_EQ(action(mass, kRule), GuardAction::kHold);
}

TEST(GuardRules, HoldFewerRowsThanAMassIfToldTo) {
  constexpr std::string_view kRule =
      "[[guard.rule]]\nclass = 'mass_delete'\nobjects = 'shop.orders'\nrows_above = 10\nthen = 'hold'\n";
  GroupFacts few;
  few.danger.rows[kOrders].deleted = 10;
  EXPECT_EQ(action(few, kRule), GuardAction::kAllow);
  few.danger.rows[kOrders].deleted = 11;
  EXPECT_EQ(action(few, kRule), GuardAction::kHold);
  EXPECT_EQ(judge(few, config(kRule), std::nullopt, nullptr).severity, Severity::kDestroys);
  few.danger.rows.clear();
  few.danger.rows[kLog].deleted = 11;
  EXPECT_EQ(action(few, kRule), GuardAction::kAllow);
}

TEST(GuardRules, CountOverAWindow) {
  constexpr std::string_view kRule =
      "[[guard.rule]]\nclass = 'mass_delete'\nwindow = '10m'\nrows_above = 100\nthen = 'hold'\n";
  GroupFacts few;
  few.danger.rows[kOrders].deleted = 1;
  few.windows[kOrders] = {{.deleted = 100, .updated = 0}};
  EXPECT_EQ(action(few, kRule), GuardAction::kAllow);
  few.windows[kOrders] = {{.deleted = 101, .updated = 0}};
  EXPECT_EQ(action(few, kRule), GuardAction::kHold);
}

/// What the rule makes of so many rows deleted of `shop.orders`, which has 200 of them as far as is known.
GuardAction of_two_hundred(std::uint64_t deleted, std::string_view rule, bool known = true) {
  GroupFacts change;
  change.danger.rows[kOrders].deleted = deleted;
  if (deleted >= 150) change.danger.effects.push_back({DangerClass::kMassDelete, {kOrders}, deleted, "rows"});
  const TableCounts counts{.server = "db2", .taken = {}, .rows = {{kOrders, 200}}};
  const GuardAction found = judge(change, config(rule), std::nullopt, known ? &counts : nullptr).action;
  EXPECT_TRUE(found == GuardAction::kAllow || may_matter(change, config(rule)));
  return found;
}

TEST(GuardRules, HoldWhatIsALargeShareOfItsTable) {
  constexpr std::string_view kRule = "[[guard.rule]]\nclass = 'mass_delete'\nshare_above = '50%'\nthen = 'hold'\n";
  EXPECT_EQ(of_two_hundred(100, kRule), GuardAction::kAllow);
  EXPECT_EQ(of_two_hundred(101, kRule), GuardAction::kHold);
  EXPECT_EQ(of_two_hundred(5000, kRule), GuardAction::kHold);  // statistics that are behind
}

TEST(GuardRules, DoNotHoldOrdinaryRowsByAShareThatNobodyKnows) {
  constexpr std::string_view kRule = "[[guard.rule]]\nclass = 'mass_delete'\nshare_above = '50%'\nthen = 'hold'\n";
  EXPECT_EQ(of_two_hundred(101, kRule, false), GuardAction::kAllow);
  EXPECT_EQ(of_two_hundred(150, kRule, false), GuardAction::kHold);  // a danger by itself
}

TEST(GuardRules, AllowOnlyASmallShareThatIsKnown) {
  constexpr std::string_view kRule = "[[guard.rule]]\nclass = 'mass_delete'\nshare_up_to = '80%'\nthen = 'allow'\n";
  EXPECT_EQ(of_two_hundred(160, kRule), GuardAction::kAllow);
  EXPECT_EQ(of_two_hundred(161, kRule), GuardAction::kHold);
  EXPECT_EQ(of_two_hundred(150, kRule, false), GuardAction::kHold);
}

TEST(GuardRules, SayWhatTheShareIsAndHowItIsKnown) {
  const TableCounts counts{.server = "db2:3306", .taken = from_unix_ms(1'700'000'000'000), .rows = {{kOrders, 200}}};
  GroupFacts change;
  change.danger.rows[kOrders].deleted = 25;
  const Judgement judgement =
      judge(change, config("[[guard.rule]]\nclass = 'mass_delete'\nshare_above = '10%'\nthen = 'hold'\n"), std::nullopt,
            &counts);
  EXPECT_EQ(judgement.why, "rows deleted, 12.5% of the table's by what db2:3306 estimated at 2023-11-14T22:13:20Z");
}

TEST(GuardRules, KnowTheHourAndTheAccount) {
  GroupFacts drop = facts(DangerClass::kDropTable, {kLog});
  drop.danger.user = "purge";
  drop.danger.user_host = "10.0.0.7";
  EXPECT_EQ(action(drop, "[[guard.rule]]\naccounts = 'purge@10.*'\nbetween = '11:00-13:00'\nthen = 'allow'\n"),
            GuardAction::kAllow);
  EXPECT_EQ(action(drop, "[[guard.rule]]\naccounts = 'purge@10.*'\nbetween = '13:00-11:00'\nthen = 'allow'\n"),
            GuardAction::kHold);
  EXPECT_EQ(action(drop, "[[guard.rule]]\naccounts = 'root@*'\nthen = 'allow'\n"), GuardAction::kHold);
  drop.danger.user.clear();  // the log does not tell
  EXPECT_EQ(action(drop, "[[guard.rule]]\naccounts = '*'\nthen = 'allow'\n"), GuardAction::kHold);
}

TEST(GuardRules, HoldForTheReplicasTheyName) {
  constexpr std::string_view kRules =
      "[[guard.rule]]\nreplicas = ['id:3', 'user:reports']\nthen = 'hold'\n[[guard.rule]]\nthen = 'allow'\n";
  const GroupFacts drop = facts(DangerClass::kDropTable, {kOrders});
  EXPECT_EQ(action(drop, kRules, ReplicaName{"repl", 2}), GuardAction::kAllow);
  EXPECT_EQ(action(drop, kRules, ReplicaName{"repl", 3}), GuardAction::kHold);
  EXPECT_EQ(action(drop, kRules, ReplicaName{"reports", 2}), GuardAction::kHold);
  EXPECT_EQ(action(drop, kRules, std::nullopt), GuardAction::kHold);
}

TEST(GuardRules, AskTwoPeopleWhenAnythingHeldDestroys) {
  GroupFacts both = facts(DangerClass::kUnknown, {});
  both.danger.effects.push_back({DangerClass::kDropTable, {kOrders}, 0, ""});
  EXPECT_EQ(judge(both, config(""), std::nullopt, nullptr).severity, Severity::kDestroys);
}

TEST(RowWindow, ForgetsWhatIsOlderThanItsSpan) {
  RowWindow window(600s);
  window.add(kOrders, {.deleted = 5, .updated = 1}, 1000);
  window.add(kOrders, {.deleted = 7, .updated = 0}, 1300);
  window.add(kLog, {.deleted = 100, .updated = 0}, 1300);
  EXPECT_EQ(window.sum(kOrders, 600s).deleted, 12U);
  EXPECT_EQ(window.sum(kOrders, 60s).deleted, 7U);
  window.add(kOrders, {.deleted = 1, .updated = 0}, 1000);  // a clock that goes backwards
  EXPECT_EQ(window.sum(kOrders, 60s).deleted, 8U);
  window.add(kOrders, {.deleted = 1, .updated = 0}, 1700);
  EXPECT_EQ(window.sum(kOrders, 600s).deleted, 9U);
  window.add(kOrders, {.deleted = 1, .updated = 0}, 100'000);
  EXPECT_EQ(window.sum(kOrders, 600s).deleted, 1U);
  EXPECT_EQ(window.sum(kLog, 600s).deleted, 0U);
}

TEST(RowWindow, CountsTablesBeyondItsRoomTogether) {
  RowWindow window(60s);
  for (std::size_t i = 0; i <= RowWindow::kTablesMax + 5; ++i) {
    window.add({"d", std::to_string(i)}, {.deleted = 1, .updated = 0}, 10);
  }
  EXPECT_EQ(window.sum({"d", "0"}, 60s).deleted, 1U);
  EXPECT_EQ(window.sum({"d", "unseen"}, 60s).deleted, 6U);
}

TEST(ObjectPattern, TakesTimeInBoundsForAnyGlob) {
  EXPECT_TRUE(matches_glob("*a*b?", "xxaxxbc"));
  EXPECT_FALSE(matches_glob("a", ""));
  EXPECT_TRUE(matches_glob("**", ""));
  EXPECT_FALSE(matches_glob("*a*a*a*a*a*a*a*a*a*b", std::string(2000, 'a')));
}

}  // namespace
}  // namespace lifeboat::relay
