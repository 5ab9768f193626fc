#include "server/version.h"

#include <gtest/gtest.h>

namespace lifeboat::server {
namespace {

std::string found(std::string_view text) {
  const auto version = find_version(text);
  return version ? version->text() : "none";
}

TEST(Version, IsFoundInWhateverNamesOne) {
  EXPECT_EQ(found("10.11.19-MariaDB"), "10.11.19");
  EXPECT_EQ(found("MariaDB 11.8.3"), "11.8.3");
  EXPECT_EQ(found("5.5.5-10.11.19-MariaDB-0+deb12u1"), "10.11.19");
  EXPECT_EQ(found("/usr/sbin/mariadbd  Ver 10.11.19-MariaDB-0+deb12u1 for debian-linux-gnu"), "10.11.19");
  EXPECT_EQ(found("a.1.2.3 10.11"), "none");
  EXPECT_EQ(found("99999999999.1.1"), "none");
  EXPECT_EQ(found(""), "none");
}

TEST(Version, ComparesByNumber) {
  EXPECT_LT(*find_version("10.9.1"), *find_version("10.11.0"));
  EXPECT_EQ(find_version("10.11.19")->series(), "10.11");
}

}  // namespace
}  // namespace lifeboat::server
