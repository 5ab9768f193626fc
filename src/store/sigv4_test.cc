// The worked examples of Amazon's documentation ("Authenticating Requests: Using the Authorization Header", S3 API
// reference; "Signature Version 4 signing process", general reference).

#include "store/sigv4.h"

#include <gtest/gtest.h>

#include "base/format.h"
#include "codec/hash.h"
#include "store/url.h"

namespace lifeboat::store {
namespace {

constexpr std::string_view kEmptyHash = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
constexpr SigningScope kScope{.time = "20130524T000000Z", .region = "us-east-1"};

S3Credentials example_credentials() {
  return {.access_key = "AKIAIOSFODNN7EXAMPLE",
          .secret_key = codec::Secret(std::string_view("wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"))};
}

SignedRequest example_request(std::string method, std::string path) {
  return {.method = std::move(method),
          .path = std::move(path),
          .headers = {{"host", "examplebucket.s3.amazonaws.com"},
                      {"x-amz-content-sha256", std::string(kEmptyHash)},
                      {"x-amz-date", "20130524T000000Z"}},
          .payload_hash = std::string(kEmptyHash)};
}

std::string signature(const SignedRequest& request) {
  const std::string text = authorization(request, kScope, example_credentials());
  return text.substr(text.rfind('=') + 1);
}

TEST(SigV4, CanonicalRequestOfARangedGet) {
  SignedRequest request = example_request("GET", "/test.txt");
  request.headers["range"] = "bytes=0-9";
  EXPECT_EQ(canonical_request(request),
            format("GET\n/test.txt\n\nhost:examplebucket.s3.amazonaws.com\nrange:bytes=0-9\n"
                   "x-amz-content-sha256:{}\nx-amz-date:20130524T000000Z\n\n"
                   "host;range;x-amz-content-sha256;x-amz-date\n{}",
                   kEmptyHash, kEmptyHash));
  EXPECT_EQ(authorization(request, kScope, example_credentials()),
            "AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/s3/aws4_request,"
            "SignedHeaders=host;range;x-amz-content-sha256;x-amz-date,"
            "Signature=f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41");
}

TEST(SigV4, SignsAPutWithItsBodyAndAnOddName) {
  SignedRequest request = example_request("PUT", "/test$file.text");
  request.payload_hash = to_hex(codec::sha256(as_bytes("Welcome to Amazon S3.")));
  request.headers["x-amz-content-sha256"] = request.payload_hash;
  request.headers["date"] = "Fri, 24 May 2013 00:00:00 GMT";
  request.headers["x-amz-storage-class"] = "REDUCED_REDUNDANCY";
  EXPECT_EQ(signature(request), "98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd");
}

TEST(SigV4, SignsAQueryWithoutValue) {
  SignedRequest request = example_request("GET", "/");
  request.query["lifecycle"] = "";
  EXPECT_EQ(signature(request), "fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543");
}

TEST(SigV4, SignsAQueryInOrder) {
  SignedRequest request = example_request("GET", "/");
  request.query = {{"prefix", "J"}, {"max-keys", "2"}};
  EXPECT_EQ(signature(request), "34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7");
}

TEST(SigV4, EncodesAllButUnreservedCharacters) {
  EXPECT_EQ(uri_encode("aZ09-._~"), "aZ09-._~");
  EXPECT_EQ(uri_encode("a b/c+d&e=\xC3\xA4"), "a%20b%2Fc%2Bd%26e%3D%C3%A4");
  EXPECT_EQ(uri_encode("/a b/c", true), "/a%20b/c");
}

}  // namespace
}  // namespace lifeboat::store
