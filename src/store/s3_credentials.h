/// Where S3 credentials come from: the environment, else a credentials file as Amazon's own tools keep it. Never from
/// a URL or a command line, where others could read them.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "store/sigv4.h"

namespace lifeboat::store {

/// AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and, if set, AWS_SESSION_TOKEN; else the profile AWS_PROFILE (or
/// "default") of the file AWS_SHARED_CREDENTIALS_FILE (or ~/.aws/credentials).
/// Throws kDenied if there are none, kRefused if others may read the file, kCorruption if it is not such a file.
S3Credentials load_s3_credentials();

/// The profile's credentials from the text of such a file, or nothing if it is not in there or incomplete.
/// Throws kCorruption naming `what` and the line.
std::optional<S3Credentials> parse_s3_credentials(std::string_view text, std::string_view profile,
                                                  std::string_view what);

}  // namespace lifeboat::store
