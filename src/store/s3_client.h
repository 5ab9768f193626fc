/// Signed requests to one bucket, retried as long as that may help.
///
/// Threads: safe from any thread. Errors: Exception as s3_errors.h maps them, after the retries.
#pragma once

#include <atomic>
#include <chrono>
#include <functional>
#include <map>
#include <span>
#include <string>
#include <string_view>

#include "base/error.h"
#include "net/http_client.h"
#include "store/retry.h"
#include "store/s3_location.h"
#include "store/sigv4.h"

namespace lifeboat::store {

struct S3Tuning {
  RetryPolicy retry;
  net::HttpLimits limits;
};

struct S3Request {
  std::string method;
  std::string key;  ///< whole, the location's prefix included; "" for the bucket
  std::map<std::string, std::string> query;
  std::map<std::string, std::string> headers;  ///< lower case; besides those that signing adds
  ByteView body;
  ByteSpan target;
  std::size_t body_size_max = std::size_t{64} << 10U;
  std::stop_token stop;

  std::string what() const { return method + " " + (key.empty() ? "bucket" : key); }
};

class S3Client {
 public:
  S3Client(S3Location location, S3Credentials credentials, const S3Tuning& tuning);

  const S3Location& location() const { return location_; }
  const S3Tuning& tuning() const { return tuning_; }

  /// Until the answer is a success or has one of the `accepted` statuses, and `check` (which may throw kCorruption)
  /// believes it. A request that seemed to fail may have taken effect all the same.
  net::HttpAnswer perform(const S3Request& request, std::span<const int> accepted = {},
                          const std::function<void(const net::HttpAnswer&)>& check = {});
  /// Once, whatever the status.
  net::HttpAnswer send(const S3Request& request);

  /// The usual time from a small request to its answer: follows faster answers at once, slower ones hesitantly, so
  /// that waiting behind large transfers does not count.
  std::chrono::microseconds latency() const { return std::chrono::microseconds(latency_us_.load()); }

 private:
  void learn_latency(const S3Request& request, std::chrono::microseconds wait);
  /// Calls `check`; its error tells of which request.
  void believe(const S3Request& request, const net::HttpAnswer& answer,
               const std::function<void(const net::HttpAnswer&)>& check) const;
  void warn_of_trouble(const Error& error);

  S3Location location_;
  S3Credentials credentials_;
  S3Tuning tuning_;
  net::HttpClient http_;
  std::atomic<std::chrono::steady_clock::duration> next_warning_{};  ///< not before this time
  std::atomic<std::int64_t> latency_us_{20'000};                     // a guess until something was measured
};

}  // namespace lifeboat::store
