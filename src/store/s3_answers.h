/// The bodies of S3's answers as values. Errors: kCorruption if a body is not what it should be; all are untrusted.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "base/units.h"

namespace lifeboat::store {

struct S3Object {
  std::string key;
  std::uint64_t size = 0;
  SystemTime modified;
};

struct S3List {
  std::vector<S3Object> objects;
  bool truncated = false;
};
/// ListObjectsV2. Throws as well unless keys ascend bytewise, all after `after`, and a truncated page has some.
S3List parse_list(ByteView body, std::string_view after);

struct S3Upload {
  std::string key;
  std::string id;
  SystemTime initiated;
};
struct S3Uploads {
  std::vector<S3Upload> uploads;
  bool truncated = false;
  std::string next_key;  ///< if truncated
  std::string next_id;
};
/// ListMultipartUploads.
S3Uploads parse_uploads(ByteView body);

/// ListParts: the bytes uploaded so far (of the first thousand parts).
std::uint64_t parse_part_bytes(ByteView body);

/// CreateMultipartUpload: the upload's id.
std::string parse_upload_id(ByteView body);

struct S3Error {
  std::string code;     ///< "NoSuchKey"; empty if the body is no error document
  std::string message;  ///< printable, cut to a line
  std::string region;   ///< where the bucket is, if the error says so
};
/// Never throws: a gateway between may answer anything.
S3Error parse_error(ByteView body);

/// "2009-10-12T17:50:30.000Z", with or without the fraction.
SystemTime parse_s3_time(std::string_view text);

/// "bytes 0-99/1000" or "bytes */1000".
struct ContentRange {
  std::uint64_t first = 0;
  std::uint64_t size = 0;   ///< bytes in this answer; 0 for "*"
  std::uint64_t total = 0;  ///< bytes of the whole object
};
std::optional<ContentRange> parse_content_range(std::string_view text);
/// Decimal digits only.
std::optional<std::uint64_t> parse_number(std::string_view text);

}  // namespace lifeboat::store
