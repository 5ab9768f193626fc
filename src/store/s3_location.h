/// What an s3:// URL means: bucket, prefix, and the server to ask.
#pragma once

#include <string>
#include <string_view>

#include "base/file.h"
#include "store/url.h"

namespace lifeboat::store {

struct S3Location {
  std::string bucket;
  std::string prefix;  ///< "" or "a/b/", before every object's name
  std::string scheme;  ///< http or https
  std::string host;    ///< with its port unless that is the scheme's own; for style=virtual with the bucket before it
  std::string region;  ///< "us-east-1" by default
  Path ca_file;        ///< empty: the system's
  bool virtual_style = false;

  /// The path of an object (or "" for the bucket itself) on `host`; every character of it may stand in a URL.
  std::string path_of(std::string_view key) const;
  /// For messages and for opening the same store again.
  std::string url() const;
};

/// Options: endpoint (default Amazon's for the region), region, ca (a file), style (path, the default, or virtual).
/// Throws kUsage naming `text`.
S3Location parse_s3_location(const Url& url, std::string_view text);

}  // namespace lifeboat::store
