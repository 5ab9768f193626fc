/// A blocking HTTP/1.1 client over libcurl, made for many small requests and large bodies to few servers: connections
/// are kept and used again, TLS is always verified, redirects are not followed.
///
/// Threads: `send` is safe from any thread; each call takes a connection of its own from the pool.
/// Errors: Exception: kUnavailable (no connection, or it broke), kTimeout (a limit of HttpLimits passed), kDenied (TLS
///   certificate not trusted), kCorruption (not HTTP), kOutOfSpace (an answer larger than allowed), kCancelled (stop
///   requested).
///   A status such as 404 or 500 is an answer, not an error.
/// Memory: a request's body is not copied; an answer's goes straight to where it is wanted, and is always bounded.
#pragma once

#include <chrono>
#include <memory>
#include <stop_token>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/bytes.h"
#include "base/file.h"

namespace lifeboat::net {

struct HttpLimits {
  std::chrono::milliseconds connect{10'000};
  /// Longest time during which hardly anything (less than 1 KiB a second) moves, waiting for the answer included.
  std::chrono::seconds stall{20};
};

struct HttpHeader {
  std::string name;  ///< lower case
  std::string value;
};

struct HttpRequest {
  std::string method;  ///< GET, HEAD, PUT, POST, DELETE
  std::string url;     ///< http or https; sent as it is (no normalising of dots)
  std::vector<HttpHeader> headers;
  ByteView body;  ///< PUT, POST; borrowed until `send` returns
  /// Where the body of a 2xx answer goes. One that is longer than this, if set, is an error.
  ByteSpan target;
  /// Bound on any other body (and on all bodies if there is no target).
  std::size_t body_size_max = std::size_t{64} << 10U;
  std::stop_token stop;
};

struct HttpAnswer {
  int status = 0;
  std::vector<HttpHeader> headers;
  Bytes body;                   ///< empty if it went to the target
  std::size_t target_size = 0;  ///< bytes written to the target
  /// From the request sent to the answer's first byte.
  std::chrono::microseconds wait{};

  /// The header's value, or "" if there is none; `name` in lower case.
  std::string_view header(std::string_view name) const;
};

class HttpClient {
 public:
  /// `ca_file` empty: the certificates the system trusts. Throws kNotFound if it cannot be read.
  explicit HttpClient(HttpLimits limits, Path ca_file = {});
  ~HttpClient();
  HttpClient(const HttpClient&) = delete;
  HttpClient& operator=(const HttpClient&) = delete;

  HttpAnswer send(const HttpRequest& request);

 private:
  struct Pool;
  HttpLimits limits_;
  Path ca_file_;
  std::unique_ptr<Pool> pool_;
};

/// An HTTP date ("Sun, 06 Nov 1994 08:49:37 GMT") in seconds since 1970 UTC; -1 if it is none.
std::int64_t parse_http_date(std::string_view text);

}  // namespace lifeboat::net
