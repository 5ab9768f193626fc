#include "relay/guard_config.h"

#include <gtest/gtest.h>

#include "base/error.h"

namespace lifeboat::relay {
namespace {

using namespace std::chrono_literals;

Error error_of(std::string_view text) {
  try {
    parse_guard_config(text, "g.toml");
  } catch (const Exception& e) {
    return e.error();
  }
  return {Code::kInternal, "no error", {}, {}, {}};
}

TEST(GuardConfig, NeedsNoFile) {
  const GuardConfig config = parse_guard_config("", "");
  EXPECT_TRUE(config.rules.empty());
  EXPECT_EQ(config.mass.deleted, 1000U);
  EXPECT_EQ(config.longest_window(), 1h);
}

TEST(GuardConfig, SaysAllThatAGuardMayBeTold) {
  const GuardConfig config = parse_guard_config(R"(
[guard]
hook = ["/usr/local/bin/page", "--urgent"]
hook_timeout = "10s"
webhook = "https://pager.example/x"
webhook_ca = "/etc/ca.pem"

[guard.mass]
deleted = 5
updated = 6
window_rows = 7
window = "2h"
window_from = 8

[guard.statistics]
server = "mysql://lifeboat@db2.example:3306"
password_file = "/etc/lifeboat/db2"
every = "5m"

[[guard.rule]]
name = "nightly purge"
class = ["delete_range", "mass_delete"]
objects = ["shop.log_*", "audit.*"]
accounts = ["purge@%"]
replicas = ["user:reports", "id:12"]
rows_up_to = 50_000
share_up_to = "2.5%"
window = "1d"
between = "23:30-04:00"
then = "allow"

[[guard.rule]]
then = "hold"
rows_above = 1
)",
                                                "g.toml");
  EXPECT_EQ(config.notify.hook, (std::vector<std::string>{"/usr/local/bin/page", "--urgent"}));
  EXPECT_EQ(config.notify.hook_timeout, 10s);
  EXPECT_EQ(config.mass.window_from, 8U);
  ASSERT_EQ(config.rules.size(), 2U);
  const GuardRule& rule = config.rules[0];
  EXPECT_EQ(rule.then, GuardAction::kAllow);
  EXPECT_EQ(rule.classes, (std::set{binlog::DangerClass::kDeleteRange, binlog::DangerClass::kMassDelete}));
  EXPECT_EQ(rule.rows_up_to, 50'000U);
  EXPECT_EQ(rule.share_up_to, 2.5);
  EXPECT_EQ(config.statistics->address.endpoint.text(), "db2.example:3306");
  EXPECT_EQ(config.statistics->every, 5min);
  EXPECT_EQ(rule.window, 24h);
  EXPECT_EQ(config.longest_window(), 24h);
  EXPECT_EQ(config.rules[1].name, "g.toml line 32");
}

TEST(GuardConfig, NamesWhatIsWrongAndWhatWasMeant) {
  struct Wrong {
    std::string_view text;
    std::string_view message;
    std::string_view hint;
  };
  const std::vector<Wrong> cases = {
      {"[gard]\n", "g.toml line 1: no such key at the top: 'gard'", "Did you mean 'guard'?"},
      {"[guard]\nhok = ['x']\n", "g.toml line 2: no such key in [guard]: 'hok'", "Did you mean 'hook'?"},
      {"[[guard.rule]]\nthen = 'hold'\nobject = 'a.b'\n", "g.toml line 3: no such key in [guard.rule]: 'object'",
       "Did you mean 'objects'?"},
      {"[[guard.rule]]\nthen = 'hold'\nclass = 'drop_tabel'\n", "g.toml line 3: class: there is no class 'drop_tabel'",
       "Did you mean 'drop_table'?"},
      {"[[guard.rule]]\nthen = 'stop'\n", "g.toml line 2: then: 'stop' is neither hold, warn nor allow", ""},
      {"[[guard.rule]]\nclass = 'drop_table'\n", "g.toml line 1: then: each rule needs one: hold, warn or allow", ""},
      {"[[guard.rule]]\nthen = 'hold'\nbetween = '1-2'\n", "g.toml line 3: between: '1' is no time of day",
       "Write between = \"01:00-04:30\" (UTC)."},
      {"[[guard.rule]]\nthen = 'hold'\nbetween = '01:00-24:00'\n", "g.toml line 3: between: '24:00' is no time of day",
       "Write between = \"01:00-04:30\" (UTC)."},
      {"[[guard.rule]]\nthen = 'hold'\nrows_above = -1\n", "g.toml line 3: rows_above: it cannot be less than 0", ""},
      {"[[guard.rule]]\nthen = 'hold'\nwindow = '1h'\n",
       "g.toml line 3: window: it belongs to rows_above, rows_up_to or a share, and there is none", ""},
      {"[[guard.rule]]\nthen = 'hold'\nshare_above = '20'\n", "g.toml line 3: share_above: '20' is no share of a table",
       "Write it like \"20%\"."},
      {"[[guard.rule]]\nthen = 'hold'\nshare_up_to = '101%'\n",
       "g.toml line 3: share_up_to: '101%' is no share of a table", "Write it like \"20%\"."},
      {"[[guard.rule]]\nthen = 'hold'\nshare_up_to = 'nan%'\n",
       "g.toml line 3: share_up_to: 'nan%' is no share of a table", "Write it like \"20%\"."},
      {"[guard.statistics]\nserver = 'db2'\n", "g.toml line 2: server: \"db2\" is no source",
       "Write it like mysql://lifeboat@db1.example:3306."},
      {"[guard.statistics]\nserver = 'mysql://l@db2:3306'\n",
       "g.toml line 1: password_file: the server's account has a password: name the file that holds it", ""},
      {"[[guard.rule]]\nthen = 'hold'\nobjects = 'shop'\n", "g.toml line 3: objects: 'shop' is no pattern of tables",
       "Write database.table, database.* or *; * and ? stand for other letters."},
      {"[guard]\nwebhook = 'ftp://x'\n", "g.toml line 2: webhook: it is no http or https URL", ""},
      {"[guard.mass]\nwindow = '30d'\n", "g.toml line 2: window: it is from 1s to 7d", ""},
  };
  for (const Wrong& each : cases) {
    const Error error = error_of(each.text);
    EXPECT_EQ(error.code, Code::kUsage) << each.text;
    EXPECT_EQ(error.message, each.message);
    EXPECT_EQ(error.hint, each.hint);
  }
}

TEST(GuardConfig, KnowsSpansOfTheDay) {
  const DaySpan night{.from = 23h, .to = 4h};
  constexpr std::int64_t kDay = 86'400;
  EXPECT_TRUE(night.contains(kDay * 100 + 23 * 3600));
  EXPECT_TRUE(night.contains(kDay * 100 + 3 * 3600 + 3599));
  EXPECT_FALSE(night.contains(kDay * 100 + 4 * 3600));
  const DaySpan noon{.from = 12h, .to = 13h};
  EXPECT_TRUE(noon.contains(kDay + 12 * 3600));
  EXPECT_FALSE(noon.contains(kDay + 13 * 3600));
}

}  // namespace
}  // namespace lifeboat::relay
