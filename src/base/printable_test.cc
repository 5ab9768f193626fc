#include "base/printable.h"

#include <gtest/gtest.h>

#include "base/json.h"
#include "base/process.h"
#include "base/random.h"

namespace lifeboat {
namespace {

TEST(PrintableTest, WellFormedTextStays) {
  const std::string text = "a/b \xc3\xa4 \xe2\x82\xac \xf0\x9f\x9b\x9f";
  EXPECT_EQ(valid_utf8(text), text);
  EXPECT_EQ(printable(text), text);
}

TEST(PrintableTest, WhatIsNoUtf8IsReplaced) {
  EXPECT_EQ(valid_utf8("caf\xe9.ibd"), "caf\xef\xbf\xbd.ibd");
  // Too long a form, a surrogate, beyond the last character, cut short, a lone continuation: byte by byte.
  for (const std::string_view bad : {"\xc0\xaf", "\xed\xa0\x80", "\xf4\x90\x80\x80", "\xe2\x82", "\x80"}) {
    std::string expected;
    for (std::size_t i = 0; i < bad.size(); ++i) expected += "\xef\xbf\xbd";
    EXPECT_EQ(valid_utf8(bad), expected);
  }
}

TEST(PrintableTest, WhateverTheBytesTheResultIsJson) {
  for (int i = 0; i < 1000; ++i) {
    const Bytes bytes = random_bytes(40);
    const std::string text(as_text(bytes));
    const json::object object{{"path", text}};
    EXPECT_NO_THROW(parse_json(valid_utf8(json::serialize(object)), "test")) << to_hex(bytes);
  }
}

TEST(PrintableTest, ControlCharactersAreShownNotObeyed) {
  EXPECT_EQ(printable("a\nb\t\x1b[2J\x7f"), "a\\nb\\t\\x1b[2J\\x7f");
  EXPECT_EQ(printable("\xc2\x9b"
                      "2J"),
            "\\x9b2J");  // the same as ESC [ to some terminals
  EXPECT_EQ(printable_lines("a\nb\r"), "a\nb\\x0d");
}

TEST(PrintableTest, AShellReadsAWordBack) {
  EXPECT_EQ(shell_word("/var/lib/mysql-2"), "/var/lib/mysql-2");
  for (const std::string word :
       {"", "my data", "it's", "~root", "a;b", "$HOME `id` \\ \"x\" *", "zwei\nzeilen", "\xe9"}) {
    ProcessOptions shell;
    shell.argv = {"sh", "-c", format("printf %s {}", shell_word(word))};
    EXPECT_EQ(run_process(shell).out, word);
  }
}

}  // namespace
}  // namespace lifeboat
