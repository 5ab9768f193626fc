#include "vault/heal.h"

#include <gtest/gtest.h>

#include "store/store_testing.h"
#include "vault/copy.h"
#include "vault/key_slots.h"
#include "vault/marks.h"
#include "vault/pins.h"
#include "vault/prune_testing.h"
#include "vault/scrub.h"
#include "vault/stat.h"

namespace lifeboat::vault {
namespace {

/// A store that is lost at the put of one object, as if the process had been killed before it.
class LostStore : public store::ForwardingStore {
 public:
  LostStore(std::unique_ptr<store::Store> inner, std::string lost_at)
      : ForwardingStore(std::move(inner)), lost_at_(std::move(lost_at)) {}

  void put(std::string_view name, ByteView bytes) override {
    if (name == lost_at_) fail(Code::kUnavailable, format("lost at {}", name));
    ForwardingStore::put(name, bytes);
  }

 private:
  std::string lost_at_;
};

class HealCutShort : public ::testing::Test {
 protected:
  void SetUp() override {
    image_ = make_image(*vault_, {{1}});
    make_image(*vault_, {{2}});
    pin_image(*vault_, image_);
    copy_vault(*vault_, target(), {});
    from_ = Vault::open_copy(target(), *vault_);
  }
  std::unique_ptr<store::Store> target() const { return store::open_store((directory_.path() / "copy").string()); }
  std::string image_object() const { return format("{}{}", kImagesPrefix, image_); }

  void damage(const std::string& name) {
    Bytes object = vault_.content(name);
    object.back() ^= 1U;
    vault_.replace(name, object);
  }
  /// Damages an object, and leaves a heal of it where it has removed the damaged one.
  void cut_short(const std::string& name) {
    damage(name);
    const auto lost = Vault::open_copy(std::make_unique<LostStore>(vault_.open_store(), name), *vault_);
    EXPECT_EQ(error_of([&] { heal(*lost, *from_, {name}); }).code, Code::kUnavailable);
    EXPECT_FALSE(vault_->store().find(name).has_value()) << name;
  }
  std::vector<std::string> found() {
    std::vector<std::string> names;
    for (const Finding& finding : scrub(*vault_, {}).findings) names.push_back(finding.object);
    return names;
  }

  CacheInTempDir cache_;
  TempDir directory_;
  TestVault vault_;
  ImageName image_;
  std::unique_ptr<Vault> from_;
};

TEST_F(HealCutShort, IsFoundAndGoesOnThoughNothingRefersToWhatIsGone) {
  const std::string names[] = {image_object(), format("{}{}", kPinsPrefix, image_),
                               slot_name(vault_.init().recovery_slot)};
  for (const std::string& name : names) {
    const Bytes good = vault_.content(name);
    cut_short(name);
    EXPECT_EQ(found(), std::vector{name});
    EXPECT_EQ(found(), std::vector{name}) << "until it is healed";
    EXPECT_EQ(heal(*vault_, *from_, {name}).healed, std::vector{name});
    EXPECT_TRUE(found().empty()) << name;
    EXPECT_TRUE(stat_vault(*vault_).damage.empty());
    EXPECT_TRUE(vault_.content(name) == good) << name;
  }
}

TEST_F(HealCutShort, DoesNotBringBackWhatAMarkHides) {
  put_mark(*vault_, {.images = {image_}}, "test");
  cut_short(image_object());
  EXPECT_TRUE(found().empty());
}

TEST_F(HealCutShort, OfTheWayInIsFound) {
  const std::string second = slot_name(slot_ids(from_->store()).at(1));
  for (const Id& id : slot_ids(from_->store())) damage(slot_name(id));
  auto lost = std::make_unique<LostStore>(vault_.open_store(), second);
  EXPECT_EQ(error_of([&] { heal_way_in(std::move(lost), *from_); }).code, Code::kUnavailable);
  EXPECT_EQ(found(), std::vector{second});
}

TEST_F(HealCutShort, OrNotLeavesNoNoteOfWhatIsHealed) {
  damage(image_object());
  heal(*vault_, *from_, {image_object()});
  EXPECT_TRUE(object_names(*vault_, kScrubPrefix).empty());
}

}  // namespace
}  // namespace lifeboat::vault
