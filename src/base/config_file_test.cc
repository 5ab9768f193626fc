#include "base/config_file.h"

#include <gtest/gtest.h>

#include "base/error.h"

namespace lifeboat {
namespace {

Error error_of(const std::function<void()>& action) {
  try {
    action();
  } catch (const Exception& e) {
    return e.error();
  }
  return {Code::kInternal, "no error", {}, {}, {}};
}

TEST(ConfigFile, IsReadKeyByKey) {
  ConfigTable root =
      ConfigTable::parse("a = 'x'\n[t]\nn = 3\nlist = ['p', 'q']\n[[t.each]]\nk = 'v'\n[[t.each]]\n", "f");
  EXPECT_EQ(root.text("a"), "x");
  EXPECT_EQ(root.text("absent"), std::nullopt);
  ConfigTable table = root.table("t").value();
  EXPECT_EQ(table.integer("n"), 3);
  EXPECT_EQ(table.texts("list"), (std::vector<std::string>{"p", "q"}));
  std::vector<ConfigTable> each = table.tables("each");
  ASSERT_EQ(each.size(), 2U);
  EXPECT_EQ(each[0].text("k"), "v");
  EXPECT_EQ(each[1].place(), "f line 7");
  root.finish();
  table.finish();
  each[0].finish();
}

TEST(ConfigFile, NamesTheKeyThatWasProbablyMeant) {
  ConfigTable root = ConfigTable::parse("[guard]\nwindw = '1m'\n", "g.toml");
  ConfigTable guard = root.table("guard").value();
  guard.text("window");
  guard.text("hook");
  const Error error = error_of([&] { guard.finish(); });
  EXPECT_EQ(error.code, Code::kUsage);
  EXPECT_EQ(error.message, "g.toml line 2: no such key in [guard]: 'windw'");
  EXPECT_EQ(error.hint, "Did you mean 'window'?");
}

TEST(ConfigFile, ListsTheKeysWhenNoneIsNear) {
  ConfigTable root = ConfigTable::parse("zebra = 1\n", "f");
  root.text("window");
  EXPECT_EQ(error_of([&] { root.finish(); }).hint, "There are: window");
}

TEST(ConfigFile, RefusesOtherTypesNamingTheLine) {
  ConfigTable root = ConfigTable::parse("\nn = 'three'\nt = 3\nl = [1]\n", "f");
  EXPECT_EQ(error_of([&] { root.integer("n"); }).message, "f line 2: n: a whole number is wanted");
  EXPECT_EQ(error_of([&] { root.text("t"); }).message, "f line 3: t: a text in quotes is wanted");
  EXPECT_EQ(error_of([&] { root.texts("l"); }).code, Code::kUsage);
  EXPECT_EQ(error_of([&] { root.table("t"); }).code, Code::kUsage);
  EXPECT_EQ(error_of([&] { root.tables("t"); }).code, Code::kUsage);
}

TEST(ConfigFile, TakesOtherThanAsciiInQuotesAndCommentsOnly) {
  for (const std::string_view text :
       {"a = 'é'", "a = \"é\"", "a = \"\"\"é \"quoted\" \\\"é\n é\"\"\"\"", "a = \'\'\'é\nó\'\'\'", "# é\na = 'x'",
        "\uFEFFa = 'é' # é", "'é' = 1", "a = 'x\\' # é"}) {
    EXPECT_NO_THROW(ConfigTable::parse(text, "f")) << text;
  }
  for (const std::string_view text :
       {"é = 1", "a = 1é", "a = 'x' é", "a = [1, é]", "[é]", "a = \"\"\"\\é\"\"\"", "a = \"x\\\"\"é",
        "a = \"\"\"x\"\"\"\"é", "a = 'x\né'", "a = 1979-ZZ-\"Z1ϧ", "a = '\xC3'", "\xFF = 1"}) {
    const Error error = error_of([&] { ConfigTable::parse(text, "f"); });
    EXPECT_EQ(error.code, Code::kUsage) << text;
    EXPECT_TRUE(error.message.starts_with("f line ")) << text << error.message;
  }
  const Error error = error_of([] { ConfigTable::parse("a = 1\n\né", "f"); });
  EXPECT_TRUE(error.message.starts_with("f line 3: "));
  EXPECT_TRUE(error.hint.contains("ASCII"));
}

TEST(ConfigFile, ReadsTextsAsTheyAreWritten) {
  ConfigTable root = ConfigTable::parse("a = 'é~'\nb = ['~e9', '~']\nc = \"\"\"\\\n  é\\u00e9\"\"\"\nd = '~é'\n", "f");
  EXPECT_EQ(root.text("a"), "é~");
  EXPECT_EQ(root.texts("b"), (std::vector<std::string>{"~e9", "~"}));
  EXPECT_EQ(root.text("c"), "éé");
  EXPECT_EQ(root.texts("d"), std::vector<std::string>{"~é"});
  ConfigTable other = ConfigTable::parse("'schlüssel' = 1", "f");
  EXPECT_TRUE(error_of([&] { other.finish(); }).message.contains("'schlüssel'"));
}

TEST(ConfigFile, NamesTheLineThatIsNoToml) {
  EXPECT_TRUE(error_of([] { ConfigTable::parse("a = 1\nb = = 2\n", "f"); }).message.starts_with("f line 2: "));
  EXPECT_EQ(error_of([] { ConfigTable::parse(std::string(100'000, '['), "f"); }).code, Code::kUsage);
}

}  // namespace
}  // namespace lifeboat
