#include "vault/proofs.h"

#include <gtest/gtest.h>

#include "vault/format.h"
#include "vault/sealed_object.h"
#include "vault/vault_testing.h"

namespace lifeboat::vault {
namespace {

constexpr std::string_view kImage = "20261130-121221-3f9a2c";
constexpr std::string_view kOther = "20261130-131221-3f9a2d";

ProofName name_of(std::string_view image, std::string_view id) {
  return {.image = std::string(image), .id = std::string(id)};
}

std::string object_of(const ProofName& name) {
  return format("{}{}/{}", kProofsPrefix, name.image, name.id);
}

TEST(Proofs, AreReadAsTheyWereSaid) {
  TestVault vault;
  const ProofName name = name_of(kImage, "20261130-140000-000001");
  put_proof(*vault, name, from_unix_ms(1'000), {.passed = true, .restored = true}, {{"level", "boot"}});
  const Proof proof = read_proof(*vault, name);
  EXPECT_TRUE(proof.passed);
  EXPECT_EQ(unix_ms(proof.time), 1'000);
  EXPECT_EQ(json_string(proof.said, "level"), "boot");
  EXPECT_EQ(resolve_proof(*vault, "latest").id, name.id);
  EXPECT_EQ(resolve_proof(*vault, "20261130").id, name.id);
}

TEST(Proofs, SayOfThemselvesWhatTheirWriterCannotReplace) {
  TestVault vault;
  const ProofName name = name_of(kImage, "20261130-140000-000001");
  put_proof(*vault, name, from_unix_ms(1'000), {.passed = false, .restored = true}, {{"passed", true}, {"image", "x"}});
  EXPECT_FALSE(read_proof(*vault, name).passed);
  EXPECT_FALSE(json_flag(read_proof(*vault, name).said, "passed"));
}

TEST(Proofs, AreWriteOnce) {
  TestVault vault;
  const ProofName name = name_of(kImage, "20261130-140000-000001");
  put_proof(*vault, name, from_unix_ms(1'000), {.passed = false, .restored = true}, {});
  EXPECT_EQ(
      error_of([&] { put_proof(*vault, name, from_unix_ms(1'000), {.passed = true, .restored = true}, {}); }).code,
      Code::kExists);
  EXPECT_FALSE(read_proof(*vault, name).passed);
}

TEST(Proofs, AnImageIsProvenByTheNewestThatItPassed) {
  TestVault vault;
  put_proof(*vault, name_of(kImage, "20261130-140000-000001"), from_unix_ms(1'000), {.passed = true, .restored = true},
            {});
  put_proof(*vault, name_of(kImage, "20261130-150000-000001"), from_unix_ms(2'000), {.passed = true, .restored = true},
            {});
  put_proof(*vault, name_of(kImage, "20261130-160000-000001"), from_unix_ms(3'000), {.passed = false, .restored = true},
            {});
  put_proof(*vault, name_of(kOther, "20261130-170000-000001"), from_unix_ms(4'000), {.passed = false, .restored = true},
            {});
  put_proof(*vault, name_of(kOther, "20261130-180000-000001"), from_unix_ms(5'000), {.passed = true, .restored = false},
            {});  // only read
  const auto proven = proven_images(*vault, {std::string(kImage), std::string(kOther)});
  ASSERT_EQ(proven.size(), 1U);
  EXPECT_EQ(unix_ms(proven.at(std::string(kImage))), 2'000);
  EXPECT_EQ(list_proofs(*vault).back().image, kOther);
  EXPECT_TRUE(proven_images(*vault, {std::string(kOther)}).empty()) << "nothing else was asked for";
}

TEST(Proofs, WithAnotherSignatureProveNothing) {
  TestVault vault;
  const ProofName name = name_of(kImage, "20261130-140000-000001");
  const std::string text = json::serialize(
      json::object{{"image", name.image}, {"id", name.id}, {"time", 1'000}, {"passed", true}, {"restored", true}});
  for (const std::string& signature : {std::string(128, '0'), std::string("12"), std::string("no hex")}) {
    TestVault forged;
    put_object(*forged, ObjectKind::kProof, object_of(name),
               as_bytes(json::serialize(json::object{{"text", text}, {"signature", signature}})));
    EXPECT_EQ(error_of([&] { read_proof(*forged, name); }).code, Code::kCorruption) << signature;
    EXPECT_TRUE(proven_images(*forged, {name.image}).empty());
  }
}

TEST(Proofs, ThatNobodyCanReadArePassedOver) {
  TestVault vault;
  const ProofName good = name_of(kImage, "20261130-140000-000001");
  const ProofName bad = name_of(kImage, "20261130-150000-000001");
  for (const ProofName& name : {good, bad}) {
    put_proof(*vault, name, from_unix_ms(1'000), {.passed = true, .restored = true}, {});
  }
  const Bytes whole = vault.content(object_of(bad));
  for (const std::size_t at : {std::size_t{6}, whole.size() - 1}) {  // the version, the content
    Bytes object = whole;
    object[at] ^= 0x40U;
    vault.replace(object_of(bad), object);
    const auto found = find_proof(*vault, bad);
    ASSERT_FALSE(found);
    EXPECT_TRUE(tells_of_damage(found.error())) << found.error().text();
    EXPECT_TRUE(proven_images(*vault, {good.image}).contains(good.image)) << "by the one before it";
  }
  std::filesystem::remove(vault.path(object_of(bad)));
  EXPECT_EQ(find_proof(*vault, bad).error().code, Code::kNotFound);
  EXPECT_TRUE(find_proof(*vault, good)->passed);
}

TEST(Proofs, AreNotFoundByANameThatFitsNone) {
  TestVault vault;
  EXPECT_EQ(error_of([&] { resolve_proof(*vault, "latest"); }).code, Code::kNotFound);
  put_proof(*vault, name_of(kImage, "20261130-140000-000001"), now(), {.passed = true, .restored = true}, {});
  put_proof(*vault, name_of(kImage, "20261130-150000-000001"), now(), {.passed = true, .restored = true}, {});
  EXPECT_EQ(error_of([&] { resolve_proof(*vault, "2027"); }).code, Code::kNotFound);
  EXPECT_EQ(error_of([&] { resolve_proof(*vault, "20261130"); }).code, Code::kUsage);
}

}  // namespace
}  // namespace lifeboat::vault
