#include "store/xml.h"

#include <gtest/gtest.h>

#include "base/error.h"
#include "store/s3_answers.h"

namespace lifeboat::store {
namespace {

TEST(Xml, ReadsWhatS3Sends) {
  const XmlNode root = parse_xml(
      "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<!-- hello -->"
      "<s3:List xmlns:s3=\"http://s3.amazonaws.com/doc/2006-03-01/\" b='>'>"
      "<Key>a&lt;b&gt;&amp;&quot;&apos;&#65;&#x20AC;</Key ><Empty/><Empty a=\"/\" /><!-- <no> "
      "--><![CDATA[x<y]]></s3:List>\n",
      "test");
  EXPECT_EQ(root.name, "List");
  ASSERT_EQ(root.children.size(), 3U);
  EXPECT_EQ(root.text_of("Key"), "a<b>&\"'A\xE2\x82\xAC");
  EXPECT_EQ(root.text_of("Empty"), "");
  EXPECT_EQ(root.find("None"), nullptr);
  EXPECT_EQ(root.text, "x<y");
}

TEST(Xml, IllFormedInputIsCorruption) {
  std::string deep;
  for (int i = 0; i < 20; ++i) deep += "<a>";
  for (int i = 0; i < 20; ++i) deep += "</a>";
  std::string many = "<a>";
  for (std::size_t i = 0; i < kXmlNodesMax; ++i) many += "<b/>";
  many += "</a>";
  for (const std::string& text : {std::string(),
                                  std::string("text"),
                                  std::string("<a>"),
                                  std::string("<a></b>"),
                                  std::string("<a></ab>"),
                                  std::string("<a"),
                                  std::string("<a b></a>"),
                                  std::string("<a b=c/>"),
                                  std::string("<a>&nbsp;</a>"),
                                  std::string("<a>&#0;</a>"),
                                  std::string("<a>&#x110000;</a>"),
                                  std::string("<a>&</a>"),
                                  std::string("<a/><b/>"),
                                  std::string("<a/>text"),
                                  std::string("<!DOCTYPE a><a/>"),
                                  std::string("<a><!ENTITY x></a>"),
                                  std::string("<a><![CDATA[</a>"),
                                  std::string("<a><!-- </a>"),
                                  deep,
                                  many}) {
    try {
      parse_xml(text, "test");
      ADD_FAILURE() << text.substr(0, 80);
    } catch (const Exception& e) {
      EXPECT_EQ(e.code(), Code::kCorruption);
    }
  }
}

TEST(S3Answers, TimesHaveAFractionOrNone) {
  EXPECT_EQ(unix_ms(parse_s3_time("1994-11-06T08:49:37.250Z")), 784111777250);
  EXPECT_EQ(unix_ms(parse_s3_time("1994-11-06T08:49:37Z")), 784111777000);
  EXPECT_THROW(parse_s3_time("today"), Exception);
}

TEST(S3Answers, ContentRangesAreReadStrictly) {
  const auto range = parse_content_range("bytes 5-9/20");
  ASSERT_TRUE(range);
  EXPECT_EQ(range->first, 5U);
  EXPECT_EQ(range->size, 5U);
  EXPECT_EQ(range->total, 20U);
  EXPECT_EQ(parse_content_range("bytes */7")->total, 7U);
  for (const std::string_view text :
       {"", "5-9/20", "bytes 5-9", "bytes 9-5/20", "bytes 5-20/20", "bytes -9/20", "bytes 5-/20", "bytes 5-9/*",
        "bytes 5-9/-1", "bytes 5-9/20 ", "bytes 5-99999999999999999999/20"}) {
    EXPECT_FALSE(parse_content_range(text)) << text;
  }
}

TEST(S3Answers, AnErrorThatIsNoneHasNoCode) {
  EXPECT_EQ(parse_error(as_bytes("<html>bad gateway</html>")).code, "");
  EXPECT_EQ(parse_error({}).code, "");
  EXPECT_EQ(parse_error(as_bytes("<Error><Code>No</Code><Message>two\nlines</Message></Error>")).message, "two lines");
}

}  // namespace
}  // namespace lifeboat::store
