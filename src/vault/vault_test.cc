#include "vault/vault.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <thread>

#include "base/random.h"
#include "vault/config.h"
#include "vault/format.h"
#include "vault/key_slot_format.h"
#include "vault/key_slots.h"
#include "vault/keys.h"
#include "vault/vault_testing.h"

namespace lifeboat::vault {
namespace {

std::string recovery_text(const InitResult& init) {
  return std::string(as_text(init.recovery_key.view()));
}

TEST(Vault, OpensWithThePassphraseAndWithTheRecoveryKey) {
  TestVault vault;
  EXPECT_EQ(vault->id(), vault.init().vault_id);
  const std::string recovery = recovery_text(vault.init());
  EXPECT_EQ(recovery.size(), 14U * 5 - 1);
  const auto by_recovery = vault.open(recovery);
  EXPECT_EQ(by_recovery->id(), vault->id());
  EXPECT_EQ(to_hex(by_recovery->keys().vault_key().view()), to_hex(vault->keys().vault_key().view()));
  std::string typed = "  ";
  for (char c : recovery) typed += c == '-' ? ' ' : static_cast<char>(std::tolower(c));
  EXPECT_NO_THROW(vault.open(typed + "\n"));
}

TEST(Vault, WrongPassphraseIsLockedAndATypingMistakeInTheRecoveryKeyIsRecognised) {
  TestVault vault;
  EXPECT_EQ(error_of([&] { vault.open("wrong"); }).code, Code::kLocked);
  EXPECT_EQ(error_of([&] { vault.open(""); }).code, Code::kLocked);
  std::string mistyped = recovery_text(vault.init());
  mistyped[3] = mistyped[3] == 'A' ? 'B' : 'A';
  const Error error = error_of([&] { vault.open(mistyped); });
  EXPECT_EQ(error.code, Code::kLocked);
  EXPECT_NE(error.hint.find("typing mistake"), std::string::npos);
}

TEST(Vault, NothingThereIsNotFound) {
  const TempDir directory;
  const auto open = [&] { Vault::open(store::open_store(directory.path().string()), credential("x")); };
  const Error error = error_of(open);
  EXPECT_EQ(error.code, Code::kNotFound);
  EXPECT_NE(error.message.find("no vault at"), std::string::npos);
}

TEST(Vault, InitRefusesAnExistingVaultForeignObjectsAndAnEmptyPassphrase) {
  TestVault vault;
  EXPECT_EQ(error_of([&] { Vault::init(*vault.open_store(), credential("x")); }).code, Code::kExists);
  EXPECT_NO_THROW(vault.open());
  const TempDir directory;
  const auto store = store::open_store(directory.path().string());
  EXPECT_EQ(error_of([&] { Vault::init(*store, credential("")); }).code, Code::kUsage);
  store->put("images/x", as_bytes("somebody's"));
  EXPECT_EQ(error_of([&] { Vault::init(*store, credential("x")); }).code, Code::kRefused);
}

TEST(Vault, InitAfterAnInitThatDiedGivesAVaultThatOpens) {
  const TempDir directory;
  const auto store = store::open_store(directory.path().string());
  const Keys died(random_id(), codec::Secret(Bytes(32, 1)));
  const Id left = random_id();
  store->put(slot_name(left),
             seal_slot(died, left, SlotType::kPassphrase, codec::Secret(std::string_view("x")), "", now()));
  Vault::init(*store, credential("x"));
  const auto open = [&](std::string_view passphrase) {
    return Vault::open(store::open_store(directory.path().string()), credential(passphrase));
  };
  const auto vault = open("x");
  EXPECT_EQ(error_of([&] { open("y"); }).code, Code::kLocked) << "what was left is no damage of this vault";
  EXPECT_EQ(remove_foreign_slots(*vault), 1U);
  EXPECT_EQ(list_slots(*vault).size(), 2U);
  EXPECT_EQ(remove_foreign_slots(*vault), 0U);
}

TEST(Vault, ADamagedSlotIsNotTakenForAForeignOne) {
  TestVault vault;
  const Id id = slot_ids(vault->store()).at(0);
  const Bytes slot = vault.content(slot_name(id));
  EXPECT_FALSE(is_foreign_slot(slot, vault->id(), id));
  for_each_flipped_bit(slot, [&](const Bytes& changed, std::size_t bit) {
    EXPECT_FALSE(is_foreign_slot(changed, vault->id(), id)) << bit;
  });
}

TEST(Vault, OfConcurrentInitsExactlyOneWinsAndItsKeyOpens) {
  const TempDir directory;
  std::atomic<int> won{0};
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&, i] {
      const auto store = store::open_store(directory.path().string());
      try {
        Vault::init(*store, credential(format("p{}", i)));
        won += 1 + i * 100;
      } catch (const Exception& e) {
        EXPECT_EQ(e.code(), Code::kExists);
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  ASSERT_EQ(won % 100, 1);
  const auto vault = Vault::open(store::open_store(directory.path().string()), credential(format("p{}", won / 100)));
  EXPECT_EQ(list_slots(*vault).size(), 2U) << "the losers take their slots back";
}

TEST(Vault, EveryFlippedBitOfTheConfigIsFound) {
  TestVault vault;
  const Bytes config = vault.content(kConfigName);
  ASSERT_EQ(config.size(), kConfigBytes);
  for_each_flipped_bit(config, [&](const Bytes& changed, std::size_t bit) {
    const Error error = error_of([&] { verify_config(vault->keys(), changed); });
    EXPECT_TRUE(tells_of_damage(error)) << bit << ": " << error.text();
  });
  for (std::size_t size = 0; size < config.size(); ++size) {
    EXPECT_TRUE(tells_of_damage(error_of([&] { verify_config(vault->keys(), ByteView(config).first(size)); }))) << size;
  }
  EXPECT_NO_THROW(verify_config(vault->keys(), config));
}

TEST(Vault, OpenTellsDamagedForeignAndNewerConfigsApart) {
  TestVault vault;
  const Bytes config = vault.content(kConfigName);
  const auto open_with = [&](const std::function<void(Bytes&)>& change) {
    Bytes changed = config;
    change(changed);
    vault.replace(kConfigName, changed);
    const Error error = error_of([&] { vault.open(); });
    vault.replace(kConfigName, config);
    return error;
  };
  const Error damaged = open_with([](Bytes& bytes) { bytes[35] ^= 1; });  // the creation time: only the MAC covers it
  EXPECT_EQ(damaged.code, Code::kCorruption);
  const Error not_ours = open_with([](Bytes& bytes) { bytes[0] ^= 1; });
  EXPECT_EQ(not_ours.code, Code::kCorruption);
  EXPECT_NE(not_ours.message.find("not a Lifeboat object"), std::string::npos);
  const Error newer = open_with([](Bytes& bytes) { bytes[6] = 2; });
  EXPECT_EQ(newer.code, Code::kUnsupported);
  EXPECT_NE(newer.message.find("newer Lifeboat"), std::string::npos);
  const Error truncated = open_with([](Bytes& bytes) { bytes.resize(50); });
  EXPECT_EQ(truncated.code, Code::kCorruption);
  TestVault other;
  const Error foreign = open_with([&](Bytes& bytes) { bytes = other.content(kConfigName); });
  EXPECT_EQ(foreign.code, Code::kCorruption);
  EXPECT_NE(foreign.message.find("foreign object"), std::string::npos) << foreign.message;
  EXPECT_NO_THROW(vault.open());
}

TEST(KeySlots, EveryFlippedBitIsFoundWithoutAnyKey) {
  TestVault vault;
  for (const SlotInfo& info : list_slots(*vault)) {
    const Bytes slot = vault.content(slot_name(info.id));
    for_each_flipped_bit(slot, [&](const Bytes& changed, std::size_t bit) {
      const Error error = error_of([&] { decode_slot(changed, vault->id(), info.id); });
      EXPECT_TRUE(tells_of_damage(error)) << bit << ": " << error.text();
    });
    for (std::size_t size = 0; size < slot.size(); ++size) {
      EXPECT_TRUE(tells_of_damage(error_of([&] { decode_slot(ByteView(slot).first(size), vault->id(), info.id); })));
    }
    EXPECT_TRUE(tells_of_damage(error_of([&] { decode_slot(slot, vault->id(), random_id()); }))) << "misplaced";
    EXPECT_TRUE(tells_of_damage(error_of([&] { decode_slot(slot, random_id(), info.id); }))) << "foreign";
    EXPECT_NO_THROW(verify_slot(vault->keys(), slot, info.id));
  }
}

TEST(KeySlots, ASlotForgedWithoutTheVaultKeyIsFoundByItsHolder) {
  TestVault vault;
  const Keys forger(vault->id(), codec::Secret(Bytes(32, 1)));
  const Id id = random_id();
  const Bytes slot = seal_slot(forger, id, SlotType::kPassphrase, codec::Secret(std::string_view("mine")), "x", now());
  EXPECT_NO_THROW(decode_slot(slot, vault->id(), id));
  EXPECT_EQ(error_of([&] { verify_slot(vault->keys(), slot, id); }).code, Code::kCorruption);
  // And a vault "opened" through it is not this one: the config's MAC differs.
  vault.replace(slot_name(id), slot);
  EXPECT_EQ(error_of([&] { vault.open("mine"); }).code, Code::kCorruption);
}

TEST(KeySlots, ADamagedSlotIsToldApartFromAWrongPassphrase) {
  TestVault vault;
  const std::vector<SlotInfo> slots = list_slots(*vault);
  const auto passphrase_slot = std::ranges::find(slots, SlotType::kPassphrase, &SlotInfo::type);
  ASSERT_NE(passphrase_slot, slots.end());
  Bytes bytes = vault.content(slot_name(passphrase_slot->id));
  bytes[100] ^= 4;
  vault.replace(slot_name(passphrase_slot->id), bytes);
  EXPECT_EQ(error_of([&] { vault.open(); }).code, Code::kCorruption);
  EXPECT_NO_THROW(vault.open(recovery_text(vault.init())));
  const std::vector<SlotInfo> now = list_slots(*vault);
  EXPECT_TRUE(now.front().damage.empty());
  EXPECT_FALSE(now.back().damage.empty());
}

TEST(KeySlots, AreAddedListedAndRemovedButNeverTheLast) {
  TestVault vault;
  const Id second = add_passphrase_slot(*vault, credential("battery staple"), "the night shift");
  const NewRecoverySlot third = add_recovery_slot(*vault, "in the safe");
  EXPECT_EQ(vault.open("battery staple")->id(), vault->id());
  EXPECT_EQ(vault.open(as_text(third.recovery_key.view()))->id(), vault->id());
  std::vector<SlotInfo> slots = list_slots(*vault);
  ASSERT_EQ(slots.size(), 4U);
  EXPECT_EQ(std::ranges::find(slots, second, &SlotInfo::id)->label, "the night shift");

  remove_slot(*vault, second);
  EXPECT_EQ(error_of([&] { vault.open("battery staple"); }).code, Code::kLocked);
  EXPECT_EQ(error_of([&] { remove_slot(*vault, second); }).code, Code::kNotFound);
  for (const SlotInfo& slot : list_slots(*vault)) {
    if (slot.id != third.id) remove_slot(*vault, slot.id);
  }
  EXPECT_EQ(error_of([&] { remove_slot(*vault, third.id); }).code, Code::kRefused);
  EXPECT_NO_THROW(vault.open(as_text(third.recovery_key.view())));
  EXPECT_EQ(error_of([&] { add_passphrase_slot(*vault, credential("x"), std::string(65, 'x')); }).code, Code::kUsage);
}

TEST(KeySlots, ADamagedSlotDoesNotCountAsAnother) {
  TestVault vault;
  const std::vector<SlotInfo> slots = list_slots(*vault);
  Bytes bytes = vault.content(slot_name(slots[0].id));
  bytes.back() ^= 1;
  vault.replace(slot_name(slots[0].id), bytes);
  EXPECT_EQ(error_of([&] { remove_slot(*vault, slots[1].id); }).code, Code::kRefused);
  EXPECT_NO_THROW(remove_slot(*vault, slots[0].id));
}

TEST(KeySlots, RemovingTheTwoLastAtOnceLeavesOne) {
  TestVault vault;
  const std::vector<SlotInfo> slots = list_slots(*vault);
  std::vector<std::thread> threads;
  for (const SlotInfo& slot : slots) {
    threads.emplace_back([&, id = slot.id] {
      try {
        remove_slot(*vault, id);
      } catch (const Exception& e) {
        EXPECT_TRUE(e.code() == Code::kRefused || e.code() == Code::kConflict) << e.what();
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_GE(list_slots(*vault).size(), 1U);
}

TEST(RecoveryKey, EveryOneDigitMistakeIsNoticed) {
  const Bytes key = random_bytes(32);
  const codec::Secret text = recovery_key_text(key);
  const std::string shown(as_text(text.view()));
  EXPECT_EQ(to_hex(parse_recovery_key(shown)->view()), to_hex(key));
  int accepted = 0;
  for (std::size_t i = 0; i < shown.size(); ++i) {
    if (shown[i] == '-') continue;
    for (char c : std::string_view("ABCDEFGHIJKLMNOPQRSTUVWXYZ234567")) {
      std::string changed = shown;
      changed[i] = c;
      accepted += changed != shown && parse_recovery_key(changed) ? 1 : 0;
    }
  }
  EXPECT_LE(accepted, 1) << "2^-20 each of 1736";
  EXPECT_FALSE(parse_recovery_key(""));
  EXPECT_FALSE(parse_recovery_key(shown + "A"));
  EXPECT_FALSE(parse_recovery_key(shown.substr(1)));
}

TEST(Header, IsAsDocumented) {
  Id id{};
  for (std::size_t i = 0; i < id.size(); ++i) id[i] = static_cast<std::uint8_t>(i);
  EXPECT_EQ(to_hex(make_header(ObjectKind::kPin, id, "pins/x")),
            "4c424f5405000100"
            "000102030405060708090a0b0c0d0e0f"
            "c8d6be19c6ad10ba");
}

}  // namespace
}  // namespace lifeboat::vault
