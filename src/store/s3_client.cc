#include "store/s3_client.h"

#include <algorithm>
#include <ctime>

#include "base/error.h"
#include "base/log.h"
#include "codec/hash.h"
#include "store/s3_errors.h"

namespace lifeboat::store {
namespace {

// A fault on the way garbles one answer, not five in a row: then something that is no S3 server answers.
constexpr int kGarbledAnswersMax = 5;
// Who waits while more attempts than this fail, or for longer, is told why, but not by each of many threads.
constexpr int kQuietAttempts = 4;
constexpr std::chrono::seconds kQuietTime{5};
constexpr std::chrono::seconds kWarningPause{10};

std::string signing_time() {
  const std::time_t seconds = std::time(nullptr);
  std::tm parts{};
  ::gmtime_r(&seconds, &parts);
  std::array<char, 32> text{};
  return {text.data(), std::strftime(text.data(), text.size(), "%Y%m%dT%H%M%SZ", &parts)};
}

}  // namespace

S3Client::S3Client(S3Location location, S3Credentials credentials, const S3Tuning& tuning)
    : location_(std::move(location)),
      credentials_(std::move(credentials)),
      tuning_(tuning),
      http_(tuning.limits, location_.ca_file) {}

net::HttpAnswer S3Client::send(const S3Request& request) {
  const std::string time = signing_time();
  SignedRequest to_sign{.method = request.method,
                        .path = location_.path_of(request.key),
                        .query = request.query,
                        .headers = request.headers,
                        .payload_hash = to_hex(codec::sha256(request.body))};
  to_sign.headers["host"] = location_.host;
  to_sign.headers["x-amz-date"] = time;
  to_sign.headers["x-amz-content-sha256"] = to_sign.payload_hash;
  if (!credentials_.session_token.empty()) to_sign.headers["x-amz-security-token"] = credentials_.session_token;
  const SigningScope scope{.time = time, .region = location_.region};

  net::HttpRequest http{.method = request.method,
                        .url = format("{}://{}{}", location_.scheme, location_.host, to_sign.path),
                        .body = request.body,
                        .target = request.target,
                        .body_size_max = request.body_size_max,
                        .stop = request.stop};
  if (!request.query.empty()) http.url += "?" + encode_query(request.query);
  http.headers.push_back({"authorization", authorization(to_sign, scope, credentials_)});
  for (const auto& [name, value] : to_sign.headers) {
    if (name != "host") http.headers.push_back({name, value});  // the HTTP client sends the same one
  }
  net::HttpAnswer answer = http_.send(http);
  learn_latency(request, answer.wait);
  return answer;
}

net::HttpAnswer S3Client::perform(const S3Request& request, std::span<const int> accepted,
                                  const std::function<void(const net::HttpAnswer&)>& check) {
  Backoff backoff(tuning_.retry);
  const auto quiet_until = std::chrono::steady_clock::now() + kQuietTime;
  for (int attempt = 1;; ++attempt) {
    S3Failure failure;
    try {
      net::HttpAnswer answer = send(request);
      if (answer.status / 100 == 2 || std::ranges::count(accepted, answer.status) > 0) {
        if (check) believe(request, answer, check);
        return answer;
      }
      failure = judge_answer(answer, location_, request.what());
    } catch (const Exception& e) {
      failure = {.error = e.error(), .retry = is_worth_retrying(e.code())};
    }
    if (failure.error.code == Code::kCorruption && attempt >= kGarbledAnswersMax) failure.retry = false;
    const bool told = attempt >= kQuietAttempts || std::chrono::steady_clock::now() >= quiet_until;
    if (failure.retry && told) warn_of_trouble(failure.error);
    if (failure.retry && backoff.wait(request.stop)) continue;
    Exception final_error(std::move(failure.error));
    if (attempt > 1) final_error.add_context(format("after {} attempts", attempt));
    throw final_error;
  }
}

void S3Client::believe(const S3Request& request, const net::HttpAnswer& answer,
                       const std::function<void(const net::HttpAnswer&)>& check) const {
  try {
    check(answer);
  } catch (Exception& e) {
    e.add_context(format("{}: {}", location_.url(), request.what()));
    throw;
  }
}

void S3Client::warn_of_trouble(const Error& error) {
  const auto now = std::chrono::steady_clock::now().time_since_epoch();
  auto next = next_warning_.load();
  if (now < next || !next_warning_.compare_exchange_strong(next, now + kWarningPause)) return;
  log::warn("{}; still trying", error.text());
}

void S3Client::learn_latency(const S3Request& request, std::chrono::microseconds wait) {
  if (!request.body.empty()) return;
  const std::int64_t old_us = latency_us_.load();
  const std::int64_t difference = wait.count() - old_us;
  // Lost updates of a race do no harm to an estimate.
  latency_us_.store(old_us + difference / (difference < 0 ? 2 : 16));
}

}  // namespace lifeboat::store
