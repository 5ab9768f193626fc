/// AWS Signature Version 4: the text a request is signed as, and its Authorization header. Pure: no clock, no I/O.
#pragma once

#include <map>
#include <string>
#include <string_view>

#include "base/bytes.h"
#include "codec/secret.h"

namespace lifeboat::store {

struct S3Credentials {
  std::string access_key;
  codec::Secret secret_key;
  std::string session_token;  ///< may be empty
};

/// What is signed. Names and values as they go over the wire, not yet encoded; `headers` must hold `host` and all
/// `x-amz-…` headers, names in lower case.
struct SignedRequest {
  std::string method;
  std::string path;                          ///< with its leading slash, not encoded
  std::map<std::string, std::string> query;  ///< not encoded
  std::map<std::string, std::string> headers;
  std::string payload_hash;  ///< SHA-256 of the body in hex
};

struct SigningScope {
  std::string_view time;  ///< "20130524T000000Z"
  std::string_view region;
  std::string_view service = "s3";
};

/// "a=1&b=", encoded, in the order signatures want.
std::string encode_query(const std::map<std::string, std::string>& query);

std::string canonical_request(const SignedRequest& request);
std::string authorization(const SignedRequest& request, const SigningScope& scope, const S3Credentials& credentials);

}  // namespace lifeboat::store
