#include "store/s3_writer.h"

#include <array>
#include <future>
#include <vector>

#include "base/error.h"
#include "base/log.h"
#include "base/random.h"
#include "store/driver.h"
#include "store/s3_answers.h"
#include "store/s3_errors.h"

namespace lifeboat::store {
namespace {

constexpr std::string_view kMarkHeader = "x-amz-meta-lifeboat-writer";
constexpr std::array kTaken{412};
constexpr std::array kAbsent{404};

std::string key_of(const S3Client& client, std::string_view name) {
  return client.location().prefix + std::string(name);
}

/// The writer's mark of the object there now; nothing if there is no object.
std::optional<std::string> find_mark(S3Client& client, std::string_view name) {
  const net::HttpAnswer answer = client.perform({.method = "HEAD", .key = key_of(client, name)}, kAbsent);
  if (answer.status == 404) return std::nullopt;
  return std::string(answer.header(kMarkHeader));
}

/// One part on its way: holds a slot (waits for one) and the part's buffer.
class PartInFlight {
 public:
  PartInFlight(PartPool& pool, Bytes body) : pool_(pool), body_(std::move(body)) { pool_.acquire_slot(); }
  ~PartInFlight() {
    pool_.give_back(std::move(body_));
    pool_.release_slot();
  }
  PartInFlight(const PartInFlight&) = delete;
  PartInFlight& operator=(const PartInFlight&) = delete;

  ByteView body() const { return body_; }

 private:
  PartPool& pool_;
  Bytes body_;
};

class MultipartWriter final : public ObjectWriter {
 public:
  MultipartWriter(S3Client& client, PartPool& pool, std::string_view name)
      : client_(client), pool_(pool), name_(name), part_(pool.take_buffer()) {}

  ~MultipartWriter() override {
    stop_.request_stop();
    for (auto& part : parts_) {
      if (part.valid()) part.wait();
    }
    if (!upload_id_.empty()) abort();
    pool_.give_back(std::move(part_));
  }

  void append(ByteView bytes) override {
    while (!bytes.empty()) {
      if (part_.size() == kPartBytes) send_part();
      const ByteView now = bytes.first(std::min(bytes.size(), kPartBytes - part_.size()));
      part_.insert(part_.end(), now.begin(), now.end());
      bytes = bytes.subspan(now.size());
    }
  }

  void commit() override {
    if (upload_id_.empty()) {
      put_s3_object(client_, name_, part_);
      return;
    }
    if (!part_.empty()) send_part();
    collect_finished(true);
    refuse_if_taken();
    complete();
    upload_id_.clear();
  }

 private:
  void refuse_if_taken() {
    if (find_mark(client_, name_)) fail_exists(client_.location().url(), name_);
  }

  void begin() {
    refuse_if_taken();
    const net::HttpAnswer answer = client_.perform({.method = "POST",
                                                    .key = key_of(client_, name_),
                                                    .query = {{"uploads", ""}},
                                                    .headers = {{std::string(kMarkHeader), mark_}}});
    upload_id_ = parse_upload_id(answer.body);
  }

  void send_part() {
    if (upload_id_.empty()) begin();
    collect_finished(false);
    auto waiting = std::make_unique<PartInFlight>(pool_, std::move(part_));
    part_ = pool_.take_buffer();
    parts_.push_back(
        std::async(std::launch::async, [this, number = parts_.size() + 1, part = std::move(waiting)] mutable {
          const auto sending = std::move(part);  // gone with this call, not with the future
          return upload_part(number, sending->body());
        }));
  }

  std::string upload_part(std::size_t number, ByteView body) {
    const net::HttpAnswer answer =
        client_.perform({.method = "PUT",
                         .key = key_of(client_, name_),
                         .query = {{"partNumber", format("{}", number)}, {"uploadId", upload_id_}},
                         .body = body,
                         .stop = stop_.get_token()});
    const std::string_view tag = answer.header("etag");
    if (tag.empty() || tag.find_first_of("<>&") != std::string_view::npos) {
      fail(Code::kCorruption, format("{}: a part of {} got no proper ETag", client_.location().url(), name_));
    }
    return std::string(tag);
  }

  // Takes the results of parts in order, as far as they are there (or of all); throws what a part threw.
  void collect_finished(bool all) {
    while (tags_.size() < parts_.size()) {
      auto& part = parts_[tags_.size()];
      if (!all && part.wait_for(std::chrono::seconds(0)) != std::future_status::ready) return;
      tags_.push_back(part.get());
    }
  }

  std::string completion_body() const {
    std::string body = "<CompleteMultipartUpload>";
    for (std::size_t i = 0; i < tags_.size(); ++i) {
      body += format("<Part><PartNumber>{}</PartNumber><ETag>{}</ETag></Part>", i + 1, tags_[i]);
    }
    return body + "</CompleteMultipartUpload>";
  }

  // A completion that seems to have failed may have worked; and some servers answer 500 for one that can never work.
  // So what is there decides after each attempt, not the answer.
  void complete() {
    const std::string body = completion_body();
    const S3Request request{.method = "POST",
                            .key = key_of(client_, name_),
                            .query = {{"uploadId", upload_id_}},
                            .headers = {{"if-none-match", "*"}},
                            .body = as_bytes(body)};
    Backoff backoff(client_.tuning().retry);
    for (;;) {
      S3Failure failure;
      try {
        const net::HttpAnswer answer = client_.send(request);
        // The status is sent before the work is done, so the body may still tell of an error.
        if (answer.status == 200 && parse_error(answer.body).code.empty()) return;
        failure = judge_answer(answer, client_.location(), "completing " + name_);
        if (answer.status == 200) failure.retry = true;
      } catch (const Exception& e) {
        failure = {.error = e.error(), .retry = is_worth_retrying(e.code())};
      }
      if (const auto mark = find_mark(client_, name_)) {
        if (*mark == mark_) return;
        fail_exists(client_.location().url(), name_);
      }
      refuse_if_upload_is_gone();
      if (!failure.retry || !backoff.wait()) throw Exception(std::move(failure.error));
    }
  }

  void refuse_if_upload_is_gone() {
    const net::HttpAnswer answer = client_.perform(
        {.method = "GET", .key = key_of(client_, name_), .query = {{"uploadId", upload_id_}, {"max-parts", "1"}}},
        kAbsent);
    if (answer.status != 404) return;
    fail(Code::kConflict,
         format("{}: the upload of {} was removed before it was finished", client_.location().url(), name_),
         "Somebody cleaned up unfinished objects while this one was still being written; start again.");
  }

  void abort() noexcept {
    try {
      client_.send({.method = "DELETE", .key = key_of(client_, name_), .query = {{"uploadId", upload_id_}}});
    } catch (const std::exception& e) {
      log::debug("an unfinished upload stays until the next clean-up: {}", e.what());
    }
  }

  S3Client& client_;
  PartPool& pool_;
  std::string name_;
  std::string mark_ = random_hex(16);
  Bytes part_;             ///< the part being filled
  std::string upload_id_;  ///< empty: no upload begun, or it became an object
  std::stop_source stop_;
  std::vector<std::future<std::string>> parts_;  ///< each gives its ETag
  std::vector<std::string> tags_;                ///< of the first parts, collected
};

}  // namespace

Bytes PartPool::take_buffer() {
  {
    const std::scoped_lock lock(mutex_);
    if (!free_.empty()) {
      Bytes buffer = std::move(free_.back());
      free_.pop_back();
      return buffer;
    }
  }
  Bytes buffer;
  buffer.reserve(kPartBytes);
  return buffer;
}

void PartPool::give_back(Bytes buffer) {
  buffer.clear();
  const std::scoped_lock lock(mutex_);
  if (free_.size() < kPartsInFlightMax) free_.push_back(std::move(buffer));
}

void put_s3_object(S3Client& client, std::string_view name, ByteView bytes) {
  const std::string mark = random_hex(16);
  const net::HttpAnswer answer = client.perform({.method = "PUT",
                                                 .key = key_of(client, name),
                                                 .headers = {{"if-none-match", "*"}, {std::string(kMarkHeader), mark}},
                                                 .body = bytes},
                                                kTaken);
  if (answer.status != 412) return;
  // The object that was in the way may be ours: libcurl, too, sends again when a kept connection dies.
  if (find_mark(client, name) == mark) return;
  fail_exists(client.location().url(), name);
}

std::unique_ptr<ObjectWriter> make_s3_writer(S3Client& client, PartPool& pool, std::string_view name) {
  return std::make_unique<MultipartWriter>(client, pool, name);
}

}  // namespace lifeboat::store
