#include "vault/copy.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "store/store_testing.h"
#include "vault/heal.h"
#include "vault/key_slots.h"
#include "vault/marks.h"
#include "vault/pins.h"
#include "vault/prune.h"
#include "vault/prune_testing.h"
#include "vault/scrub.h"
#include "vault/sealed_object.h"

namespace lifeboat::vault {
namespace {

class CopyTest : public ::testing::Test {
 protected:
  std::unique_ptr<store::Store> target() const { return store::open_store(target_path().string()); }
  Path target_path() const { return directory_.path() / "copy"; }
  std::unique_ptr<Vault> open_target() const { return Vault::open(target(), credential(TestVault::kPassphrase)); }
  CopyReport copy() { return copy_vault(*vault_, target(), {}); }
  void damage(const std::string& name) {
    Bytes object = vault_.content(name);
    object.back() ^= 1U;
    vault_.replace(name, object);
  }

  CacheInTempDir cache_;
  TempDir directory_;
  TestVault vault_;
};

TEST_F(CopyTest, IsAVaultOfItsOwnWithTheSameImages) {
  const ImageName first = make_image(*vault_, {{1}});
  const ImageName second = make_image(*vault_, {{1, 2}}, first);
  pin_image(*vault_, first);
  const CopyReport report = copy();
  EXPECT_EQ(report.images, (std::vector{first, second}));
  EXPECT_TRUE(report.failures.empty());
  const auto there = open_target();
  expect_whole(*there, first);
  expect_whole(*there, second);
  EXPECT_TRUE(pinned_images(*there).contains(first));
  EXPECT_TRUE(scrub(*there, {}).findings.empty());
  EXPECT_TRUE(object_names(*there, kSessionsPrefix).empty());
}

TEST_F(CopyTest, ASecondTimeCopiesOnlyWhatIsNew) {
  const ImageName first = make_image(*vault_, {{1, 2}});
  copy();
  EXPECT_TRUE(copy().images.empty());
  const ImageName second = make_image(*vault_, {{1, 2, 3}}, first);
  const CopyReport report = copy();
  EXPECT_EQ(report.images, std::vector{second});
  EXPECT_EQ(report.images_there, 1U);
  EXPECT_LT(report.packs, object_names(*vault_, kPacksPrefix).size());
  expect_whole(*open_target(), second);
}

TEST_F(CopyTest, ProgressKnowsTheTotalAndReachesIt) {
  const ImageName first = make_image(*vault_, {{1, 2}});
  make_image(*vault_, {{1, 3}}, first);
  for (const bool anything_new : {true, false}) {
    Progress progress(ProgressStyle::kNone, "copy", 0);
    const CopyReport report = copy_vault(*vault_, target(), {.progress = &progress});
    EXPECT_EQ(progress.total() > 0, anything_new);
    EXPECT_EQ(progress.done(), progress.total());
    EXPECT_EQ(report.bytes > progress.total(), anything_new) << "which has small objects as well";
  }
}

TEST_F(CopyTest, DryRunTellsWithoutCopying) {
  make_image(*vault_, {{1}});
  copy();
  const ImageName second = make_image(*vault_, {{2}});
  EXPECT_EQ(copy_vault(*vault_, target(), {.dry_run = true}).images, std::vector{second});
  EXPECT_EQ(list_images(*open_target()).size(), 1U);
}

TEST_F(CopyTest, RefusesAnotherVaultAndWhatIsNoVault) {
  make_image(*vault_, {{1}});
  const TestVault other;
  EXPECT_EQ(error_of([&] { copy_vault(*vault_, other.open_store(), {}); }).code, Code::kRefused);
  make_directories(target_path());
  write_file_durably(target_path() / "holiday.jpg", as_bytes("x"));
  EXPECT_EQ(error_of([&] { copy(); }).code, Code::kRefused);
}

TEST_F(CopyTest, RefusesTheVaultItselfByWhateverName) {
  make_image(*vault_, {{1}});
  const Path other_name = target_path().parent_path() / "other-name";
  std::filesystem::create_directory_symlink(vault_.path("config").parent_path(), other_name);
  for (const bool dry_run : {false, true}) {
    EXPECT_EQ(error_of([&] { copy_vault(*vault_, store::open_store(other_name.string()), {.dry_run = dry_run}); }).code,
              Code::kUsage);
  }
}

TEST_F(CopyTest, ANewKeyOpensTheCopyToo) {
  copy();
  add_passphrase_slot(*vault_, credential("second"), "second");
  copy();
  EXPECT_NO_THROW(Vault::open(target(), credential("second")));
}

TEST_F(CopyTest, HiddenImagesAreNotCopiedAndMarksNeither) {
  const ImageName old = make_image(*vault_, {{1}});
  const ImageName now = make_image(*vault_, {{2}});
  put_mark(*vault_, {.images = {old}}, "test");
  EXPECT_EQ(copy().images, std::vector{now});
  EXPECT_TRUE(object_names(*open_target(), kMarksPrefix).empty());
}

TEST_F(CopyTest, DamageIsNotPassedOn) {
  const ImageName first = make_image(*vault_, {{1}});
  damage(object_names(*vault_, kPacksPrefix).at(0));
  const ImageName second = make_image(*vault_, {{2}});
  const CopyReport report = copy();
  EXPECT_EQ(report.images, std::vector{second});
  ASSERT_EQ(report.failures.size(), 1U);
  EXPECT_EQ(report.failures[0].image, first);
  EXPECT_TRUE(scrub(*open_target(), {}).findings.empty());
}

TEST_F(CopyTest, AFlippedBitThatLooksLikeANewerFormatLeavesOutThatImageOnly) {
  const ImageName first = make_image(*vault_, {{1}});
  const std::string name = object_names(*vault_, kPacksPrefix).at(0);
  Bytes pack = vault_.content(name);
  pack.at(6) ^= 2U;  // of the version
  vault_.replace(name, pack);
  const ImageName second = make_image(*vault_, {{2}});
  const CopyReport report = copy();
  EXPECT_EQ(report.images, std::vector{second});
  ASSERT_EQ(report.failures.size(), 1U);
  EXPECT_EQ(report.failures[0].image, first);
}

TEST_F(CopyTest, ALaunchListIsCopiedButADamagedOneKeepsNoImageBack) {
  const ImageName image = make_image(*vault_, {{1}});
  const std::string whole = format("{}{}-{}", kLaunchPrefix, image, id_text(random_id()));
  const std::string damaged = format("{}{}-{}", kLaunchPrefix, image, id_text(random_id()));
  for (const std::string& name : {whole, damaged}) put_object(*vault_, ObjectKind::kLaunch, name, as_bytes("list"));
  damage(damaged);
  const CopyReport report = copy();
  EXPECT_EQ(report.images, std::vector{image});
  EXPECT_TRUE(report.failures.empty());
  EXPECT_EQ(object_names(*open_target(), kLaunchPrefix), std::vector{whole});
}

TEST_F(CopyTest, AForeignKeySlotIsLeftOutAndADamagedOneToldOfAtTheEnd) {
  const TestVault other;
  const std::string foreign = object_names(*other.open(), kKeysPrefix).at(0);
  vault_.replace(foreign, other.content(foreign));
  const std::string damaged = slot_name(vault_.init().recovery_slot);
  damage(damaged);
  for (const bool first_time : {true, false}) {
    const ImageName image = make_image(*vault_, {{1}});
    pin_image(*vault_, image);
    const CopyReport report = copy();
    EXPECT_EQ(report.images, std::vector{image}) << first_time;
    ASSERT_EQ(report.failures.size(), 1U) << first_time;
    EXPECT_TRUE(report.failures[0].why.contains(damaged)) << report.failures[0].why;
    const auto there = open_target();
    EXPECT_TRUE(pinned_images(*there).contains(image)) << first_time;
    EXPECT_EQ(object_names(*there, kKeysPrefix).size(), 1U) << first_time;
  }
}

TEST_F(CopyTest, WithoutAWholeKeySlotIsRefused) {
  for (const std::string& name : object_names(*vault_, kKeysPrefix)) damage(name);
  EXPECT_EQ(error_of([&] { copy(); }).code, Code::kCorruption);
  EXPECT_FALSE(target()->find(kConfigName).has_value());
}

TEST_F(CopyTest, ADamagedPinIsToldOfAndOthersAreCopied) {
  const ImageName first = make_image(*vault_, {{1}});
  const ImageName second = make_image(*vault_, {{2}});
  for (const ImageName& image : {first, second}) pin_image(*vault_, image);
  damage(format("{}{}", kPinsPrefix, first));
  EXPECT_EQ(copy().failures.size(), 1U);
  EXPECT_EQ(pinned_images(*open_target()), std::set{second});
}

TEST_F(CopyTest, TakesBackMarksOfTheTargetOnWhatItNeeds) {
  const ImageName first = make_image(*vault_, {{1, 2}});
  copy();
  const ImageName second = make_image(*vault_, {{1, 2, 3}}, first);
  std::vector<Id> packs;
  const auto there = open_target();
  for (const std::string& name : object_names(*there, kPacksPrefix)) {
    packs.push_back(id_from_text(name.substr(name.rfind('/') + 1)));
  }
  put_mark(*there, {.images = {first}, .packs = packs}, "test");
  copy();
  prune(*there, {.policy = {}, .grace = std::chrono::milliseconds(0)});
  expect_whole(*there, second);
  expect_whole(*there, first);
}

/// Does something once, right after the packs were listed.
class AfterListingPacks : public store::ForwardingStore {
 public:
  AfterListingPacks(std::unique_ptr<store::Store> inner, std::function<void()> then)
      : ForwardingStore(std::move(inner)), then_(std::move(then)) {}
  void list(std::string_view prefix, const std::function<void(const store::ObjectInfo&)>& each) override {
    ForwardingStore::list(prefix, each);
    if (prefix == kPacksPrefix && then_) std::exchange(then_, nullptr)();
  }

 private:
  std::function<void()> then_;
};

TEST_F(CopyTest, BelievesNoPackThatASweepHadBegunToRemove) {
  const ImageName first = make_image(*vault_, {{1, 2}});
  copy();
  make_image(*vault_, {{1, 2, 3}}, first);
  std::vector<Id> packs;
  const auto there = open_target();
  for (const std::string& name : object_names(*there, kPacksPrefix)) {
    packs.push_back(id_from_text(name.substr(name.rfind('/') + 1)));
  }
  const Mark mark = put_mark(*there, {.images = {first}, .packs = packs}, "test");
  ASSERT_EQ(settle_mark(*there, mark.id, MarkState::kSweeping), MarkState::kSweeping);
  auto store = std::make_unique<AfterListingPacks>(
      target(), [&] { prune(*there, {.policy = {}, .grace = std::chrono::milliseconds(0)}); });
  const CopyReport report = copy_vault(*vault_, std::move(store), {});
  EXPECT_EQ(report.failures.size(), 2U);
  for (const ImageInfo& image : list_images(*there, nullptr)) expect_whole(*there, image.name);
}

TEST_F(CopyTest, HealsEveryObjectDamagedOrMissing) {
  const ImageName image = make_image(*vault_, {{1, 2}});
  pin_image(*vault_, image);
  copy();
  const auto from = open_target();
  for (const std::string& name : object_names(*from, "")) {
    if (name == kConfigName || name.starts_with(kScrubPrefix)) continue;
    const Bytes good = vault_.content(name);
    for (const bool missing : {false, true}) {
      if (missing) {
        vault_->store().remove(name);
      } else {
        damage(name);
      }
      EXPECT_EQ(heal(*vault_, *from, {name}).healed, std::vector{name});
      EXPECT_TRUE(vault_.content(name) == good) << name;
    }
    EXPECT_TRUE(heal(*vault_, *from, {name}).healed.empty()) << "whole objects are left alone";
  }
  EXPECT_TRUE(scrub(*vault_.open(), {}).findings.empty());
}

TEST_F(CopyTest, HealsTheWayIn) {
  copy();
  const auto from = open_target();
  Bytes config = vault_.content(kConfigName);
  config[10] ^= 1U;  // in the vault's id
  vault_.replace(kConfigName, config);
  EXPECT_THROW(vault_.open(), Exception);
  heal_way_in(vault_.open_store(), *from);
  EXPECT_NO_THROW(vault_.open());
}

TEST_F(CopyTest, WhatTheCopyLacksIsNotHealedAndSaidSo) {
  copy();
  const auto from = open_target();
  const ImageName image = make_image(*vault_, {{1}});
  const std::string name = format("{}{}", kImagesPrefix, image);
  damage(name);
  const HealReport report = heal(*vault_, *from, {name});
  EXPECT_TRUE(report.healed.empty());
  ASSERT_EQ(report.failures.size(), 1U);
  EXPECT_TRUE(vault_->store().find(name).has_value()) << "a damaged object is better than none";
}

}  // namespace
}  // namespace lifeboat::vault
