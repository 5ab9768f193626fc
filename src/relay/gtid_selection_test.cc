#include "relay/gtid_selection.h"

#include <gtest/gtest.h>

#include "relay/sql_error.h"

namespace lifeboat::relay {
namespace {

using binlog::GtidEvent;
using binlog::GtidState;
using binlog::parse_gtid;
using binlog::parse_gtid_list;

ReplicaWishes from(std::string state) {
  return {.capability = 4, .connect_state = std::move(state)};
}

GtidState state(std::string_view list) {
  return GtidState::from_list(parse_gtid_list(list));
}

using Heads = std::vector<std::optional<std::vector<binlog::Gtid>>>;
Heads heads(std::initializer_list<std::string_view> lists) {
  Heads out;
  for (const std::string_view each : lists) out.emplace_back(parse_gtid_list(each));
  return out;
}

// The groups of `log` that are served, up to and with the one that ends the dump.
std::string served(GtidSelection& selection, std::string_view log) {
  std::vector<binlog::Gtid> out;
  for (const binlog::Gtid& each : parse_gtid_list(log)) {
    if (selection.next(GtidEvent{.gtid = each})) out.push_back(each);
    if (selection.until_reached()) break;
  }
  return format_gtid_list(out);
}

std::string refusal(auto&& action) {
  try {
    action();
  } catch (const SqlFailure& failure) {
    EXPECT_EQ(failure.error().number, kFatalReadingLog);
    return failure.error().message;
  }
  return "served";
}

TEST(GtidSelection, AnEmptyStateGetsEverythingFromTheFirstFile) {
  GtidSelection selection(from(""), state("0-1-9"));
  EXPECT_EQ(selection.choose_file(heads({"", "0-1-4"})), 0U);
  EXPECT_TRUE(selection.reached_start());
  EXPECT_EQ(served(selection, "0-1-1,0-1-2,1-1-1"), "0-1-1,0-1-2,1-1-1");
}

TEST(GtidSelection, ServesWhatFollowsThePositionOfEachDomain) {
  GtidSelection selection(from("0-1-2,1-2-5"), state("0-1-9,1-2-7"));
  EXPECT_EQ(selection.choose_file(heads({""})), 0U);
  EXPECT_EQ(served(selection, "0-1-1,1-2-5,0-1-2,1-2-6,0-1-3,2-1-1"), "1-2-6,0-1-3,2-1-1");
  EXPECT_TRUE(selection.reached_start());
}

TEST(GtidSelection, StartsAtTheFileAfterTheLastGroupOfIts) {
  GtidSelection selection(from("0-1-4"), state("0-1-9"));
  EXPECT_EQ(selection.choose_file(heads({"", "0-1-4", "0-1-8"})), 1U);
  EXPECT_TRUE(selection.reached_start()) << "nothing to skip";
  EXPECT_EQ(served(selection, "0-1-5"), "0-1-5");
}

TEST(GtidSelection, GoesBackAFileWhenAnotherServerWroteLast) {
  // 0-2-5 came after 0-1-4 in the earlier file.
  GtidSelection selection(from("0-1-4"), state("0-1-4,0-2-5"));
  EXPECT_EQ(selection.choose_file(heads({"", "0-1-4,0-2-5"})), 0U);
  EXPECT_EQ(served(selection, "0-1-3,0-1-4,0-2-5"), "0-2-5");
}

TEST(GtidSelection, AnUnknownDomainIsWantedFromItsFirstGroup) {
  GtidSelection selection(from("0-1-8"), state("0-1-9,1-1-3"));
  EXPECT_EQ(selection.choose_file(heads({"", "0-1-4", "0-1-8,1-1-3"})), 1U);
}

TEST(GtidSelection, APurgedPositionIsRefused) {
  EXPECT_TRUE(refusal([] {
                GtidSelection selection(from("0-1-2"), state("0-1-9"));
                selection.choose_file(heads({"0-1-4", "0-1-8"}));
              }).contains("have been purged"));
}

TEST(GtidSelection, APositionAheadOfTheLogIsRefused) {
  EXPECT_TRUE(refusal([] { GtidSelection(from("0-1-12"), state("0-1-9")); }).ends_with("not in the master's binlog"));
}

TEST(GtidSelection, ADivergedReplicaIsToldSo) {
  EXPECT_TRUE(refusal([] { GtidSelection(from("0-7-5"), state("0-1-9")); }).contains("diverged"));
}

TEST(GtidSelection, ADuplicateIgnoringReplicaMayBeAhead) {
  ReplicaWishes wishes = from("0-1-12");
  wishes.ignore_duplicates = true;
  GtidSelection selection(wishes, state("0-1-9"));
  EXPECT_EQ(selection.choose_file(heads({"", "0-1-8"})), 1U);
  EXPECT_EQ(served(selection, "0-1-9,0-1-12,0-1-13"), "0-1-13");
}

TEST(GtidSelection, ADomainThatAppearsLaterIsCheckedThen) {
  GtidSelection selection(from("0-1-9,5-1-3"), state("0-1-9"));
  EXPECT_EQ(selection.choose_file(heads({"", "0-1-9"})), 1U);
  EXPECT_TRUE(refusal([&] { selection.next(GtidEvent{.gtid = parse_gtid("5-2-1")}); }).contains("not in the master's"));
}

TEST(GtidSelection, AHoleAtTheStartIsRefusedInStrictModeOnly) {
  ReplicaWishes wishes = from("0-1-2");
  GtidSelection lax(wishes, state("0-1-9"));
  EXPECT_EQ(lax.choose_file(heads({""})), 0U);
  EXPECT_EQ(served(lax, "0-1-1,0-1-3,0-1-4"), "0-1-3,0-1-4");
  wishes.gtid_strict_mode = true;
  GtidSelection strict(wishes, state("0-1-9"));
  EXPECT_EQ(strict.choose_file(heads({""})), 0U);
  EXPECT_TRUE(refusal([&] { served(strict, "0-1-1,0-1-3"); }).contains("is missing the GTID 0-1-2"));
}

TEST(GtidSelection, StopsAfterUntilInEveryDomain) {
  ReplicaWishes wishes = from("");
  wishes.until_gtid = "0-1-2,1-1-1";
  GtidSelection selection(wishes, state("0-1-9,1-1-4,2-1-1"));
  EXPECT_EQ(selection.choose_file(heads({""})), 0U);
  EXPECT_EQ(served(selection, "0-1-1,0-1-2,2-1-1,0-1-3,1-1-1,1-1-2"), "0-1-1,0-1-2,1-1-1");
  EXPECT_TRUE(selection.until_reached());
}

TEST(GtidSelection, AnUntilThatIsMissingStopsBeforeWhatIsBeyondIt) {
  ReplicaWishes wishes = from("");
  wishes.until_gtid = "0-1-2";
  GtidSelection selection(wishes, state("0-1-9"));
  EXPECT_EQ(selection.choose_file(heads({""})), 0U);
  EXPECT_EQ(served(selection, "0-1-1,0-1-3,0-1-4"), "0-1-1");
}

TEST(GtidSelection, AnUntilBehindTheStartEndsAtOnce) {
  ReplicaWishes wishes = from("0-1-4");
  wishes.until_gtid = "0-1-2";
  GtidSelection selection(wishes, state("0-1-9"));
  EXPECT_EQ(selection.choose_file(heads({"", "0-1-4"})), 1U);
  EXPECT_TRUE(selection.until_reached());
}

TEST(GtidSelection, TellsOnceWhenTheStartWasReached) {
  GtidSelection selection(from("0-1-2"), state("0-1-9"));
  EXPECT_EQ(selection.choose_file(heads({""})), 0U);
  selection.next(GtidEvent{.gtid = parse_gtid("0-1-1")});
  EXPECT_FALSE(selection.take_start_reached());
  selection.next(GtidEvent{.gtid = parse_gtid("0-1-2")});
  EXPECT_TRUE(selection.take_start_reached());
  EXPECT_FALSE(selection.take_start_reached());
  EXPECT_EQ(format_gtid_list(selection.seen().list()), "0-1-2");
}

TEST(GtidSelection, MalformedPositionsAreRefused) {
  for (const char* text : {"0-1", "x", "0-1-2,0-1-3", "0-1-99999999999999999999999"}) {
    EXPECT_TRUE(refusal([&] { GtidSelection(from(text), state("")); }).contains("malformed")) << text;
  }
}

}  // namespace
}  // namespace lifeboat::relay
