#include "store/s3_credentials.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <cstdlib>
#include <map>

#include "base/error.h"
#include "base/file.h"

namespace lifeboat::store {
namespace {

constexpr std::string_view kFile =
    "# comment\n[default]\naws_access_key_id = AK1\r\naws_secret_access_key=se/cret=+\n\n"
    "; more\n[ other ]\naws_access_key_id=AK2\naws_secret_access_key=s2\naws_session_token=t2\nregion = x\n[half]\n"
    "aws_access_key_id=AK3\n";

/// The process's environment is put back at the end.
class S3CredentialsTest : public ::testing::Test {
 protected:
  S3CredentialsTest() {
    for (const char* name : {"AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_PROFILE",
                             "AWS_SHARED_CREDENTIALS_FILE", "HOME"}) {
      const char* value = std::getenv(name);
      if (value != nullptr) before_[name] = value;
      names_.emplace_back(name);
      ::unsetenv(name);
    }
    write_file_durably(file_, as_bytes(kFile));
  }
  ~S3CredentialsTest() override {
    for (const std::string& name : names_) ::unsetenv(name.c_str());
    for (const auto& [name, value] : before_) ::setenv(name.c_str(), value.c_str(), 1);
  }
  static void set(const char* name, const std::string& value) { ::setenv(name, value.c_str(), 1); }
  static Error error() {
    try {
      load_s3_credentials();
    } catch (const Exception& e) {
      return e.error();
    }
    ADD_FAILURE() << "nothing was thrown";
    return {};
  }

  TempDir directory_;
  Path file_ = directory_.path() / "credentials";
  std::vector<std::string> names_;
  std::map<std::string, std::string> before_;
};

TEST_F(S3CredentialsTest, TheEnvironmentComesFirst) {
  set("AWS_SHARED_CREDENTIALS_FILE", file_.string());
  set("AWS_ACCESS_KEY_ID", "AK");
  set("AWS_SECRET_ACCESS_KEY", "secret");
  set("AWS_SESSION_TOKEN", "token");
  const S3Credentials found = load_s3_credentials();
  EXPECT_EQ(found.access_key, "AK");
  EXPECT_EQ(as_text(found.secret_key.view()), "secret");
  EXPECT_EQ(found.session_token, "token");
}

TEST_F(S3CredentialsTest, AFileGivesTheProfileAskedFor) {
  set("AWS_SHARED_CREDENTIALS_FILE", file_.string());
  EXPECT_EQ(load_s3_credentials().access_key, "AK1");
  EXPECT_EQ(as_text(load_s3_credentials().secret_key.view()), "se/cret=+");
  EXPECT_EQ(load_s3_credentials().session_token, "");
  set("AWS_PROFILE", "other");
  EXPECT_EQ(load_s3_credentials().access_key, "AK2");
  EXPECT_EQ(load_s3_credentials().session_token, "t2");
}

TEST_F(S3CredentialsTest, TheUsualPlaceIsInTheHomeDirectory) {
  set("HOME", directory_.path().string());
  EXPECT_EQ(error().code, Code::kDenied);
  make_directories(directory_.path() / ".aws");
  std::filesystem::copy_file(file_, directory_.path() / ".aws" / "credentials");
  EXPECT_EQ(load_s3_credentials().access_key, "AK1");
}

TEST_F(S3CredentialsTest, WithoutCredentialsTheErrorSaysWhereTheyGo) {
  EXPECT_EQ(error().code, Code::kDenied);
  EXPECT_NE(error().hint.find("AWS_ACCESS_KEY_ID"), std::string::npos);
  set("AWS_SHARED_CREDENTIALS_FILE", file_.string());
  for (const std::string profile : {"half", "none"}) {
    set("AWS_PROFILE", profile);
    EXPECT_EQ(error().code, Code::kDenied);
    EXPECT_NE(error().message.find(profile), std::string::npos);
  }
}

TEST_F(S3CredentialsTest, AFileThatOthersMayReadIsRefused) {
  set("AWS_SHARED_CREDENTIALS_FILE", file_.string());
  ASSERT_EQ(::chmod(file_.c_str(), 0640), 0);
  EXPECT_EQ(error().code, Code::kRefused);
}

TEST_F(S3CredentialsTest, ABrokenFileIsNamedByLineWithoutItsSecrets) {
  set("AWS_SHARED_CREDENTIALS_FILE", file_.string());
  for (const std::string text : {"[default\naws_secret_access_key=hush\n", "[default]\nhush\n",
                                 "[default]\naws_access_key_id=a\001hush\naws_secret_access_key=hush\n"}) {
    write_file_durably(file_, as_bytes(text));
    EXPECT_EQ(error().code, Code::kCorruption) << text;
    EXPECT_EQ(error().text().find("hush"), std::string::npos);
  }
}

}  // namespace
}  // namespace lifeboat::store
