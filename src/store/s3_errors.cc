#include "store/s3_errors.h"

#include <array>

#include "base/units.h"
#include "store/s3_answers.h"

namespace lifeboat::store {
namespace {

struct Row {
  std::string_view name;  ///< S3's code
  Code code;
  bool retry;
  std::string_view hint;
};

constexpr std::array kRows{
    Row{"NoSuchBucket", Code::kNotFound, false, "Make the bucket first, or correct its name in the URL."},
    Row{"NoSuchUpload", Code::kConflict, false, "The unfinished upload was removed meanwhile; start again."},
    Row{"AccessDenied", Code::kDenied, false,
        "These credentials may not do this. The guide on object stores lists the permissions each role needs."},
    Row{"InvalidAccessKeyId", Code::kDenied, false, "The store does not know this AWS_ACCESS_KEY_ID."},
    Row{"SignatureDoesNotMatch", Code::kDenied, false, "AWS_SECRET_ACCESS_KEY does not belong to the access key."},
    Row{"ExpiredToken", Code::kDenied, false, "The session has ended; get new credentials."},
    Row{"InvalidToken", Code::kDenied, false, "AWS_SESSION_TOKEN does not belong to the access key."},
    Row{"RequestTimeTooSkewed", Code::kDenied, false, "Set this host's clock right."},
    Row{"AuthorizationHeaderMalformed", Code::kUsage, false, "Set region= in the URL to the bucket's."},
    Row{"PermanentRedirect", Code::kUsage, false, "Set endpoint= and region= in the URL to the bucket's."},
    Row{"TemporaryRedirect", Code::kUnavailable, true, "The bucket is being moved; try again later."},
    Row{"QuotaExceeded", Code::kOutOfSpace, false, "The bucket's or user's quota is used up; raise it or prune."},
    Row{"NotImplemented", Code::kUnsupported, false,
        "This store lacks something Lifeboat needs: conditional PUT (If-None-Match), multipart upload or "
        "ListObjectsV2."},
    Row{"SlowDown", Code::kUnavailable, true, "The store asks for fewer requests; try again later."},
    Row{"RequestTimeout", Code::kUnavailable, true, ""},
    Row{"OperationAborted", Code::kConflict, true, ""},
    Row{"ConditionalRequestConflict", Code::kConflict, true, ""},
    Row{"BadDigest", Code::kUnavailable, true, "Bytes are damaged on their way to the store."},
    Row{"XAmzContentSHA256Mismatch", Code::kUnavailable, true, "Bytes are damaged on their way to the store."},
};

Row row_by_status(int status) {
  if (status == 403 || status == 401) return {"", Code::kDenied, false, kRows[2].hint};
  if (status == 404) return {"", Code::kNotFound, false, ""};
  if (status == 301 || status == 307 || status == 308) return {"", Code::kUsage, false, kRows[9].hint};
  if (status == 507) return {"", Code::kOutOfSpace, false, "The store is full."};
  if (status == 501) return {"", Code::kUnsupported, false, kRows[12].hint};
  const bool retry = status >= 500 || status == 429 || status == 408;
  return {"", Code::kUnavailable, retry, retry ? "The store is in trouble; look at its own logs." : ""};
}

Row row_of(std::string_view name, int status) {
  for (const Row& row : kRows) {
    if (row.name == name) return row;
  }
  return row_by_status(status);
}

// "This host's clock is 2h ahead of the store's." if that is enough for the store to refuse, which it does beyond a
// quarter of an hour; a HEAD's answer does not say why it was refused.
std::string clock_hint(const net::HttpAnswer& answer) {
  const std::int64_t theirs = net::parse_http_date(answer.header("date"));
  if (theirs < 0) return {};
  const std::chrono::milliseconds ahead(unix_ms(now()) - theirs * 1000);
  if (std::chrono::abs(ahead) < std::chrono::minutes(10)) return {};
  return format("This host's clock is {} {} the store's; set it right.", format_duration(std::chrono::abs(ahead)),
                ahead.count() > 0 ? "ahead of" : "behind");
}

}  // namespace

S3Failure judge_answer(const net::HttpAnswer& answer, const S3Location& location, std::string_view what) {
  const S3Error said = parse_error(answer.body);
  const Row row = row_of(said.code, answer.status);
  std::string message = format("{}: {}: the store answers {}", location.url(), what, answer.status);
  if (!said.code.empty()) message += " " + said.code;
  if (!said.message.empty()) message += " (" + said.message + ")";
  std::string hint(row.hint);
  if (row.code == Code::kDenied) {
    if (std::string clock = clock_hint(answer); !clock.empty()) hint = std::move(clock);
  }
  const std::string_view header_region = answer.header("x-amz-bucket-region");
  const std::string_view region = said.region.empty() ? header_region : std::string_view(said.region);
  if (row.code == Code::kUsage && !region.empty()) hint += format(" The bucket is in region {}.", region);
  return {.error = {.code = row.code, .message = std::move(message), .hint = std::move(hint)}, .retry = row.retry};
}

bool is_worth_retrying(Code code) {
  return code == Code::kUnavailable || code == Code::kTimeout || code == Code::kCorruption;
}

}  // namespace lifeboat::store
