#include "vault/retention.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <random>
#include <set>

#include "base/error.h"

namespace lifeboat::vault {
namespace {

using std::chrono::hours;

constexpr std::string_view kNow = "2026-11-22T12:30:00Z";

RetentionImage image_at(std::string_view time, std::string origin = "import /d on host h") {
  const SystemTime at = parse_time(time);
  return {std::string(time), std::move(origin), at, at, false, ""};
}

std::map<std::string, Verdict> verdicts_of(const std::vector<RetentionImage>& images, std::string_view policy,
                                           SystemTime at = parse_time(kNow)) {
  std::map<std::string, Verdict> by_name;
  for (const Verdict& verdict : judge(images, parse_retention(policy), at)) by_name[verdict.name] = verdict;
  return by_name;
}

TEST(Retention, AClockFarBehindDoesNotMakeTheLastImageGo) {
  RetentionImage before = image_at("2026-01-01T00:00:00Z");
  before.name = "20260101-000000-000001";
  RetentionImage last = image_at("2026-11-10T00:00:00Z");
  last.name = "20261110-000000-000001";
  last.time = parse_time("2020-01-01T00:00:00Z");
  EXPECT_TRUE(verdicts_of({before, last}, kDefaultRetention).at(last.name).keep);
}

TEST(Retention, TheLastProvenOfAnOriginIsKeptHoweverOld) {
  std::vector<RetentionImage> images;
  for (const char* day : {"2020-01-01", "2020-01-02", "2020-01-03"})
    images.push_back(image_at(format("{}T00:00:00Z", day)));
  RetentionImage other = image_at("2020-01-02T12:00:00Z", "import /other on host h");
  images.push_back(other);
  images[0].proven = images[1].proven = true;
  const auto verdicts = verdicts_of(images, "all=2d");
  EXPECT_FALSE(verdicts.at(images[0].name).keep) << "a later one is proven";
  EXPECT_EQ(verdicts.at(images[1].name).reason, "last proven of its origin");
  EXPECT_EQ(verdicts.at(images[2].name).reason, "newest of its origin");
  EXPECT_EQ(verdicts.at(other.name).reason, "newest of its origin");
}

TEST(Retention, ADamagedImageIsNotTheLastProvenOne) {
  std::vector<RetentionImage> images;
  for (const char* day : {"2020-01-01", "2020-01-02", "2020-01-03"}) {
    images.push_back(image_at(format("{}T00:00:00Z", day)));
  }
  images[0].proven = images[1].proven = images[1].damaged = true;
  const auto verdicts = verdicts_of(images, "all=2d");
  EXPECT_FALSE(verdicts.at(images[1].name).keep) << "nobody can boot it any more";
  EXPECT_EQ(verdicts.at(images[0].name).reason, "last proven of its origin");
}

TEST(Retention, ParsesTheDefault) {
  EXPECT_EQ(parse_retention(kDefaultRetention), RetentionPolicy{});
}

TEST(Retention, WhatIsLeftOutKeepsNothing) {
  const RetentionPolicy policy = parse_retention("daily=3d");
  EXPECT_EQ(policy.all.count(), 0);
  EXPECT_EQ(policy.daily, hours(72));
  EXPECT_EQ(policy.monthly, 0);
}

TEST(Retention, RefusesWhatIsNoPolicy) {
  for (const char* text : {"", "all", "all=", "weekly=3d", "monthly=2d", "monthly=-1", "all=2d;hourly=7d"}) {
    try {
      parse_retention(text);
      ADD_FAILURE() << text;
    } catch (const Exception& e) {
      EXPECT_EQ(e.code(), Code::kUsage) << text;
    }
  }
}

TEST(Retention, EachRuleKeepsTheNewestOfItsSpan) {
  struct Case {
    const char* time;
    bool keep;
    const char* reason;
  };
  const std::vector<Case> cases{
      {"2026-11-22T12:00:00Z", true, "younger than 2d 0h"},
      {"2026-11-22T11:59:00Z", true, "younger than 2d 0h"},
      {"2026-11-19T10:50:00Z", true, "newest of hour 2026-11-19T10"},
      {"2026-11-19T10:10:00Z", false, "no rule keeps it"},
      {"2026-11-10T23:00:00Z", true, "newest of day 2026-11-10"},
      {"2026-11-10T22:00:00Z", false, "no rule keeps it"},
      {"2026-09-30T22:00:00Z", true, "newest of month 2026-09"},
      {"2026-09-29T22:00:00Z", false, "no rule keeps it"},
      {"2025-11-30T22:00:00Z", true, "newest of month 2025-11"},
      {"2025-10-31T22:00:00Z", false, "no rule keeps it"},
  };
  std::vector<RetentionImage> images;
  for (const Case& each : cases) images.push_back(image_at(each.time));
  const auto verdicts = verdicts_of(images, kDefaultRetention);
  for (const Case& each : cases) {
    EXPECT_EQ(verdicts.at(each.time).keep, each.keep) << each.time;
    EXPECT_EQ(verdicts.at(each.time).reason, each.reason) << each.time;
  }
}

TEST(Retention, TheLastOfEachOriginStays) {
  const auto verdicts = verdicts_of({image_at("2001-01-01T00:00:00Z", "a"), image_at("2001-01-02T00:00:00Z", "a"),
                                     image_at("2001-01-03T00:00:00Z", "b")},
                                    "all=1h");
  EXPECT_FALSE(verdicts.at("2001-01-01T00:00:00Z").keep);
  EXPECT_EQ(verdicts.at("2001-01-02T00:00:00Z").reason, "newest of its origin");
  EXPECT_EQ(verdicts.at("2001-01-03T00:00:00Z").reason, "newest of its origin");
}

TEST(Retention, PinnedAndUsedStay) {
  RetentionImage pinned = image_at("2001-01-01T00:00:00Z");
  pinned.pinned = true;
  RetentionImage used = image_at("2001-01-02T00:00:00Z");
  used.in_use = "pid 7 on host h";
  const auto verdicts = verdicts_of({pinned, used, image_at("2026-01-01T00:00:00Z")}, "all=1h");
  EXPECT_EQ(verdicts.at(pinned.name).reason, "pinned");
  EXPECT_EQ(verdicts.at(used.name).reason, "in use by pid 7 on host h");
}

TEST(Retention, AHostInThePastCannotMakeANewImageOld) {
  RetentionImage image = image_at("1970-01-01T00:00:00Z");
  image.stored = parse_time(kNow) - hours(1);
  EXPECT_EQ(verdicts_of({image, image_at("2026-11-22T00:00:00Z")}, "all=2d").at(image.name).reason,
            "younger than 2d 0h");
}

TEST(Retention, AHostInTheFutureCannotTakeTheNewestPlace) {
  RetentionImage image = image_at("2040-01-01T00:00:00Z");
  image.stored = parse_time("2020-01-01T00:00:00Z");
  RetentionImage later = image_at("2026-10-01T00:00:00Z");
  later.name = "2040-01-01T00:00:01Z";  // names ascend, whatever the clocks say
  EXPECT_FALSE(verdicts_of({image, later}, "all=2d").at(image.name).keep);
}

/// Random histories, policies and moments.
class RetentionProperty : public ::testing::TestWithParam<std::uint32_t> {
 protected:
  std::mt19937 random_{GetParam()};

  int upto(int bound) { return std::uniform_int_distribution(0, bound)(random_); }
  std::vector<RetentionImage> history() {
    std::vector<RetentionImage> images;
    for (int i = upto(120); i >= 0; --i) {
      const SystemTime stored = parse_time(kNow) - std::chrono::minutes(upto(60 * 24 * 500));
      images.push_back({format("i{:03}", i), format("origin {}", upto(2)), stored - std::chrono::minutes(upto(90)),
                        stored, upto(30) == 0, upto(30) == 0 ? "somebody" : ""});
    }
    return images;
  }
  RetentionPolicy policy() { return {hours(upto(72)), hours(upto(300)), hours(upto(1500)), upto(14)}; }
};

std::vector<RetentionImage> kept(const std::vector<RetentionImage>& images, const RetentionPolicy& policy,
                                 SystemTime at) {
  std::set<std::string> names;
  for (const Verdict& verdict : judge(images, policy, at)) {
    if (verdict.keep) names.insert(verdict.name);
  }
  std::vector<RetentionImage> result;
  std::ranges::copy_if(images, std::back_inserter(result), [&](const auto& i) { return names.contains(i.name); });
  return result;
}

std::set<std::string> names_of(const std::vector<RetentionImage>& images) {
  std::set<std::string> names;
  for (const RetentionImage& image : images) names.insert(image.name);
  return names;
}

TEST_P(RetentionProperty, NothingInsideTheWindowPinnedUsedOrLastGoes) {
  const auto images = history();
  const RetentionPolicy rules = policy();
  const auto names = names_of(kept(images, rules, parse_time(kNow)));
  std::set<std::string> origins;
  for (const RetentionImage& image : images) {
    if (image.pinned || !image.in_use.empty() || parse_time(kNow) - image.stored < rules.all) {
      EXPECT_TRUE(names.contains(image.name)) << image.name;
    }
    if (names.contains(image.name)) origins.insert(image.origin);
  }
  for (const RetentionImage& image : images) EXPECT_TRUE(origins.contains(image.origin));
}

TEST_P(RetentionProperty, JudgingWhatWasKeptKeepsIt) {
  const RetentionPolicy rules = policy();
  const auto once = kept(history(), rules, parse_time(kNow));
  EXPECT_EQ(names_of(kept(once, rules, parse_time(kNow))), names_of(once));
}

TEST_P(RetentionProperty, PruningOnTheWayChangesNothingAtTheEnd) {
  const auto images = history();
  const RetentionPolicy rules = policy();
  const SystemTime later = parse_time(kNow) + hours(upto(24 * 100));
  EXPECT_EQ(names_of(kept(kept(images, rules, parse_time(kNow)), rules, later)), names_of(kept(images, rules, later)));
}

TEST_P(RetentionProperty, ALongerPolicyKeepsAtLeastAsMuch) {
  const auto images = history();
  const RetentionPolicy rules = policy();
  RetentionPolicy longer = rules;
  longer.all += hours(upto(48));
  longer.hourly += hours(upto(48));
  longer.daily += hours(upto(48));
  longer.monthly += upto(3);
  const auto more = names_of(kept(images, longer, parse_time(kNow)));
  for (const std::string& name : names_of(kept(images, rules, parse_time(kNow)))) EXPECT_TRUE(more.contains(name));
}

INSTANTIATE_TEST_SUITE_P(Seeds, RetentionProperty, ::testing::Range(1U, 101U));

}  // namespace
}  // namespace lifeboat::vault
