#include "vault/scrub.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <random>

#include "vault/pack_check.h"
#include "vault/pins.h"
#include "vault/prune.h"
#include "vault/prune_testing.h"
#include "vault/scrub_log.h"
#include "vault/sealed_object.h"
#include "vault/session.h"
#include "vault/stat.h"

namespace lifeboat::vault {
namespace {

class ScrubTest : public ::testing::Test {
 protected:
  void flip(const std::string& name, std::size_t byte, unsigned bit = 0) {
    Bytes object = vault_.content(name);
    object.at(byte) ^= static_cast<std::uint8_t>(1U << bit);
    overwrite(vault_.path(name), 0, object);
  }

  std::vector<Finding> findings() { return scrub(*vault_, {}).findings; }

  /// Where a plain chunk of the image lies.
  ChunkRef chunk_of(const ImageName& image, std::uint32_t seed, std::uint64_t index) {
    ImageReader reader(*vault_, image);
    return reader.chunk(*reader.find(test_path(seed)), index);
  }

  CacheInTempDir cache_;
  TestVault vault_;
};

TEST_F(ScrubTest, FindsNothingInAWholeVaultAndRemembersIt) {
  make_image(*vault_, {{1, 2}});
  const ScrubReport report = scrub(*vault_, {});
  EXPECT_TRUE(report.findings.empty());
  EXPECT_TRUE(report.strangers.empty());
  EXPECT_EQ(report.packs_read, report.packs);
  EXPECT_EQ(report.packs_unproven, 0U);
  scrub(*vault_, {});
  EXPECT_EQ(object_names(*vault_, kScrubPrefix).size(), 1U) << "older results are merged";
  const VaultStat stat = stat_vault(*vault_);
  EXPECT_EQ(stat.proven_packs, stat.packs);
  EXPECT_TRUE(stat.sessions.empty());
  EXPECT_GT(unix_ms(stat.last_scrub), 0);
}

TEST_F(ScrubTest, ABudgetCoversEverythingInTime) {
  for (std::uint32_t seed = 1; seed < 5; ++seed) make_image(*vault_, {{seed}});
  const std::uint64_t packs = scrub(*vault_, {.budget = 1}).packs;
  for (std::uint64_t round = 2; round <= packs; ++round) {
    const ScrubReport report = scrub(*vault_, {.budget = 1});
    EXPECT_EQ(report.packs_read, 1U);
    EXPECT_EQ(report.packs_unproven, packs - round);
  }
}

TEST_F(ScrubTest, ADamagedChunkIsNamedDownToTheBytesOfTheTable) {
  const ImageName first = make_image(*vault_, {{1, 2}});
  const ImageName second = make_image(*vault_, {{2, 3}}, first);
  const ChunkRef ref = chunk_of(second, 2, 4);
  flip(pack_name(ref.record.pack), ref.record.offset + 5);
  const auto found = findings();
  ASSERT_EQ(found.size(), 1U);
  EXPECT_EQ(found[0].object, pack_name(ref.record.pack));
  ASSERT_EQ(found[0].touched.size(), 2U) << "both images share the chunk";
  for (std::size_t i = 0; i < 2; ++i) {
    const Touched& touched = found[0].touched[i];
    EXPECT_EQ(touched.image, i == 0 ? first : second);
    EXPECT_EQ(touched.path, "db/t2.ibd");
    EXPECT_EQ(touched.table, "db/t2");
    EXPECT_EQ(touched.from, 4 * kChunkBytes);
    EXPECT_EQ(touched.to, 5 * kChunkBytes);
  }
}

TEST_F(ScrubTest, AMissingPackIsNamedWithAllItTouches) {
  const ImageName image = make_image(*vault_, {{1, 2}});
  const ChunkRef ref = chunk_of(image, 1, 0);
  vault_->store().remove(pack_name(ref.record.pack));
  const auto found = findings();
  ASSERT_GE(found.size(), 1U);
  EXPECT_EQ(found[0].what, "missing");
  std::set<std::string> tables;
  for (const Touched& touched : found[0].touched) tables.insert(touched.table);
  EXPECT_TRUE(tables.contains("db/t1"));
}

TEST_F(ScrubTest, ATruncatedPackIsNamedWithItsFiles) {
  const ImageName image = make_image(*vault_, {{1}});
  const std::string name = pack_name(chunk_of(image, 1, 0).record.pack);
  Bytes object = vault_.content(name);
  vault_->store().remove(name);
  object.resize(object.size() - 1);
  vault_.replace(name, object);
  const auto found = findings();
  ASSERT_GE(found.size(), 1U);
  EXPECT_EQ(found[0].object, name);
  EXPECT_FALSE(found[0].touched.empty());
}

/// Of two packs the budget reaches the first by name; the other one's index is read for the trees all the same.
TEST_F(ScrubTest, ADamagedHeaderThatTheBudgetDidNotReachIsNamedWithItsTable) {
  std::map<std::string, std::string> tables;
  for (std::uint32_t seed = 1; seed < 3; ++seed) {
    const ImageName image = make_image(*vault_, {.seeds = {seed}, .chunks = 1});
    tables[pack_name(chunk_of(image, seed, 0).record.pack)] = format("db/t{}", seed);
  }
  ASSERT_EQ(tables.size(), 2U);
  const auto& [name, table] = *tables.rbegin();
  const Bytes good = vault_.content(name);
  for (unsigned bit = 5 * 8; bit < 8 * 8; ++bit) {  // of the version, and of the zero before it
    ASSERT_TRUE(findings().empty());
    flip(name, bit / 8, bit % 8);
    const auto found = scrub(*vault_, {.budget = 1}).findings;
    ASSERT_EQ(found.size(), 1U) << "bit " << bit;
    EXPECT_EQ(found[0].object, name);
    ASSERT_EQ(found[0].touched.size(), 1U) << "bit " << bit;
    EXPECT_EQ(found[0].touched[0].table, table);
    EXPECT_EQ(stat_vault(*vault_).damage.size(), 1U) << "bit " << bit;
    overwrite(vault_.path(name), 0, good);
  }
}

TEST_F(ScrubTest, DamageIsRememberedUntilItIsProvenWhole) {
  make_image(*vault_, {{1}});
  make_image(*vault_, {{2}});
  const std::string name = object_names(*vault_, kPacksPrefix).at(0);
  const Bytes good = vault_.content(name);
  flip(name, good.size() / 2);
  EXPECT_EQ(findings().size(), 1U);
  EXPECT_EQ(stat_vault(*vault_).damage.size(), 1U);
  EXPECT_EQ(scrub(*vault_, {.budget = 1}).findings.size(), 1U) << "damaged packs are read first";
  overwrite(vault_.path(name), 0, good);
  EXPECT_TRUE(scrub(*vault_, {.budget = 1}).findings.empty());
  EXPECT_TRUE(stat_vault(*vault_).damage.empty());
}

TEST_F(ScrubTest, NamesWhatIsNotTheVaults) {
  vault_.replace("holiday.jpg", as_bytes("x"));
  EXPECT_EQ(scrub(*vault_, {}).strangers, std::vector<std::string>{"holiday.jpg"});
}

/// One object of every kind there is; random single bits of each.
TEST_F(ScrubTest, AFlippedBitInAnyKindOfObjectIsFound) {
  const ImageName old = make_image(*vault_, {{1}});
  const ImageName now = make_image(*vault_, {{2}});
  pin_image(*vault_, now);
  const Mark mark = put_mark(*vault_, {.images = {old}}, "test");
  settle_mark(*vault_, put_mark(*vault_, {}, "test").id, MarkState::kUndone);
  put_object(*vault_, ObjectKind::kLaunch, format("launch/{}-{}", now, id_text(random_id())), as_bytes("list"));
  EXPECT_TRUE(scrub(*vault_, {}).findings.empty());
  const Session session(*vault_, SessionKind::kRead, now);
  std::mt19937 random(7);
  for (const std::string& name : object_names(*vault_, "")) {
    if (name.starts_with(kScrubPrefix)) continue;  // every scrub replaces them
    const Bytes good = vault_.content(name);
    for (int i = 0; i < 5; ++i) {
      const std::size_t byte = random() % good.size();
      flip(name, byte, random() % 8);
      bool found = false;
      try {
        const auto result = findings();
        found = std::ranges::any_of(result, [&](const Finding& finding) { return finding.object == name; });
      } catch (const Exception& e) {
        found = name == kConfigName && (e.code() == Code::kCorruption || e.code() == Code::kUnsupported);
      }
      EXPECT_TRUE(found) << name << " byte " << byte;
      overwrite(vault_.path(name), 0, good);
    }
  }
}

}  // namespace
}  // namespace lifeboat::vault
