#include "net/http_client.h"

#include <arpa/inet.h>
#include <curl/curl.h>
#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cstring>
#include <mutex>

#include "base/error.h"
#include "net/sigpipe.h"

namespace lifeboat::net {
namespace {

constexpr std::size_t kIdleConnectionsMax = 32;
constexpr std::size_t kHeaderBytesMax = std::size_t{64} << 10U;
constexpr long kCurlBufferBytes = 256L << 10;
constexpr std::int64_t kStallBytesPerSecond = 1024;

struct FreeEasy {
  void operator()(CURL* handle) const { curl_easy_cleanup(handle); }
};
using Easy = std::unique_ptr<CURL, FreeEasy>;

struct FreeList {
  void operator()(curl_slist* list) const { curl_slist_free_all(list); }
};
using HeaderList = std::unique_ptr<curl_slist, FreeList>;

/// One request under way: what libcurl's callbacks work on. They are called inside curl_easy_perform, on its thread,
/// and let no exception out: running out of memory ends the transfer.
struct Transfer {
  const HttpRequest& request;
  CURL* handle;
  HttpAnswer answer;
  std::size_t sent = 0;
  std::size_t header_bytes = 0;
  std::chrono::seconds stall;
  std::int64_t moved = 0;  ///< bytes either way when the present stall would have begun
  std::chrono::steady_clock::time_point moved_at = std::chrono::steady_clock::now();
  bool stalled = false;
  bool head_complete = false;
  bool too_large = false;
  std::array<char, CURL_ERROR_SIZE> message{};
};

std::size_t on_read(char* buffer, std::size_t size, std::size_t count, void* user) {
  auto& transfer = *static_cast<Transfer*>(user);
  const ByteView rest = transfer.request.body.subspan(transfer.sent);
  const std::size_t n = std::min(rest.size(), size * count);
  if (n > 0) std::memcpy(buffer, rest.data(), n);
  transfer.sent += n;
  return n;
}

// A kept connection may turn out dead only once the request is on it; then libcurl starts the body again.
int on_seek(void* user, curl_off_t offset, int origin) {
  auto& transfer = *static_cast<Transfer*>(user);
  if (origin != SEEK_SET || offset < 0 || static_cast<std::size_t>(offset) > transfer.request.body.size()) {
    return CURL_SEEKFUNC_FAIL;
  }
  transfer.sent = static_cast<std::size_t>(offset);
  return CURL_SEEKFUNC_OK;
}

std::size_t store_body(Transfer& transfer, ByteView bytes) {
  long status = 0;
  curl_easy_getinfo(transfer.handle, CURLINFO_RESPONSE_CODE, &status);
  HttpAnswer& answer = transfer.answer;
  if (status / 100 == 2 && !transfer.request.target.empty()) {
    const ByteSpan room = transfer.request.target.subspan(answer.target_size);
    if (bytes.size() > room.size()) {
      transfer.too_large = true;
      return 0;
    }
    std::memcpy(room.data(), bytes.data(), bytes.size());
    answer.target_size += bytes.size();
    return bytes.size();
  }
  if (answer.body.size() + bytes.size() > transfer.request.body_size_max) {
    transfer.too_large = true;
    return 0;
  }
  if (answer.body.empty()) {
    curl_off_t announced = 0;
    curl_easy_getinfo(transfer.handle, CURLINFO_CONTENT_LENGTH_DOWNLOAD_T, &announced);
    if (announced > 0) {
      answer.body.reserve(std::min(static_cast<std::size_t>(announced), transfer.request.body_size_max));
    }
  }
  answer.body.insert(answer.body.end(), bytes.begin(), bytes.end());
  return bytes.size();
}

std::size_t on_body(char* data, std::size_t size, std::size_t count, void* user) {
  try {
    if (size * count == 0) return 0;
    return store_body(*static_cast<Transfer*>(user), as_bytes({data, size * count}));
  } catch (...) {
    return 0;
  }
}

std::size_t store_header(Transfer& transfer, std::string_view line) {
  const std::size_t size = line.size();
  transfer.header_bytes += size;
  if (transfer.header_bytes > kHeaderBytesMax) {
    transfer.too_large = true;
    return 0;
  }
  if (line.starts_with("HTTP/")) {  // the final answer follows an interim one
    transfer.answer.headers.clear();
    transfer.head_complete = false;
    return size;
  }
  if (line == "\r\n" || line == "\n") transfer.head_complete = true;
  const std::size_t colon = line.find(':');
  if (colon == std::string_view::npos) return size;
  HttpHeader header{.name = std::string(line.substr(0, colon))};
  std::ranges::transform(header.name, header.name.begin(),
                         [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; });
  line.remove_prefix(colon + 1);
  constexpr std::string_view kBlanks = " \t\r\n";
  const std::size_t first = line.find_first_not_of(kBlanks);
  if (first != std::string_view::npos) {
    header.value = line.substr(first, line.find_last_not_of(kBlanks) - first + 1);
  }
  transfer.answer.headers.push_back(std::move(header));
  return size;
}

std::size_t on_header(char* data, std::size_t size, std::size_t count, void* user) {
  try {
    return store_header(*static_cast<Transfer*>(user), {data, size * count});
  } catch (...) {
    return 0;
  }
}

// Called at least once a second. libcurl's own limit looks at an average over several seconds, so after a fast start it
// would notice a stall late.
int on_progress(void* user, curl_off_t, curl_off_t received, curl_off_t, curl_off_t sent) {
  auto& transfer = *static_cast<Transfer*>(user);
  if (transfer.request.stop.stop_requested()) return 1;
  const auto now = std::chrono::steady_clock::now();
  if (received + sent - transfer.moved >= transfer.stall.count() * kStallBytesPerSecond) {
    transfer.moved = received + sent;
    transfer.moved_at = now;
  }
  transfer.stalled = now - transfer.moved_at > transfer.stall;
  return transfer.stalled ? 1 : 0;
}

// Programs that we start must not inherit connections.
curl_socket_t on_open_socket(void*, curlsocktype, curl_sockaddr* address) {
  return ::socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
}

bool is_loopback(std::string_view url) {
  const std::size_t at = url.find("://");
  if (at == std::string_view::npos) return false;
  std::string_view host = url.substr(at + 3);
  host = host.substr(0, host.find('/'));
  if (host.starts_with("[::1]")) return true;
  host = host.substr(0, host.find(':'));
  return host == "localhost" || host.ends_with(".localhost") || host.starts_with("127.");
}

template <typename Value>
void set(CURL* handle, CURLoption option, Value value) {
  if (curl_easy_setopt(handle, option, value) != CURLE_OK) fail(Code::kOutOfSpace, "http: out of memory");
}

void set_method(CURL* handle, const HttpRequest& request, Transfer& transfer) {
  if (request.method == "HEAD") {
    set(handle, CURLOPT_NOBODY, 1L);
  } else if (request.method == "PUT" || request.method == "POST") {
    set(handle, CURLOPT_UPLOAD, 1L);
    set(handle, CURLOPT_CUSTOMREQUEST, request.method.c_str());
    set(handle, CURLOPT_INFILESIZE_LARGE, static_cast<curl_off_t>(request.body.size()));
    set(handle, CURLOPT_READFUNCTION, on_read);
    set(handle, CURLOPT_READDATA, &transfer);
    set(handle, CURLOPT_SEEKFUNCTION, on_seek);
    set(handle, CURLOPT_SEEKDATA, &transfer);
    set(handle, CURLOPT_UPLOAD_BUFFERSIZE, kCurlBufferBytes);
  } else {
    set(handle, CURLOPT_HTTPGET, 1L);
    set(handle, CURLOPT_CUSTOMREQUEST, request.method.c_str());
  }
}

void set_callbacks(CURL* handle, Transfer& transfer) {
  set(handle, CURLOPT_WRITEFUNCTION, on_body);
  set(handle, CURLOPT_WRITEDATA, &transfer);
  set(handle, CURLOPT_HEADERFUNCTION, on_header);
  set(handle, CURLOPT_HEADERDATA, &transfer);
  set(handle, CURLOPT_XFERINFOFUNCTION, on_progress);
  set(handle, CURLOPT_XFERINFODATA, &transfer);
  set(handle, CURLOPT_NOPROGRESS, 0L);
  set(handle, CURLOPT_OPENSOCKETFUNCTION, on_open_socket);
  set(handle, CURLOPT_ERRORBUFFER, transfer.message.data());
}

void append(HeaderList& list, const std::string& line) {
  curl_slist* longer = curl_slist_append(list.get(), line.c_str());
  if (longer == nullptr) fail(Code::kOutOfSpace, "http: out of memory");
  static_cast<void>(list.release());
  list.reset(longer);
}

HeaderList header_lines(const HttpRequest& request) {
  HeaderList list;
  append(list, "Expect:");  // no round trip before the body
  for (const HttpHeader& header : request.headers) append(list, header.name + ": " + header.value);
  return list;
}

Code code_of(CURLcode result) {
  switch (result) {
    case CURLE_OPERATION_TIMEDOUT:
      return Code::kTimeout;
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_CACERT_BADFILE:
    case CURLE_SSL_ISSUER_ERROR:
      return Code::kDenied;
    case CURLE_WEIRD_SERVER_REPLY:
    case CURLE_UNSUPPORTED_PROTOCOL:
      return Code::kCorruption;
    case CURLE_URL_MALFORMAT:
      return Code::kUsage;
    case CURLE_OUT_OF_MEMORY:
      return Code::kOutOfSpace;
    default:
      return Code::kUnavailable;
  }
}

std::string what_of(const HttpRequest& request) {
  return format("{} {}", request.method, std::string_view(request.url).substr(0, request.url.find('?')));
}

[[noreturn]] void fail_transfer(CURLcode result, const Transfer& transfer) {
  const std::string what = what_of(transfer.request);
  if (transfer.too_large) fail(Code::kOutOfSpace, format("{}: the answer is larger than it may be", what));
  if (transfer.request.stop.stop_requested()) fail(Code::kCancelled, format("{}: stopped", what));
  const Code code = transfer.stalled ? Code::kTimeout : code_of(result);
  const std::string why = transfer.stalled ? format("hardly a byte moved for {} seconds", transfer.stall.count())
                          : transfer.message[0] != '\0' ? std::string(transfer.message.data())
                                                        : curl_easy_strerror(result);
  std::string hint;
  if (code == Code::kDenied) {
    hint = "The server's certificate is not trusted. Name the right CA file, and check this host's clock.";
  } else if (result == CURLE_COULDNT_CONNECT || result == CURLE_COULDNT_RESOLVE_HOST || code == Code::kTimeout) {
    hint = "Check the host's name and port, that the server runs, and the network between.";
  }
  fail(code, format("{}: {}", what, why), hint);
}

// libcurl takes a connection that closes inside the head, or inside a body of unstated length, for an answer's end.
void refuse_if_cut_short(const Transfer& transfer, int status) {
  const HttpAnswer& answer = transfer.answer;
  const bool has_body = transfer.request.method != "HEAD" && status != 204 && status != 304;
  const bool has_end = !answer.header("content-length").empty() || !answer.header("transfer-encoding").empty();
  if (transfer.head_complete && (has_end || !has_body)) return;
  fail(Code::kUnavailable, format("{}: the answer does not say where it ends", what_of(transfer.request)));
}

CURLcode perform(Transfer& transfer) {
  const SigpipeGuard guard;
  return curl_easy_perform(transfer.handle);
}

// libcurl sends again itself only if a kept connection is found dead before the body or after all of it.
bool died_while_kept(CURLcode result, const Transfer& transfer) {
  long opened = 0;
  curl_easy_getinfo(transfer.handle, CURLINFO_NUM_CONNECTS, &opened);
  return result == CURLE_SEND_ERROR && opened == 0 && transfer.header_bytes == 0;
}

}  // namespace

/// Handles that are not in use, each with the connections it keeps; the last used one goes out first.
struct HttpClient::Pool {
  std::mutex mutex;
  std::vector<Easy> idle;

  Easy take() {
    {
      const std::scoped_lock lock(mutex);
      if (!idle.empty()) {
        Easy handle = std::move(idle.back());
        idle.pop_back();
        return handle;
      }
    }
    Easy handle(curl_easy_init());
    if (!handle) fail(Code::kOutOfSpace, "http: out of memory");
    return handle;
  }

  void give_back(Easy handle) {
    curl_easy_reset(handle.get());  // forgets all that points into the request; keeps the connections
    const std::scoped_lock lock(mutex);
    if (idle.size() < kIdleConnectionsMax) idle.push_back(std::move(handle));
  }
};

HttpClient::HttpClient(HttpLimits limits, Path ca_file)
    : limits_(limits), ca_file_(std::move(ca_file)), pool_(std::make_unique<Pool>()) {
  static const CURLcode started = curl_global_init(CURL_GLOBAL_DEFAULT);
  if (started != CURLE_OK) fail(Code::kInternal, "libcurl could not be started");
  if (!ca_file_.empty()) open_file(ca_file_, O_RDONLY);
}

HttpClient::~HttpClient() = default;

HttpAnswer HttpClient::send(const HttpRequest& request) {
  Easy handle = pool_->take();
  CURL* const curl = handle.get();
  Transfer transfer{.request = request, .handle = curl, .stall = limits_.stall};
  const HeaderList headers = header_lines(request);
  set(curl, CURLOPT_URL, request.url.c_str());
  set(curl, CURLOPT_PATH_AS_IS, 1L);
  set(curl, CURLOPT_PROTOCOLS_STR, "http,https");
  set(curl, CURLOPT_HTTP_VERSION, long{CURL_HTTP_VERSION_1_1});
  set(curl, CURLOPT_NOSIGNAL, 1L);
  set(curl, CURLOPT_TCP_KEEPALIVE, 1L);
  set(curl, CURLOPT_BUFFERSIZE, kCurlBufferBytes);
  set(curl, CURLOPT_HTTPHEADER, headers.get());
  if (!ca_file_.empty()) set(curl, CURLOPT_CAINFO, ca_file_.c_str());
  if (is_loopback(request.url)) set(curl, CURLOPT_PROXY, "");  // else as http_proxy and no_proxy say
  set_method(curl, request, transfer);
  set(curl, CURLOPT_CONNECTTIMEOUT_MS, static_cast<long>(limits_.connect.count()));
  set_callbacks(curl, transfer);

  CURLcode result = perform(transfer);
  if (died_while_kept(result, transfer)) {
    transfer.sent = 0;
    transfer.moved = 0;
    result = perform(transfer);
  }
  if (result != CURLE_OK) fail_transfer(result, transfer);  // the handle goes, and its connection with it

  long status = 0;
  curl_off_t first_byte = 0;
  curl_off_t before = 0;
  curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &status);
  curl_easy_getinfo(curl, CURLINFO_STARTTRANSFER_TIME_T, &first_byte);
  curl_easy_getinfo(curl, CURLINFO_PRETRANSFER_TIME_T, &before);
  refuse_if_cut_short(transfer, static_cast<int>(status));
  transfer.answer.status = static_cast<int>(status);
  transfer.answer.wait = std::chrono::microseconds(std::max<curl_off_t>(0, first_byte - before));
  pool_->give_back(std::move(handle));
  return std::move(transfer.answer);
}

std::string_view HttpAnswer::header(std::string_view name) const {
  const auto found = std::ranges::find(headers, name, &HttpHeader::name);
  return found == headers.end() ? std::string_view() : std::string_view(found->value);
}

std::int64_t parse_http_date(std::string_view text) {
  return curl_getdate(std::string(text).c_str(), nullptr);
}

}  // namespace lifeboat::net
