#include "store/url.h"

#include <gtest/gtest.h>

#include "base/error.h"
#include "store/s3_location.h"
#include "store/store.h"

namespace lifeboat::store {
namespace {

S3Location location(std::string_view text) {
  return parse_s3_location(parse_url(text), text);
}

Error error_of(std::string_view text) {
  try {
    open_store(text);
  } catch (const Exception& e) {
    return e.error();
  }
  ADD_FAILURE() << text << ": nothing was thrown";
  return {};
}

TEST(StoreUrl, APlainPathAndAFileUrlAreDirectories) {
  EXPECT_EQ(open_store("/var/backup/vault/")->url(), "file:///var/backup/vault");
  EXPECT_EQ(open_store("file:///a%20b/../c")->url(), "file:///c");
  EXPECT_EQ(open_store("/a b/100%/x")->url(), "file:///a%20b/100%25/x");
  EXPECT_EQ(open_store(open_store("/a b/100%/x?")->url())->url(), "file:///a%20b/100%25/x%3F");
  EXPECT_EQ(open_store("relative")->url(), "file://" + std::filesystem::current_path().string() + "/relative");
  EXPECT_EQ(open_store("/")->url(), "file:///");
}

TEST(StoreUrl, AnS3UrlNamesBucketPrefixAndServer) {
  const S3Location full = location("s3://bucket/a/b/?endpoint=http://host:8080&region=eu&ca=/etc/ca.pem");
  EXPECT_EQ(full.bucket, "bucket");
  EXPECT_EQ(full.prefix, "a/b/");
  EXPECT_EQ(full.scheme, "http");
  EXPECT_EQ(full.host, "host:8080");
  EXPECT_EQ(full.region, "eu");
  EXPECT_EQ(full.ca_file, "/etc/ca.pem");
  EXPECT_EQ(full.path_of("a/b/x"), "/bucket/a/b/x");
  EXPECT_EQ(full.url(), "s3://bucket/a/b?endpoint=http://host:8080&region=eu&ca=/etc/ca.pem");
}

TEST(StoreUrl, AnS3UrlHasDefaults) {
  const S3Location plain = location("s3://bucket");
  EXPECT_EQ(plain.prefix, "");
  EXPECT_EQ(plain.host, "s3.us-east-1.amazonaws.com");
  EXPECT_EQ(plain.scheme, "https");
  EXPECT_EQ(location("s3://bucket/?region=eu-north-1").host, "s3.eu-north-1.amazonaws.com");
  EXPECT_EQ(location("s3://bucket?endpoint=https://[::1]:443/").host, "[::1]");
  EXPECT_EQ(location("s3://bucket?endpoint=http://[::1]:443").host, "[::1]:443");
}

TEST(StoreUrl, VirtualStylePutsTheBucketIntoTheHost) {
  const S3Location virtual_style = location("s3://bucket/p?endpoint=https://host:99&style=virtual");
  EXPECT_EQ(virtual_style.host, "bucket.host:99");
  EXPECT_EQ(virtual_style.path_of("p/x"), "/p/x");
  EXPECT_EQ(location(virtual_style.url()).host, virtual_style.host);
}

TEST(StoreUrl, WhatMakesNoSenseIsRefusedWithTheAcceptedForms) {
  for (const std::string_view text : {"",
                                      "http://host/",
                                      "://",
                                      "file://host/dir",
                                      "file://",
                                      "file:///dir?x=1",
                                      "file:///%2",
                                      "file:///%zz",
                                      "file:///a%00b",
                                      "s3://",
                                      "s3:///prefix",
                                      "s3://ab",
                                      "s3://user@bucket",
                                      "s3://bucket/a b",
                                      "s3://bucket/../x",
                                      "s3://bucket//x",
                                      "s3://bucket/~x",
                                      "s3://bucket?endpoint=host",
                                      "s3://bucket?endpoint=http://",
                                      "s3://bucket?endpoint=http://key:secret@host",
                                      "s3://bucket?endpoint=http://host/path",
                                      "s3://bucket?endpoint=http://host:0",
                                      "s3://bucket?endpoint=http://host:x",
                                      "s3://bucket?endpoint=http://host:99999",
                                      "s3://bucket?region=",
                                      "s3://bucket?region=a/b",
                                      "s3://bucket?style=other",
                                      "s3://bucket?secret=x",
                                      "s3://bucket?region",
                                      "s3://bucket?region=a&region=b",
                                      "s3://bucket?endpoint=ftp://host",
                                      "s3://bucket?endpoint=http://ho%0d%0ast"}) {
    const Error error = error_of(text);
    EXPECT_EQ(error.code, Code::kUsage) << text << ": " << error.text();
    EXPECT_NE(error.hint.find("s3://bucket/prefix"), std::string::npos) << text;
  }
  EXPECT_EQ(error_of(std::string(5000, 'x')).code, Code::kUsage);
}

}  // namespace
}  // namespace lifeboat::store
