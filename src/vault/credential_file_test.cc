#include "vault/credential_file.h"

#include <gtest/gtest.h>

#include "base/error.h"
#include "vault/vault_testing.h"

namespace lifeboat::vault {
namespace {

class CredentialFileTest : public ::testing::Test {
 protected:
  Path file(std::string_view content) {
    const Path path = directory_.path() / "secret";
    write_file_durably(path, as_bytes(content));
    return path;
  }

  TempDir directory_;
};

TEST_F(CredentialFileTest, APassphraseIsNoRecoveryKey) {
  const TestVault vault;
  const Path passphrase = file(TestVault::kPassphrase);
  EXPECT_NO_THROW(Vault::open(vault.open_store(), read_passphrase(passphrase)));
  EXPECT_EQ(error_of([&] { read_recovery_key(passphrase); }).code, Code::kLocked);
}

TEST_F(CredentialFileTest, ARecoveryKeyOpensAndOneWithAMistakeIsToldFromAPassphrase) {
  const TestVault vault;
  std::string key(as_text(vault.init().recovery_key.view()));
  EXPECT_NO_THROW(Vault::open(vault.open_store(), read_recovery_key(file(key + "\n"))));
  key[0] = key[0] == 'A' ? 'B' : 'A';
  const Error error = error_of([&] { read_recovery_key(file(key)); });
  EXPECT_EQ(error.code, Code::kLocked);
  EXPECT_NE(error.hint.find("typing mistake"), std::string::npos);
}

TEST_F(CredentialFileTest, WhatIsWrongWithAFileSaysWhatItWasFor) {
  for (const std::string& content : {std::string(), std::string(70'000, 'x')}) {
    const Error error = error_of([&] { read_passphrase(file(content)); });
    EXPECT_EQ(error.code, Code::kUsage);
    EXPECT_NE(error.text().find("passphrase"), std::string::npos) << error.text();
    EXPECT_FALSE(error.hint.empty());
  }
  const Error absent = error_of([&] { read_recovery_key(directory_.path() / "absent"); });
  EXPECT_EQ(absent.code, Code::kNotFound);
  EXPECT_NE(absent.text().find("recovery key"), std::string::npos) << absent.text();
  EXPECT_FALSE(absent.hint.empty());
}

}  // namespace
}  // namespace lifeboat::vault
