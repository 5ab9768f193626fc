#include "server/option_file.h"

#include <gtest/gtest.h>

#include "base/error.h"

namespace lifeboat::server {
namespace {

std::vector<OptionLine> parse(std::string_view text) {
  return parse_option_text(text, "test.cnf");
}

Code code_of(std::string_view text) {
  try {
    parse(text);
  } catch (const Exception& e) {
    return e.code();
  }
  return Code::kInternal;
}

TEST(OptionText, ReadsGroupsOptionsQuotesCommentsAndEscapes) {
  const auto lines = parse(
      "# head\n[mysqld]\n  innodb-page-size = 4k  # small\n;x\nloose_sql-mode=\"A,B # no\"\nskip-log-bin\n"
      "init='it\\'s\\n'\nempty=\n");
  ASSERT_EQ(lines.size(), 6U);
  EXPECT_EQ(lines[0].kind, OptionLine::Kind::kGroup);
  EXPECT_EQ(lines[1].name, "innodb_page_size");
  EXPECT_EQ(lines[1].value, "4k");
  EXPECT_EQ(lines[1].line, 3);
  EXPECT_EQ(lines[2].name, "sql_mode");
  EXPECT_EQ(lines[2].value, "A,B # no");
  EXPECT_EQ(lines[3].value, std::nullopt);
  EXPECT_EQ(lines[4].value, "it's\n");
  EXPECT_EQ(lines[5].value, "");
}

TEST(OptionText, RefusesWhatAServerWouldRefuse) {
  EXPECT_EQ(code_of("a=1\n"), Code::kUsage);
  EXPECT_EQ(code_of("[mysqld\n"), Code::kUsage);
  EXPECT_EQ(code_of("[mysqld]\n=1\n"), Code::kUsage);
  EXPECT_EQ(code_of("!exec /bin/sh\n"), Code::kUsage);
  EXPECT_EQ(code_of("[mysqld]\n" + std::string(5000, 'a') + "\n"), Code::kUsage);
  EXPECT_EQ(code_of(std::string_view("[mysqld]\na=\0b\n", 14)), Code::kUsage);
}

class ServerOptions : public ::testing::Test {
 protected:
  void write(const std::string& name, std::string_view text) {
    make_directories((directory_.path() / name).parent_path());
    write_file_durably(directory_.path() / name, as_bytes(text));
  }
  std::map<std::string, std::string> read(std::string_view version = "10.11.19") {
    return read_server_options(directory_.path() / "my.cnf", version);
  }
  TempDir directory_;
};

TEST_F(ServerOptions, LastSettingWinsAndOnlyServerGroupsCount) {
  write("my.cnf", "[client]\nport=1\n[mysqld]\nport=2\nport=3\n[mariadb-10.11]\nport=4\n[mariadb-11.8]\nport=5\n");
  EXPECT_EQ(read()["port"], "4");
  EXPECT_EQ(read("")["port"], "3");
}

TEST_F(ServerOptions, FollowsIncludesInOrderAndReadsOnlyCnfFiles) {
  write("my.cnf", "[mysqld]\na=1\n!includedir conf.d\n!include last.cnf\n");
  write("conf.d/20.cnf", "[server]\na=20\nb=20\n");
  write("conf.d/10.cnf", "[server]\na=10\n");
  write("conf.d/30.txt", "[server]\na=30\n");
  write("last.cnf", "[mariadbd]\nskip-c\nd\nplugin-load-add=x\nplugin_load_add=y\n");
  const auto options = read();
  EXPECT_EQ(options.at("a"), "20");
  EXPECT_EQ(options.at("b"), "20");
  EXPECT_EQ(options.at("c"), "0");
  EXPECT_EQ(options.at("d"), "1");
  EXPECT_EQ(options.at("plugin_load_add"), "x;y");
}

TEST_F(ServerOptions, FilesThatIncludeEachOtherAreRefused) {
  write("my.cnf", "!include my.cnf\n");
  EXPECT_THROW(read(), Exception);
}

}  // namespace
}  // namespace lifeboat::server
