#include "rescue/drill_schema.h"

#include <gtest/gtest.h>

#include "base/error.h"

namespace lifeboat::rescue {
namespace {

using Texts = std::vector<std::string>;

/// A server that has one table with two columns and a trigger, and denies the rest.
std::vector<server::Row> answer(const std::string& sql, const std::string& type) {
  if (sql.find("schemata") != std::string::npos) return {{"shop", "utf8mb4", "utf8mb4_general_ci"}};
  if (sql.find(".tables ") != std::string::npos) return {{"shop.orders", "BASE TABLE", "InnoDB", "c", "", ""}};
  if (sql.find(".columns ") != std::string::npos) {
    return {{"shop.orders", "a", std::nullopt, "NO", "int(11)"},
            {"shop.orders", "b", std::nullopt, "YES", type},
            {"shop.a_view", "a", std::nullopt, "NO", "int(11)"}};
  }
  if (sql.find(".triggers ") != std::string::npos) return {{"shop.orders.stamp", "INSERT", "BEFORE"}};
  if (sql.find("mysql.global_priv") != std::string::npos) fail(Code::kDenied, "SELECT command denied");
  return {};
}

Inventory inventory_of(const std::string& type) {
  return take_inventory([&](const std::string& sql) { return answer(sql, type); });
}

/// As that server, which also refuses to answer one question.
Inventory inventory_without(const std::string& words, Code code = Code::kRefused) {
  return take_inventory([&](const std::string& sql) {
    if (sql.find(words) != std::string::npos) fail(code, "it takes too long");
    return answer(sql, "text");
  });
}

TEST(DrillSchema, NamesWhatThereIsAndWhatCouldNotBeAsked) {
  const Inventory inventory = inventory_of("text");
  Texts names;
  for (const auto& [object, _] : inventory.objects) names.push_back(object);
  EXPECT_EQ(names, (Texts{"database shop", "table shop.orders", "trigger shop.orders.stamp"}));
  ASSERT_EQ(inventory.not_known.size(), 1U);
  EXPECT_EQ(inventory.not_known.at("user"), "SELECT command denied");
}

TEST(DrillSchema, AnotherColumnIsAnotherTable) {
  const SchemaDifferences found = compare_inventories(inventory_of("text"), inventory_of("varchar(3)"), {});
  EXPECT_EQ(found.changed, Texts{"table shop.orders"});
  EXPECT_TRUE(found.missing.empty() && found.extra.empty());
}

TEST(DrillSchema, AKindThatOneSideDoesNotTellOfIsComparedWithNothing) {
  for (const char* words : {".triggers ", ".tables ", ".columns ", ".partitions "}) {
    const Inventory partly = inventory_without(words);
    EXPECT_EQ(partly.not_known.size(), 2U) << words;
    EXPECT_TRUE(compare_inventories(partly, inventory_of("text"), {}).empty()) << words;
    EXPECT_TRUE(compare_inventories(inventory_of("text"), partly, {}).empty()) << words;
  }
  EXPECT_FALSE(to_json(inventory_without(".columns ")).contains("table shop.orders")) << "half of it is known";
}

TEST(DrillSchema, WithoutDatabasesNothingIsKnown) {
  EXPECT_THROW(inventory_without("schemata"), Exception);
  EXPECT_THROW(inventory_without(".triggers ", Code::kUnavailable), Exception) << "no answer is no refusal";
}

TEST(DrillSchema, TellsMissingFromExtra) {
  const Inventory there{.objects = {{"table shop.orders", "1"}, {"user clerk@%", "1"}}, .not_known = {}};
  const Inventory here{.objects = {{"table shop.orders", "1"}, {"trigger shop.orders.stamp", "1"}}, .not_known = {}};
  const SchemaDifferences found = compare_inventories(there, here, {});
  EXPECT_EQ(found.missing, Texts{"user clerk@%"});
  EXPECT_EQ(found.extra, Texts{"trigger shop.orders.stamp"});
  EXPECT_TRUE(compare_inventories(there, there, {}).empty());
}

TEST(DrillSchema, WhatWasLeftOutIsNoDifference) {
  const Inventory here{.objects = {{"database shop", "1"},
                                   {"table shop.orders", "1"},
                                   {"index shop.orders.PRIMARY", "1"},
                                   {"table shops.t", "1"}},
                       .not_known = {}};
  EXPECT_EQ(compare_inventories({}, here, {"shop.*"}).extra, Texts{"table shops.t"});
  EXPECT_EQ(compare_inventories({}, here, {"shop.orders"}).extra, (Texts{"database shop", "table shops.t"}));
}

TEST(DrillSchema, OnlyWhatStaysDifferentDiffers) {
  const SchemaDifferences first{.missing = {"table a.b", "table a.c"}, .extra = {"table a.d"}, .changed = {}};
  const SchemaDifferences second{.missing = {"table a.c"}, .extra = {}, .changed = {"table a.e"}};
  EXPECT_EQ(intersect(first, second).missing, Texts{"table a.c"});
  EXPECT_TRUE(intersect(first, second).extra.empty() && intersect(first, second).changed.empty());
}

TEST(DrillSchema, IsReadAsItWasWritten) {
  const Inventory inventory{.objects = {{"table shop.orders", "00ff"}}, .not_known = {}};
  EXPECT_EQ(inventory_from_json(to_json(inventory)).objects, inventory.objects);
  EXPECT_THROW(inventory_from_json({{"table shop.orders", 1}}), Exception);
}

}  // namespace
}  // namespace lifeboat::rescue
