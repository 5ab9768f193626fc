#include "vault/prune.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "vault/confirm_image.h"
#include "vault/pins.h"
#include "vault/proofs.h"
#include "vault/prune_testing.h"
#include "vault/records.h"
#include "vault/references.h"
#include "vault/sealed_object.h"
#include "vault/session.h"

namespace lifeboat::vault {
namespace {

using std::chrono::milliseconds;

/// Everything but the newest of each origin goes, and at once.
const PruneOptions kNow{.policy = {milliseconds(0), {}, {}, 0}, .grace = milliseconds(0)};
PruneOptions with_grace() {
  PruneOptions options = kNow;
  options.grace = kDefaultGrace;
  return options;
}

std::vector<ImageName> visible(Vault& vault) {
  std::vector<ImageName> names;
  for (const ImageInfo& image : list_images(vault)) names.push_back(image.name);
  return names;
}

class Prune : public ::testing::Test {
 protected:
  CacheInTempDir cache_;
  TestVault vault_;
};

TEST_F(Prune, RemovesWhatOnlyTheOldImageHadAndKeepsTheRest) {
  const ImageName old = make_image(*vault_, {{1, 2}});
  const ImageName now = make_image(*vault_, {{2, 3}}, old);
  const std::size_t packs = object_names(*vault_, kPacksPrefix).size();
  const PruneReport report = prune(*vault_, kNow);
  EXPECT_EQ(report.images, std::vector{old});
  EXPECT_EQ(visible(*vault_), std::vector{now});
  EXPECT_EQ(object_names(*vault_, kImagesPrefix).size(), 1U);
  EXPECT_LE(object_names(*vault_, kPacksPrefix).size(), packs);
  EXPECT_TRUE(object_names(*vault_, kMarksPrefix).empty());
  EXPECT_TRUE(object_names(*vault_, kUndoPrefix).empty());
  EXPECT_TRUE(object_names(*vault_, kSessionsPrefix).empty());
  expect_whole(*vault_, now);
}

TEST_F(Prune, PacksOfTheOldImageAloneGo) {
  make_image(*vault_, {{1}});
  const ImageName now = make_image(*vault_, {{2}});
  const PruneReport report = prune(*vault_, kNow);
  ASSERT_EQ(report.sweeps.size(), 1U);
  EXPECT_TRUE(report.sweeps[0].swept);
  EXPECT_EQ(report.sweeps[0].images_removed, 1U);
  EXPECT_GE(report.sweeps[0].packs_removed, 1U);
  EXPECT_EQ(prune(*vault_, kNow).packs.size(), 0U) << "nothing is left over";
  expect_whole(*vault_, now);
}

TEST_F(Prune, DryRunChangesNothing) {
  make_image(*vault_, {{1}});
  make_image(*vault_, {{2}});
  const auto before = object_names(*vault_, "");
  PruneOptions options = kNow;
  options.dry_run = true;
  EXPECT_EQ(prune(*vault_, options).images.size(), 1U);
  EXPECT_EQ(object_names(*vault_, ""), before);
}

TEST_F(Prune, HidesFirstAndRemovesAfterTheGracePeriod) {
  make_image(*vault_, {{1}});
  const ImageName now = make_image(*vault_, {{2}});
  prune(*vault_, with_grace());
  EXPECT_EQ(visible(*vault_), std::vector{now});
  EXPECT_EQ(object_names(*vault_, kImagesPrefix).size(), 2U);
  const PruneReport again = prune(*vault_, with_grace());
  EXPECT_FALSE(again.mark) << "what is marked is not marked twice";
  ASSERT_EQ(again.sweeps.size(), 1U);
  EXPECT_FALSE(again.sweeps[0].swept);
  EXPECT_NE(again.sweeps[0].waits_for.find("grace period"), std::string::npos);
  prune(*vault_, kNow);
  EXPECT_EQ(object_names(*vault_, kImagesPrefix).size(), 1U);
}

TEST_F(Prune, UndeleteBringsTheImageBackWhole) {
  const ImageName old = make_image(*vault_, {{1}});
  make_image(*vault_, {{2}});
  prune(*vault_, with_grace());
  undelete(*vault_, old);
  EXPECT_EQ(visible(*vault_).size(), 2U);
  PruneOptions keep_all = kNow;
  keep_all.policy.all = std::chrono::hours(1);
  prune(*vault_, keep_all);
  expect_whole(*vault_, old);
  EXPECT_EQ(error_of([&] { undelete(*vault_, old); }).code, Code::kNotFound);
}

TEST_F(Prune, ASweepThatHasBegunCannotBeUndoneAndIsFinishedByTheNextPrune) {
  const ImageName old = make_image(*vault_, {{1}});
  make_image(*vault_, {{2}});
  const PruneReport report = prune(*vault_, with_grace());
  ASSERT_TRUE(report.mark);
  ASSERT_EQ(settle_mark(*vault_, report.mark->id, MarkState::kSweeping), MarkState::kSweeping);
  EXPECT_EQ(error_of([&] { undelete(*vault_, old); }).code, Code::kConflict);
  EXPECT_TRUE(prune(*vault_, with_grace()).sweeps.at(0).swept) << "claimed before: the grace period was over then";
  EXPECT_EQ(object_names(*vault_, kImagesPrefix).size(), 1U);
}

TEST_F(Prune, AWriterThatDoesNotKnowTheMarkHoldsTheSweepBack) {
  make_image(*vault_, {{1}});
  const ImageName now = make_image(*vault_, {{2}});
  Session writer(*vault_, SessionKind::kWrite);
  const PruneReport report = prune(*vault_, kNow);
  ASSERT_EQ(report.sweeps.size(), 1U);
  EXPECT_FALSE(report.sweeps[0].swept);
  EXPECT_NE(report.sweeps[0].waits_for.find("unlock --force " + id_text(writer.id())), std::string::npos);
  EXPECT_EQ(object_names(*vault_, kImagesPrefix).size(), 2U);
  writer.obey({report.mark->id});
  writer.check();
  EXPECT_TRUE(prune(*vault_, kNow).sweeps.at(0).swept);
  expect_whole(*vault_, now);
}

TEST_F(Prune, AnImageInUseOrPinnedStays) {
  const ImageName pinned = make_image(*vault_, {{1}});
  const ImageName used = make_image(*vault_, {{2}});
  make_image(*vault_, {{3}});
  pin_image(*vault_, pinned);
  pin_image(*vault_, pinned);
  const Session reader(*vault_, SessionKind::kRead, used);
  EXPECT_TRUE(prune(*vault_, kNow).images.empty());
  EXPECT_TRUE(unpin_image(*vault_, pinned));
  EXPECT_FALSE(unpin_image(*vault_, pinned));
  EXPECT_EQ(prune(*vault_, kNow).images, std::vector{pinned});
  expect_whole(*vault_, used);
}

TEST_F(Prune, AMarkedImageCannotBePinned) {
  const ImageName old = make_image(*vault_, {{1}});
  make_image(*vault_, {{2}});
  prune(*vault_, with_grace());
  EXPECT_EQ(error_of([&] { pin_image(*vault_, old); }).code, Code::kConflict);
  EXPECT_TRUE(pinned_images(*vault_).empty());
}

TEST_F(Prune, TwoAtOnceAreOneTooMany) {
  const Session other(*vault_, SessionKind::kPrune);
  const Error error = error_of([&] { prune(*vault_, kNow); });
  EXPECT_EQ(error.code, Code::kBusy);
  EXPECT_NE(error.hint.find("vault unlock --force " + id_text(other.id())), std::string::npos) << error.hint;
}

TEST_F(Prune, PacksOfAWriterAtWorkAreLeftAlone) {
  make_image(*vault_, {{1}});
  const Session writer(*vault_, SessionKind::kWrite);
  RecordWriter records(*vault_);
  records.add(RecordKind::kChunk, PayloadCodec::kNone, {test_chunk(9, 0)});
  records.finish();
  const PruneReport report = prune(*vault_, kNow);
  EXPECT_TRUE(report.packs.empty());
  EXPECT_EQ(report.young_packs, 1U);
}

TEST_F(Prune, PacksOfAKilledWriterGo) {
  make_image(*vault_, {{1}});
  RecordWriter records(*vault_);
  records.add(RecordKind::kChunk, PayloadCodec::kNone, {test_chunk(9, 0)});
  records.finish();
  const PruneReport report = prune(*vault_, kNow);
  EXPECT_EQ(report.packs.size(), 1U);
  EXPECT_EQ(report.sweeps.at(0).packs_removed, 1U);
}

/// The race that the protocol is about: a writer begins, a prune marks what it builds on, the writer publishes.
TEST_F(Prune, WhatAWriterBuildsOnStaysThoughItWasMarked) {
  const ImageName old = make_image(*vault_, {{1, 2}});
  make_image(*vault_, {{3}});
  ImageReader parent(*vault_, old);
  ImageWriter writer(*vault_, &parent);
  const PruneReport report = prune(*vault_, kNow);
  EXPECT_EQ(report.images, std::vector{old});
  EXPECT_FALSE(report.sweeps.at(0).swept);
  put_test_file(writer, &parent, 1, 6);
  ImageInfo info;
  info.origin = "another";
  const ImageName made = writer.publish(info, true).name;
  const PruneReport after = prune(*vault_, kNow);
  EXPECT_TRUE(after.sweeps.at(0).swept);
  EXPECT_GE(after.sweeps.at(0).packs_spared, 1U);
  expect_whole(*vault_, made);
}

TEST_F(Prune, AWriterDoesNotReuseWhatIsMarked) {
  make_image(*vault_, {{1}});
  make_image(*vault_, {{2}});
  prune(*vault_, with_grace());
  const ImageName again = make_image(*vault_, {{1}, 6, "another"});  // known to the index, but marked
  prune(*vault_, kNow);
  expect_whole(*vault_, again);
}

TEST_F(Prune, AMarkedImageIsNoParent) {
  const ImageName old = make_image(*vault_, {{1}});
  make_image(*vault_, {{2}});
  ImageReader parent(*vault_, old);
  prune(*vault_, kNow);
  EXPECT_EQ(error_of([&] { ImageWriter(*vault_, &parent); }).code, Code::kConflict) << "swept";
}

/// A writer that was taken for dead while it was only slow.
TEST_F(Prune, AWriterTakenForDeadDoesNotPublish) {
  const ImageName old = make_image(*vault_, {{1, 2}});
  const ImageName now = make_image(*vault_, {{3}});
  ImageReader parent(*vault_, old);
  ImageWriter writer(*vault_, &parent);
  for (const SessionInfo& session : list_sessions(*vault_)) ASSERT_TRUE(end_session(*vault_, session));
  prune(*vault_, kNow);
  EXPECT_EQ(error_of([&] { writer.publish({}, true); }).code, Code::kConflict);
  EXPECT_EQ(visible(*vault_), std::vector{now});
}

TEST_F(Prune, AnImagePublishedByOneTakenForDeadIsConfirmedIfAllIsThere) {
  const ImageName image = make_image(*vault_, {{1}});
  confirm_image(*vault_, image);
  EXPECT_EQ(visible(*vault_), std::vector{image});
}

TEST_F(Prune, AnImagePublishedByOneTakenForDeadIsWithdrawnIfAPackIsGone) {
  const ImageName image = make_image(*vault_, {{1}});
  vault_->store().remove(object_names(*vault_, kPacksPrefix).at(0));
  EXPECT_EQ(error_of([&] { confirm_image(*vault_, image); }).code, Code::kConflict);
  EXPECT_TRUE(visible(*vault_).empty());
}

TEST_F(Prune, AnImagePublishedByOneTakenForDeadIsWithdrawnIfAPackIsMarked) {
  const ImageName image = make_image(*vault_, {{1}});
  const std::string pack = object_names(*vault_, kPacksPrefix).at(0);
  put_mark(*vault_, {.packs = {id_from_text(pack.substr(pack.rfind('/') + 1))}}, "test");
  EXPECT_EQ(error_of([&] { confirm_image(*vault_, image); }).code, Code::kConflict);
  EXPECT_TRUE(visible(*vault_).empty());
}

TEST_F(Prune, NothingGoesWhileAnImageCannotBeWalked) {
  make_image(*vault_, {{1}});
  const ImageName now = make_image(*vault_, {{2}});
  const std::string name = format("{}{}", kImagesPrefix, now);
  Bytes object = vault_.content(name);
  object.back() ^= 1U;
  vault_.replace(name, object);
  EXPECT_EQ(error_of([&] { prune(*vault_, kNow); }).code, Code::kCorruption);
  EXPECT_TRUE(object_names(*vault_, kMarksPrefix).empty());
}

TEST_F(Prune, ADamagedImageCanBeLetGoAndThenNothingIsInTheWay) {
  const ImageName old = make_image(*vault_, {{1}});
  const ImageName now = make_image(*vault_, {{2}});
  const std::string name = format("{}{}", kImagesPrefix, old);
  Bytes object = vault_.content(name);
  object.back() ^= 1U;
  vault_.replace(name, object);
  put_proof(*vault_, {.image = old, .id = make_proof_id(lifeboat::now())}, lifeboat::now(),
            {.passed = true, .restored = true}, {});
  remove_image(*vault_, old, kNow.policy, "damaged");
  prune(*vault_, kNow);
  expect_whole(*vault_, now);
}

TEST_F(Prune, ADamagedMarkHidesNothingAndGoesWithTheNextPrune) {
  const ImageName old = make_image(*vault_, {{1}});
  make_image(*vault_, {{2}});
  const PruneReport report = prune(*vault_, with_grace());
  const std::string name = object_names(*vault_, kMarksPrefix).at(0);
  Bytes object = vault_.content(name);
  object[40] ^= 1U;
  vault_.replace(name, object);
  EXPECT_EQ(visible(*vault_).size(), 2U);
  const PruneReport after = prune(*vault_, with_grace());
  EXPECT_EQ(after.damaged.size(), 1U);
  EXPECT_EQ(after.images, std::vector{old});
  EXPECT_TRUE(prune(*vault_, with_grace()).damaged.empty());
  EXPECT_EQ(object_names(*vault_, kMarksPrefix).size(), 1U);
}

TEST_F(Prune, AMarkOfANewerFormatStays) {
  make_image(*vault_, {{1}});
  make_image(*vault_, {{2}});
  prune(*vault_, with_grace());
  const std::string name = object_names(*vault_, kMarksPrefix).at(0);
  Bytes object = vault_.content(name);
  object[6] = 9;  // the version
  vault_.replace(name, object);
  prune(*vault_, with_grace());
  EXPECT_EQ(vault_.content(name), object);
}

/// The object that settles a mark is damaged: nobody can read whether it was taken back or is being swept.
class UnclearMark : public Prune {
 protected:
  UnclearMark() {
    prune(*vault_, with_grace());
    const std::string mark = object_names(*vault_, kMarksPrefix).at(0).substr(kMarksPrefix.size());
    settle_mark(*vault_, id_from_text(mark), MarkState::kSweeping);
    const std::string undo = object_names(*vault_, kUndoPrefix).at(0);
    Bytes object = vault_.content(undo);
    object.back() ^= 1U;
    vault_.replace(undo, object);
  }
  void expect_tidy() {
    EXPECT_TRUE(object_names(*vault_, kUndoPrefix).empty());
    EXPECT_TRUE(prune(*vault_, with_grace()).damaged.empty());
  }
  const ImageName old_ = make_image(*vault_, {{1}});
  const ImageName now_ = make_image(*vault_, {{2}});
};

TEST_F(UnclearMark, IsTakenBackWhereAllItNamesIsThere) {
  prune(*vault_, {.policy = {std::chrono::hours(1), {}, {}, 0}});
  EXPECT_EQ(visible(*vault_), (std::vector{old_, now_}));
  expect_whole(*vault_, old_);
  expect_tidy();
}

TEST_F(UnclearMark, IsSweptToItsEndWhereSomethingIsGone) {
  vault_->store().remove(std::string(kImagesPrefix) + old_);
  EXPECT_TRUE(prune(*vault_, with_grace()).sweeps.at(0).swept) << "whatever the grace period: it had begun";
  EXPECT_EQ(visible(*vault_), std::vector{now_});
  expect_whole(*vault_, now_);
  expect_tidy();
}

TEST_F(Prune, RemoveImageObeysTheWindowAndTheLast) {
  const ImageName old = make_image(*vault_, {{1}});
  const ImageName now = make_image(*vault_, {{2}});
  EXPECT_EQ(error_of([&] { remove_image(*vault_, old, {}, "test"); }).code, Code::kRefused) << "inside the window";
  EXPECT_EQ(error_of([&] { remove_image(*vault_, now, kNow.policy, "test"); }).code, Code::kRefused) << "the last";
  remove_image(*vault_, old, kNow.policy, "test");
  EXPECT_EQ(visible(*vault_), std::vector{now});
  undelete(*vault_, old);
  EXPECT_EQ(visible(*vault_).size(), 2U);
}

TEST_F(Prune, AReaderOfAHiddenImageIsRefusedAndToldHowToGoOn) {
  const ImageName old = make_image(*vault_, {{1}});
  const ImageName now = make_image(*vault_, {{2}});
  prune(*vault_, with_grace());
  const Error error = error_of([&] { check_not_hidden(*vault_, old); });
  EXPECT_EQ(error.code, Code::kConflict);
  EXPECT_TRUE(error.hint.contains("lifeboat vault undelete " + old)) << error.hint;
  EXPECT_NO_THROW(check_not_hidden(*vault_, now));
  undelete(*vault_, old);
  EXPECT_NO_THROW(check_not_hidden(*vault_, old));
}

TEST_F(Prune, TellsWasteInPartlyUsedPacks) {
  const ImageName old = make_image(*vault_, {{1, 2, 3, 4}});
  make_image(*vault_, {{4}}, old);
  const PruneReport report = prune(*vault_, kNow);
  EXPECT_FALSE(report.wasted_is_estimate);
  EXPECT_GT(report.wasted_bytes, report.kept_bytes / 4);
  EXPECT_LT(report.wasted_bytes, report.kept_bytes);
}

TEST(References, SamplesPacksWhenThereAreTooManyRecords) {
  CacheInTempDir cache;
  TestVault vault;
  for (std::uint32_t seed = 1; seed < 16; ++seed) make_image(*vault, {{seed}});
  References exact(*vault);
  References sampled(*vault, 30);
  for (const ImageInfo& image : list_images(*vault)) {
    exact.add(image.name);
    sampled.add(image.name);
  }
  EXPECT_EQ(exact.packs(), sampled.packs());
  std::size_t in_sample = 0;
  for (const Id& pack : exact.packs()) {
    EXPECT_TRUE(exact.sampled(pack));
    if (!sampled.sampled(pack)) continue;
    ++in_sample;
    EXPECT_EQ(sampled.used_bytes(pack), exact.used_bytes(pack));
  }
  EXPECT_LT(in_sample, exact.packs().size());
}

}  // namespace
}  // namespace lifeboat::vault
