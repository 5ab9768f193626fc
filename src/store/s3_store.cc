#include "store/s3_store.h"

#include <array>
#include <atomic>
#include <mutex>

#include "base/error.h"
#include "store/driver.h"
#include "store/s3_answers.h"
#include "store/s3_writer.h"

namespace lifeboat::store {
namespace {

constexpr std::size_t kListBytesMax = std::size_t{4} << 20U;
constexpr std::array kAbsent{404};
constexpr std::array kAbsentOrOutside{404, 416};

// No legal object name, so it is never listed.
constexpr std::string_view kProbeName = "~never-overwritten";
constexpr std::string_view kProbeText =
    "By this object Lifeboat sees that the store overwrites nothing. Do not remove it.\n";

class S3Store final : public Store {
 public:
  S3Store(S3Location location, S3Credentials credentials, const S3Tuning& tuning)
      : client_(std::move(location), std::move(credentials), tuning) {}

  std::string url() const override { return client_.location().url(); }

  void put(std::string_view name, ByteView bytes) override {
    check_name(name);
    check_server_keeps_objects();
    put_s3_object(client_, name, bytes);
  }

  std::unique_ptr<ObjectWriter> create(std::string_view name) override {
    check_name(name);
    check_server_keeps_objects();
    return make_s3_writer(client_, pool_, name);
  }

  void get_range(std::string_view name, std::uint64_t offset, ByteSpan out) override {
    check_name(name);
    if (out.empty()) {
      if (!find(name)) fail_not_found(url(), name);
      return;
    }
    S3Request request{.method = "GET", .key = key_of(name), .target = out};
    request.headers["range"] = format("bytes={}-{}", offset, offset + out.size() - 1);
    const auto check = [&](const net::HttpAnswer& answer) { check_range(answer, offset, out.size()); };
    const net::HttpAnswer answer = perform_get(request, name, kAbsentOrOutside, check);
    if (answer.status == 416) {
      const auto range = parse_content_range(answer.header("content-range"));
      fail_short(url(), name, range ? range->total : offset, offset + out.size());
    }
    if (answer.target_size < out.size()) fail_short(url(), name, offset + answer.target_size, offset + out.size());
  }

  Bytes get(std::string_view name, std::size_t max_size) override {
    check_name(name);
    try {
      return std::move(
          perform_get({.method = "GET", .key = key_of(name), .body_size_max = max_size}, name, kAbsent).body);
    } catch (const Exception& e) {
      if (e.code() == Code::kOutOfSpace) fail_large(url(), name, max_size);
      throw;
    }
  }

  std::optional<ObjectInfo> find(std::string_view name) override {
    check_name(name);
    const net::HttpAnswer answer = client_.perform({.method = "HEAD", .key = key_of(name)}, kAbsent);
    if (answer.status == 404) {
      if (!bucket_seen_) check_bucket();  // a HEAD's 404 does not tell which of the two is absent
      return std::nullopt;
    }
    const auto size = parse_number(answer.header("content-length"));
    const std::int64_t modified = net::parse_http_date(answer.header("last-modified"));
    if (!size || modified < 0) fail(Code::kCorruption, format("{}: HEAD {} tells no size or time", url(), name));
    return ObjectInfo{std::string(name), *size, from_unix_ms(modified * 1000)};
  }

  // Each page begins after the last key seen, so that a page repeated or out of order is noticed (and asked again).
  void list(std::string_view prefix, const std::function<void(const ObjectInfo&)>& each) override {
    const std::string whole_prefix = key_of(prefix);
    std::string after;
    for (bool more = true; more;) {
      S3Request request{.method = "GET", .query = {{"list-type", "2"}}, .body_size_max = kListBytesMax};
      if (!whole_prefix.empty()) request.query["prefix"] = whole_prefix;
      if (!after.empty()) request.query["start-after"] = after;
      S3List page;
      client_.perform(request, {}, [&](const net::HttpAnswer& answer) { page = parse_list(answer.body, after); });
      for (const S3Object& object : page.objects) {
        if (!object.key.starts_with(whole_prefix)) fail(Code::kCorruption, format("{}: lists a foreign prefix", url()));
        const std::string_view name = std::string_view(object.key).substr(client_.location().prefix.size());
        if (is_name(name)) each({std::string(name), object.size, object.modified});
      }
      more = page.truncated;
      if (more) after = page.objects.back().key;
    }
  }

  void remove(std::string_view name) override {
    check_name(name);
    const net::HttpAnswer answer = client_.perform({.method = "DELETE", .key = key_of(name)}, kAbsent);
    if (parse_error(answer.body).code == "NoSuchBucket") check_bucket();
  }

  SystemTime clock() override {
    const net::HttpAnswer answer = check_bucket();
    const std::int64_t seconds = net::parse_http_date(answer.header("date"));
    if (seconds < 0) fail(Code::kCorruption, format("{}: the store does not tell its time", url()));
    return from_unix_ms(seconds * 1000);
  }

  std::chrono::milliseconds latency() const override {
    return std::chrono::ceil<std::chrono::milliseconds>(client_.latency());
  }

  std::uint64_t remove_unfinished(std::chrono::milliseconds age) override {
    const SystemTime before = clock() - age;
    std::uint64_t freed = 0;
    S3Uploads page{.truncated = true};
    while (page.truncated) {
      S3Request request{.method = "GET", .query = {{"uploads", ""}}, .body_size_max = kListBytesMax};
      if (!client_.location().prefix.empty()) request.query["prefix"] = client_.location().prefix;
      if (!page.next_key.empty()) {
        request.query["key-marker"] = page.next_key;
        request.query["upload-id-marker"] = page.next_id;
      }
      client_.perform(request, {}, [&](const net::HttpAnswer& answer) { page = parse_uploads(answer.body); });
      for (const S3Upload& upload : page.uploads) {
        if (upload.key.starts_with(client_.location().prefix) && upload.initiated <= before) freed += abort(upload);
      }
    }
    return freed;
  }

 private:
  std::string key_of(std::string_view name) const { return client_.location().prefix + std::string(name); }

  // A 404 is believed when said twice: caches and stores that settle slowly may not know a new object for a moment.
  net::HttpAnswer perform_get(const S3Request& request, std::string_view name, std::span<const int> accepted,
                              const std::function<void(const net::HttpAnswer&)>& check = {}) {
    net::HttpAnswer answer = client_.perform(request, accepted, check);
    if (answer.status != 404) return answer;
    answer = client_.perform(request, accepted, check);
    if (answer.status != 404) return answer;
    if (parse_error(answer.body).code == "NoSuchBucket") check_bucket();
    fail_not_found(url(), name);
  }

  static void check_range(const net::HttpAnswer& answer, std::uint64_t offset, std::size_t size) {
    if (answer.status == 404 || answer.status == 416) return;
    const auto range = parse_content_range(answer.header("content-range"));
    const bool right = answer.status == 206 && range && range->first == offset && range->size == answer.target_size &&
                       (range->size == size || range->first + range->size == range->total);
    if (!right) {
      fail(Code::kCorruption,
           format("asked for bytes {} to {}, the store sent \"{}\" (status {}, {} bytes)", offset, offset + size - 1,
                  answer.header("content-range").substr(0, 80), answer.status, answer.target_size),
           "The store, or a proxy before it, does not serve ranges as S3 does.");
    }
  }

  net::HttpAnswer check_bucket() {
    net::HttpAnswer answer = client_.perform({.method = "HEAD"}, kAbsent);
    if (answer.status == 404) {
      fail(Code::kNotFound, format("{}: there is no bucket {}", url(), client_.location().bucket),
           "Make the bucket first, or correct its name in the URL.");
    }
    bucket_seen_ = true;
    return answer;
  }

  // A server that ignores If-None-Match would overwrite. So before this process writes anything, it sees one refused.
  void check_server_keeps_objects() {
    const std::scoped_lock lock(probe_mutex_);
    if (probed_) return;
    constexpr std::array kTaken{412};
    const S3Request probe{
        .method = "PUT", .key = key_of(kProbeName), .headers = {{"if-none-match", "*"}}, .body = as_bytes(kProbeText)};
    for (int i = 0; i < 2 && !probed_; ++i) probed_ = client_.perform(probe, kTaken).status == 412;
    if (probed_) return;
    fail(Code::kUnsupported, format("{}: the store overwrites objects although told not to", url()),
         "It ignores If-None-Match on PUT. Use a server that honours it; with Ceph before 20, a bucket without "
         "versioning.");
  }

  std::uint64_t abort(const S3Upload& upload) {
    S3Request request{
        .method = "GET", .key = upload.key, .query = {{"uploadId", upload.id}}, .body_size_max = kListBytesMax};
    const net::HttpAnswer parts = client_.perform(request, kAbsent);
    const std::uint64_t size = parts.status == 404 ? 0 : parse_part_bytes(parts.body);
    client_.perform({.method = "DELETE", .key = upload.key, .query = request.query}, kAbsent);
    return size;
  }

  S3Client client_;
  PartPool pool_;
  std::atomic<bool> bucket_seen_ = false;
  std::mutex probe_mutex_;
  bool probed_ = false;
};

}  // namespace

std::unique_ptr<Store> open_s3_store(S3Location location, S3Credentials credentials, const S3Tuning& tuning) {
  return std::make_unique<S3Store>(std::move(location), std::move(credentials), tuning);
}

}  // namespace lifeboat::store
