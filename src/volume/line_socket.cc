#include "volume/line_socket.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>

#include "base/error.h"
#include "base/printable.h"
#include "base/units.h"

namespace lifeboat::volume {
namespace {

constexpr std::size_t kLineBytesMax = std::size_t{1} << 20U;

/// `/proc/self/fd/<directory>/<name>`, valid while `directory` is open.
sockaddr_un short_address(const Path& path, const UniqueFd& directory) {
  const std::string text = format("/proc/self/fd/{}/{}", directory.get(), path.filename().string());
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  LIFEBOAT_CHECK(text.size() < sizeof address.sun_path);
  std::memcpy(address.sun_path, text.data(), text.size());
  return address;
}

UniqueFd make_socket() {
  UniqueFd fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (!fd.valid()) fail_errno("socket", errno);
  return fd;
}

const sockaddr* generic(const sockaddr_un& address) {
  return reinterpret_cast<const sockaddr*>(&address);
}

json::object parse_line(std::string_view line) {
  json::value value = parse_json(line, "control line");
  if (!value.is_object()) fail(Code::kUsage, "control line: not a JSON object");
  return value.get_object();
}

}  // namespace

std::optional<json::object> LineSocket::receive(std::chrono::milliseconds patience) {
  for (;;) {
    if (const std::size_t end = pending_.find('\n'); end != std::string::npos) {
      const std::string line = pending_.substr(0, end);
      pending_.erase(0, end + 1);
      return parse_line(line);
    }
    if (pending_.size() > kLineBytesMax) fail(Code::kUsage, "control line: too long");
    pollfd waiting{.fd = fd_.get(), .events = POLLIN, .revents = 0};
    const int ready = ::poll(&waiting, 1, static_cast<int>(patience.count()));
    if (ready < 0 && errno == EINTR) continue;
    if (ready < 0) fail_errno("poll", errno);
    if (ready == 0) fail(Code::kTimeout, format("control socket: silent for {}", format_duration(patience)));
    std::array<char, 4096> buffer{};
    const ssize_t n = ::recv(fd_.get(), buffer.data(), buffer.size(), 0);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0 && errno != ECONNRESET) fail_errno("receive", errno);
    if (n <= 0) return std::nullopt;
    pending_.append(buffer.data(), static_cast<std::size_t>(n));
  }
}

void LineSocket::send(const json::object& object) {
  const std::string line = valid_utf8(json::serialize(object)) + "\n";
  std::string_view left = line;
  while (!left.empty()) {
    const ssize_t n = ::send(fd_.get(), left.data(), left.size(), MSG_NOSIGNAL);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) fail_errno("send", errno);
    left.remove_prefix(static_cast<std::size_t>(n));
  }
}

UniqueFd listen_at(const Path& path) {
  const UniqueFd directory = open_file(path.parent_path(), O_PATH | O_DIRECTORY);
  const sockaddr_un address = short_address(path, directory);
  if (::unlink(path.c_str()) != 0 && errno != ENOENT) fail_errno(format("unlink {}", path.string()), errno);
  UniqueFd fd = make_socket();
  // Before bind: the node is made with this mode.
  if (::fchmod(fd.get(), 0600) != 0) fail_errno("fchmod", errno);
  constexpr int kBacklog = 16;
  if (::bind(fd.get(), generic(address), sizeof address) != 0 || ::listen(fd.get(), kBacklog) != 0) {
    fail_errno(format("listen at {}", path.string()), errno);
  }
  return fd;
}

UniqueFd find_connection(const Path& path) {
  const UniqueFd directory = find_file(path.parent_path(), O_PATH | O_DIRECTORY);
  if (!directory.valid()) return {};
  const sockaddr_un address = short_address(path, directory);
  UniqueFd fd = make_socket();
  if (::connect(fd.get(), generic(address), sizeof address) == 0) return fd;
  if (errno == ENOENT || errno == ECONNREFUSED) return {};
  fail_errno(format("connect to {}", path.string()), errno);
}

}  // namespace lifeboat::volume
