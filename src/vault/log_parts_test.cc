// Parts of a log in a vault: every bit of them counts, the cover of a file finds holes, and housekeeping leaves them
// alone unless nothing needs them.

#include "vault/log_parts.h"

#include <gtest/gtest.h>

#include "vault/copy.h"
#include "vault/log_cover.h"
#include "vault/log_retention.h"
#include "vault/object_check.h"
#include "vault/prune.h"
#include "vault/prune_testing.h"
#include "vault/scrub.h"
#include "vault/stat.h"

namespace lifeboat::vault {
namespace {

using std::chrono::hours;

ListedLogPart listed(std::uint64_t begin, std::uint64_t end, bool closes = false, std::uint64_t file = 1) {
  return {.name = {.stream = {1}, .file = file, .begin = begin, .end = end, .closes = closes, .unique = begin + end}};
}

Bytes content_of(std::uint64_t begin, std::uint64_t end) {
  Bytes content;
  for (std::uint64_t at = begin; at < end; ++at) content.push_back(static_cast<std::uint8_t>(at * 7));
  return content;
}

/// Puts bytes [begin, end) of a file of the log `{1}`.
LogPartName put(Vault& vault, const ListedLogPart& part) {
  const LogPartName name = new_log_part(part.name);
  put_log_part(vault, name, as_bytes("what it says"), content_of(name.begin, name.end));
  return name;
}

class LogParts : public ::testing::Test {
 protected:
  /// As if it had been stored so long ago.
  void age(const LogPartName& name, hours by) {
    const Path path = vault_.path(log_part_object(name));
    std::filesystem::last_write_time(path, std::filesystem::last_write_time(path) - by);
  }

  CacheInTempDir cache_;
  TestVault vault_;
};

TEST_F(LogParts, NamesHaveOneSpelling) {
  const std::string name = log_part_object(listed(4, 300, true).name);
  EXPECT_EQ(parse_log_part_object(name), listed(4, 300, true).name);
  for (std::size_t i = 0; i < name.size(); ++i) {
    std::string changed = name;
    changed[i] = 'X';
    EXPECT_FALSE(parse_log_part_object(changed)) << changed;
    EXPECT_FALSE(parse_log_part_object(name.substr(0, i)));
  }
  EXPECT_FALSE(parse_log_part_object(log_part_object(listed(300, 4).name))) << "ends before it begins";
}

TEST_F(LogParts, AreReadAsTheyWerePut) {
  const LogPartName name = put(*vault_, listed(0, 5000));
  const auto parts = list_log_parts(*vault_);
  ASSERT_EQ(parts.size(), 1U);
  EXPECT_EQ(parts[0].name, name);
  EXPECT_EQ(as_text(read_log_metadata(*vault_, parts[0])), "what it says");
  const LogPart part = read_log_part(*vault_, name);
  EXPECT_EQ(as_text(part.metadata), "what it says");
  EXPECT_TRUE(part.content == content_of(0, 5000));
  EXPECT_TRUE(list_log_parts(*vault_, Id{2}).empty());
}

TEST_F(LogParts, LargeMetadataIsReadWhole) {
  const LogPartName name = new_log_part(listed(0, 1).name);
  const Bytes metadata(kLogMetadataBytesMax, 5);
  put_log_part(*vault_, name, metadata, content_of(0, 1));
  EXPECT_TRUE(read_log_metadata(*vault_, list_log_parts(*vault_).at(0)) == metadata);
  const Bytes larger(kLogMetadataBytesMax + 1, 5);
  EXPECT_EQ(error_of([&] { put_log_part(*vault_, name, larger, content_of(0, 1)); }).code, Code::kUnsupported);
}

TEST_F(LogParts, EveryFlippedBitIsFound) {
  const LogPartName name = put(*vault_, listed(10, 90));
  for_each_flipped_bit(vault_.content(log_part_object(name)), [&](const Bytes& changed, std::size_t bit) {
    EXPECT_TRUE(tells_of_damage(error_of([&] { open_log_part(vault_->keys(), name, changed); }))) << bit;
  });
  const Bytes whole = vault_.content(log_part_object(name));
  for (std::size_t size = 0; size < whole.size(); ++size) {
    EXPECT_TRUE(tells_of_damage(error_of([&] { open_log_part(vault_->keys(), name, ByteView(whole).first(size)); })))
        << size;
  }
}

TEST_F(LogParts, APartUnderAnotherNameIsRefused) {
  const LogPartName name = put(*vault_, listed(0, 90));
  LogPartName other = name;
  ++other.unique;
  vault_.replace(log_part_object(other), vault_.content(log_part_object(name)));
  EXPECT_EQ(error_of([&] { read_log_part(*vault_, other); }).code, Code::kCorruption);
}

TEST(LogCover, TakesTheFewestAndStopsAtAHole) {
  const LogCover cover =
      cover_log_file({listed(0, 10), listed(10, 20), listed(0, 30), listed(25, 60, true), listed(20, 30)});
  ASSERT_EQ(cover.parts.size(), 2U);
  EXPECT_EQ(cover.end, 60U);
  EXPECT_TRUE(cover.closed && cover.whole());
  const LogCover holed = cover_log_file({listed(0, 10), listed(12, 20, true)});
  EXPECT_EQ(holed.end, 10U);
  EXPECT_EQ(holed.known_end, 20U);
  EXPECT_FALSE(holed.closed);
  EXPECT_FALSE(holed.whole());
  EXPECT_EQ(cover_log_file({listed(5, 10)}).end, 0U);
}

TEST(LogCover, AnEmptyPartClosesAFile) {
  const LogCover cover = cover_log_file({listed(0, 10), listed(10, 10, true)});
  EXPECT_TRUE(cover.closed);
  EXPECT_EQ(cover.parts.size(), 2U);
  EXPECT_FALSE(cover_log_file({listed(0, 10), listed(4, 4, true)}).closed) << "it says so of another place";
}

TEST(LogCover, WhatIsSupersededIsNeverNeeded) {
  const std::vector<ListedLogPart> parts{listed(0, 10),  listed(10, 20),       listed(0, 20),       listed(20, 30),
                                         listed(15, 25), listed(20, 30, true), listed(30, 30, true)};
  const LogPartsSplit split = split_superseded(parts);
  EXPECT_EQ(split.needed.size() + split.superseded.size(), parts.size());
  const LogCover all = cover_log_file(parts);
  const LogCover some = cover_log_file(split.needed);
  EXPECT_EQ(some.end, all.end);
  EXPECT_EQ(some.closed, all.closed);
  EXPECT_EQ(split.superseded.size(), 4U) << "0-10, 10-20, the open 20-30, and the empty one";
}

std::vector<ListedLogPart> stored_at(std::vector<ListedLogPart> parts, SystemTime time) {
  for (ListedLogPart& part : parts) part.stored = time;
  return parts;
}

TEST(LogRetention, WholeFilesBeforeTheWindowGoAndTheNewestNever) {
  const SystemTime now = parse_time("2026-11-22T12:00:00Z");
  std::vector<ListedLogPart> parts =
      stored_at({listed(0, 10, true, 1), listed(0, 10, false, 2)}, now - hours(100 * 24));
  parts.push_back(listed(10, 20, true, 2));
  parts.back().stored = now - hours(24);
  parts.push_back(listed(0, 10, true, 3));
  parts.back().stored = now - hours(100 * 24);
  const LogPlan plan = plan_log(parts, {}, kDefaultLogWindow, now);
  ASSERT_EQ(plan.remove.size(), 1U) << "file 2 reaches into the window, file 3 is the newest";
  EXPECT_EQ(plan.remove[0].name.file, 1U);
  EXPECT_EQ(plan_log(stored_at(parts, now - hours(100 * 24)), {}, kDefaultLogWindow, now).remove.size(), 3U);
}

TEST(LogRetention, TheImageThatLeadsIntoTheWindowKeepsItsLog) {
  const SystemTime now = parse_time("2026-11-22T12:00:00Z");
  const std::vector<ListedLogPart> parts =
      stored_at({listed(0, 10, true, 1), listed(0, 10, true, 2), listed(0, 10, true, 3)}, now - hours(60 * 24));
  const auto image = [&](int days, std::string origin) {
    const SystemTime time = now - hours(days * 24);
    return RetentionImage{
        .name = format("i{}", days), .origin = std::move(origin), .time = time, .stored = time, .in_use = ""};
  };
  EXPECT_EQ(plan_log(parts, {image(40, "a"), image(90, "a")}, kDefaultLogWindow, now).remove.size(), 2U)
      << "the image of 40 days ago leads into the window; the one of 90 days ago stands alone";
  const LogPlan kept = plan_log(parts, {image(40, "a"), image(70, "b")}, kDefaultLogWindow, now);
  EXPECT_TRUE(kept.remove.empty()) << "another origin's newest image before the window is of 70 days ago";
  EXPECT_NE(kept.reason.find("i70"), std::string::npos);
  std::vector<RetentionImage> images{image(40, "commit of volume standby"), image(70, "seed of db")};
  for (RetentionImage& each : images) each.history = "db:3306";
  EXPECT_EQ(plan_log(parts, images, kDefaultLogWindow, now).remove.size(), 2U)
      << "the standby that was made from the seed leads into the window of the same server";
}

TEST(LogRetention, AnImageThatDoesNotSayWhoseItIsHasTheHistoryOfWhatWasMadeOfIt) {
  std::vector<ImageInfo> images(4);
  for (std::size_t i = 0; i < images.size(); ++i) images[i].name = format("i{}", i);
  images[1].parent = "i0";
  images[2].parent = "i0";
  images[3].parent = "i2";
  const auto says = [](const ImageInfo& image) { return std::string(image.name == "i1" ? "db:3306" : ""); };
  const std::map<ImageName, std::string> expected{{"i0", "db:3306"}, {"i1", "db:3306"}, {"i2", ""}, {"i3", ""}};
  EXPECT_EQ(image_histories(images, says), expected);
  EXPECT_EQ(image_histories(images, {}).at("i1"), "");
}

TEST_F(LogParts, PruneMarksWhatIsOldSweepsItAfterItsGraceAndLeavesTheRest) {
  make_image(*vault_, {{1}});
  const LogPartName old = put(*vault_, listed(0, 10, true, 1));
  const LogPartName small = put(*vault_, listed(0, 10, false, 2));
  const LogPartName merged = put(*vault_, listed(0, 30, false, 2));
  age(old, hours(100 * 24));
  const auto names = [&] { return object_names(*vault_, kLogsPrefix); };
  EXPECT_EQ(prune(*vault_, {.dry_run = true}).log_parts.size(), 2U);
  const PruneReport report = prune(*vault_, {});
  EXPECT_EQ(report.log_parts, (std::vector{log_part_object(old), log_part_object(small)}));
  EXPECT_EQ(names().size(), 3U) << "marked only";
  EXPECT_TRUE(prune(*vault_, {}).log_parts.empty()) << "marked once";
  const PruneReport swept = prune(*vault_, {.grace = hours(0)});
  ASSERT_EQ(swept.sweeps.size(), 1U);
  EXPECT_EQ(swept.sweeps[0].log_parts_removed, 2U);
  EXPECT_EQ(names(), std::vector{log_part_object(merged)});
}

TEST_F(LogParts, ASweepSparesWhatIsNeededAfterAll) {
  const LogPartName old = put(*vault_, listed(0, 10, true, 1));
  put(*vault_, listed(0, 10, false, 2));
  age(old, hours(100 * 24));
  ASSERT_EQ(prune(*vault_, {}).log_parts.size(), 1U);
  const PruneReport report = prune(*vault_, {.log_window = hours(365 * 24), .grace = hours(0)});
  ASSERT_EQ(report.sweeps.size(), 1U);
  EXPECT_EQ(report.sweeps[0].log_parts_spared, 1U);
  EXPECT_EQ(object_names(*vault_, kLogsPrefix).size(), 2U);
}

TEST_F(LogParts, AMarkOfLogCanBeTakenBack) {
  const LogPartName old = put(*vault_, listed(0, 10, true, 1));
  put(*vault_, listed(0, 10, false, 2));
  age(old, hours(100 * 24));
  const PruneReport report = prune(*vault_, {});
  ASSERT_TRUE(report.mark);
  undelete(*vault_, id_text(report.mark->id));
  EXPECT_EQ(read_log_part(*vault_, old).content.size(), 10U);
}

TEST_F(LogParts, AreCountedApart) {
  put(*vault_, listed(0, 10));
  put(*vault_, listed(10, 20));
  const VaultStat stat = stat_vault(*vault_);
  EXPECT_EQ(stat.logs, 1U);
  EXPECT_EQ(stat.log_parts, 2U);
  EXPECT_GT(unix_ms(stat.newest_log), 0);
}

TEST_F(LogParts, AreCopiedButForWhatIsSuperseded) {
  put(*vault_, listed(0, 10));
  const LogPartName merged = put(*vault_, listed(0, 30));
  const TempDir directory;
  const std::string target = (directory.path() / "copy").string();
  EXPECT_EQ(copy_vault(*vault_, store::open_store(target), {}).log_parts, 1U);
  EXPECT_EQ(copy_vault(*vault_, store::open_store(target), {}).log_parts, 0U);
  const auto copy = Vault::open(store::open_store(target), credential(TestVault::kPassphrase));
  EXPECT_TRUE(read_log_part(*copy, merged).content == content_of(0, 30));
}

TEST_F(LogParts, ScrubProvesThemWithinItsBudgetAndFindsDamageAndHoles) {
  const LogPartName first = put(*vault_, listed(0, 1000));
  put(*vault_, listed(1000, 2000));
  ScrubReport report = scrub(*vault_, {.budget = 1});
  EXPECT_EQ(report.log_parts, 2U);
  EXPECT_EQ(report.log_parts_read, 1U);
  EXPECT_EQ(report.log_parts_unproven, 1U);
  EXPECT_TRUE(report.strangers.empty());
  report = scrub(*vault_, {});
  EXPECT_EQ(report.log_parts_unproven, 0U);
  EXPECT_TRUE(report.findings.empty());
  Bytes object = vault_.content(log_part_object(first));
  object[object.size() - 20] ^= 1U;
  vault_.replace(log_part_object(first), object);
  ASSERT_EQ(scrub(*vault_, {}).findings.size(), 1U);
  remove_log_part(*vault_, first);
  report = scrub(*vault_, {});
  ASSERT_EQ(report.findings.size(), 1U);
  EXPECT_NE(report.findings[0].what.find("bytes 0 to 1000"), std::string::npos) << report.findings[0].what;
}

TEST_F(LogParts, AStrangersFileAmongThemIsAStranger) {
  vault_.replace("logs/notes.txt", as_bytes("hello"));
  EXPECT_EQ(scrub(*vault_, {}).strangers, std::vector<std::string>{"logs/notes.txt"});
  EXPECT_TRUE(list_log_parts(*vault_).empty());
}

}  // namespace
}  // namespace lifeboat::vault
