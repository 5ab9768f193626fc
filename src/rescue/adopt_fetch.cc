#include "rescue/adopt_fetch.h"

#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "base/cancel.h"
#include "base/error.h"
#include "base/log.h"
#include "net/http_client.h"
#include "store/s3_answers.h"
#include "store/store.h"

namespace lifeboat::rescue {

namespace {

constexpr std::size_t kPieceBytes = std::size_t{4} << 20U;
constexpr int kTries = 8;
constexpr std::chrono::seconds kPauseMax{30};
constexpr int kLookForEndMs = 200;
constexpr int kPartialContent = 206;

std::string without_query(const std::string& url) {
  return url.substr(0, url.find('?'));  // it may hold a signature
}

class HttpObject : public RemoteObject {
 public:
  explicit HttpObject(std::string url) : url_(std::move(url)), client_(net::HttpLimits{}) {
    Bytes first(1);
    ask(0, first);
  }

  std::uint64_t size() const override { return size_; }

  void get(std::uint64_t offset, ByteSpan out) override {
    for (int tries = 1;; ++tries) {
      try {
        return ask(offset, out);
      } catch (const Exception& e) {
        const bool passes = e.code() == Code::kUnavailable || e.code() == Code::kTimeout;
        if (!passes || tries == kTries) throw;
        log::warn("{}; it is asked for again", e.error().text());
        pause(std::min(std::chrono::seconds(1 << (tries - 1)), kPauseMax));
      }
    }
  }

 private:
  static void pause(std::chrono::seconds time) {
    const auto until = std::chrono::steady_clock::now() + time;
    while (std::chrono::steady_clock::now() < until) {
      throw_if_cancelled();
      std::this_thread::sleep_for(std::chrono::milliseconds(kLookForEndMs));
    }
  }

  void ask(std::uint64_t offset, ByteSpan out) {
    net::HttpRequest request{.method = "GET",
                             .url = url_,
                             .headers = {{"range", format("bytes={}-{}", offset, offset + out.size() - 1)}},
                             .target = out};
    net::HttpAnswer answer;
    try {
      answer = client_.send(request);
    } catch (const Exception& e) {
      if (e.code() == Code::kOutOfSpace) fail_without_range();
      throw;
    }
    check(answer, out.size());
    note_size(answer.header("content-range"), answer.header("etag"));
  }

  void check(const net::HttpAnswer& answer, std::size_t wanted) const {
    const std::string name = without_query(url_);
    if (answer.status == 404 || answer.status == 410) {
      fail(Code::kNotFound, format("{}: is not there", name));
    }
    if (answer.status == 401 || answer.status == 403) {
      fail(Code::kDenied, format("{}: the server refuses it", name), "A link that is signed for a time may do.");
    }
    if (answer.status / 100 == 3) {
      fail(Code::kUnsupported, format("{}: the server sends one on to {}", name, answer.header("location")),
           "Give that address.");
    }
    if (answer.status / 100 == 2 && answer.status != kPartialContent) fail_without_range();
    if (answer.status != kPartialContent || answer.target_size != wanted) {
      fail(Code::kUnavailable,
           format("{}: the server answers {}, with {} bytes of {}", name, answer.status, answer.target_size, wanted));
    }
  }

  [[noreturn]] void fail_without_range() const {
    fail(Code::kUnsupported, format("{}: the server gives no parts of it (Range)", without_query(url_)),
         "Fetch it to a disk of this host, and adopt it from there.");
  }

  void note_size(std::string_view range, std::string_view tag) {
    const auto read = store::parse_content_range(range);
    if (!read) {
      fail(Code::kUnsupported, format("{}: the server does not say how large it is", without_query(url_)),
           "Fetch it to a disk of this host, and adopt it from there.");
    }
    if (size_ != 0 && (read->total != size_ || tag != tag_)) {
      fail(Code::kConflict, format("{}: is another than when it was begun", without_query(url_)), "Start again.");
    }
    size_ = read->total;
    tag_ = tag;
  }

  std::string url_;
  net::HttpClient client_;
  std::uint64_t size_ = 0;
  std::string tag_;
};

/// "s3://bucket/backups/nightly.sql.gz?endpoint=…": the object of that name. The store tries again by itself.
class StoreObject : public RemoteObject {
 public:
  explicit StoreObject(const std::string& url) {
    const std::size_t query = std::min(url.find('?'), url.size());
    const std::size_t slash = url.rfind('/', query);
    name_ = url.substr(slash + 1, query - slash - 1);
    store_ = store::open_store(url.substr(0, slash) + url.substr(query));
    const auto found = store_->find(name_);
    if (!found) fail(Code::kNotFound, format("{}: is not there", without_query(url)));
    size_ = found->size;
  }

  std::uint64_t size() const override { return size_; }
  void get(std::uint64_t offset, ByteSpan out) override { store_->get_range(name_, offset, out); }

 private:
  std::unique_ptr<store::Store> store_;
  std::string name_;
  std::uint64_t size_ = 0;
};

}  // namespace

bool is_remote(const std::string& what) {
  return what.starts_with("https://") || what.starts_with("http://") || what.starts_with("s3://");
}

std::unique_ptr<RemoteObject> open_remote(const std::string& url) {
  if (url.starts_with("s3://")) return std::make_unique<StoreObject>(url);
  return std::make_unique<HttpObject>(url);
}

RemotePipe::RemotePipe(std::unique_ptr<RemoteObject> object) : object_(std::move(object)) {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) fail_errno("pipe", errno);
  output_ = UniqueFd(ends[0]);
  input_ = UniqueFd(ends[1]);
  ::fcntl(input_.get(), F_SETFL, O_NONBLOCK);
  thread_ = std::jthread([this](const std::stop_token& stop) { run(stop); });
}

void RemotePipe::run(const std::stop_token& stop) noexcept {
  try {
    pump(stop);
  } catch (...) {
    failure_ = std::current_exception();
  }
  input_.reset();
}

void RemotePipe::pump(const std::stop_token& stop) {
  Bytes piece(kPieceBytes);
  for (std::uint64_t at = 0; at < object_->size() && !stop.stop_requested();) {
    const auto size = static_cast<std::size_t>(std::min<std::uint64_t>(piece.size(), object_->size() - at));
    object_->get(at, ByteSpan(piece).first(size));
    at += size;
    for (ByteView rest = ByteView(piece).first(size); !rest.empty() && !stop.stop_requested();) {
      pollfd ready{.fd = input_.get(), .events = POLLOUT, .revents = 0};
      if (::poll(&ready, 1, kLookForEndMs) <= 0) continue;
      const ssize_t n = ::write(input_.get(), rest.data(), rest.size());
      if (n < 0 && errno == EPIPE) return;  // nobody wants the rest
      if (n < 0 && errno != EAGAIN && errno != EINTR) fail_errno("write to a pipe", errno);
      if (n <= 0) continue;
      rest = rest.subspan(static_cast<std::size_t>(n));
      sent_ += static_cast<std::uint64_t>(n);
    }
  }
}

void RemotePipe::finish() {
  if (thread_.joinable()) thread_.join();
  if (failure_) std::rethrow_exception(failure_);
}

}  // namespace lifeboat::rescue
