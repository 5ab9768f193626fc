#include "rescue/haproxy.h"

#include <algorithm>
#include <charconv>
#include <map>
#include <thread>

#include "base/error.h"
#include "base/printable.h"
#include "net/stream.h"
#include "volume/line_socket.h"

namespace lifeboat::rescue {
namespace {

constexpr std::size_t kAnswerMax = std::size_t{4} << 20U;
constexpr std::chrono::milliseconds kLookEvery{50};
constexpr net::StreamLimits kHaproxyLimits{
    .connect = std::chrono::seconds(5), .read = std::chrono::seconds(10), .write = std::chrono::seconds(10)};

// Bits of srv_admin_state: told here, by its configuration, or by a server that it tracks.
constexpr unsigned kMaintenance = 0x01U | 0x02U | 0x04U | 0x20U;
constexpr unsigned kDraining = 0x08U | 0x10U;
constexpr unsigned kOperating = 2;  ///< of srv_op_state

std::vector<std::string_view> split_at(std::string_view text, char separator) {
  std::vector<std::string_view> parts;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find(separator), text.size());
    if (end > 0) parts.push_back(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return parts;
}

unsigned number_in(std::string_view text) {
  unsigned number = 0;
  const auto read = std::from_chars(text.data(), text.data() + text.size(), number);
  if (read.ec != std::errc{}) fail(Code::kUnsupported, format("haproxy: '{}' is no number", printable(text)));
  return number;
}

}  // namespace

std::vector<HaproxyServer> parse_servers_state(std::string_view text) {
  std::map<std::string_view, std::size_t> columns;
  std::vector<HaproxyServer> servers;
  for (const std::string_view line : split_at(text, '\n')) {
    std::vector<std::string_view> fields = split_at(line, ' ');
    if (line.starts_with('#')) {
      for (std::size_t i = 1; i < fields.size(); ++i) columns[fields[i]] = i - 1;
    }
    if (line.starts_with('#') || fields.size() < 2) continue;  // the first line is the format's version
    const auto field = [&](std::string_view name) {
      const auto at = columns.find(name);
      if (at == columns.end() || at->second >= fields.size()) {
        fail(Code::kUnsupported, format("haproxy does not tell {} of its servers", name),
             "Versions from 1.8 on are known.");
      }
      return fields[at->second];
    };
    const unsigned admin = number_in(field("srv_admin_state"));
    servers.push_back({.name = std::string(field("srv_name")),
                       .address = std::string(field("srv_addr")),
                       .port = static_cast<std::uint16_t>(number_in(field("srv_port"))),
                       .admin = (admin & kMaintenance) != 0 ? "maint"
                                : (admin & kDraining) != 0  ? "drain"
                                                            : "ready",
                       .running = number_in(field("srv_op_state")) == kOperating});
  }
  return servers;
}

std::string Haproxy::command(const std::string& words) const {
  UniqueFd fd = volume::find_connection(socket_);
  if (!fd.valid()) {
    fail(Code::kUnavailable, format("{}: no haproxy listens there", socket_.string()),
         "Its configuration names it: stats socket PATH level admin");
  }
  const net::Cancel never;
  net::Stream stream(std::move(fd), format("haproxy at {}", socket_.string()), kHaproxyLimits, never);
  stream.write_all(as_bytes(words + "\n"));
  std::string answer;
  Bytes buffer(std::size_t{64} << 10U);
  while (const std::size_t size = stream.read_some(buffer)) {
    answer += as_text(ByteView(buffer).first(size));
    if (answer.size() > kAnswerMax) fail(Code::kUnsupported, "haproxy answers without end");
  }
  if (answer.find("Permission denied") != std::string::npos) {
    fail(Code::kDenied, format("haproxy at {} takes no orders: {}", socket_.string(), printable(answer)),
         "Its configuration must say: stats socket PATH level admin");
  }
  const bool unknown = answer.find("No such") != std::string::npos || answer.find("Can't find") != std::string::npos;
  if (unknown) fail(Code::kNotFound, format("haproxy: {}: {}", words, printable(answer)));
  return answer;
}

std::vector<HaproxyServer> Haproxy::servers() const {
  return parse_servers_state(command("show servers state " + backend_));
}

HaproxyServer Haproxy::server(const std::string& name) const {
  std::string names;
  for (HaproxyServer& each : servers()) {
    if (each.name == name) return std::move(each);
    names += (names.empty() ? "" : ", ") + each.name;
  }
  fail(Code::kNotFound, format("haproxy: backend {} has no server {}", backend_, name), format("It has: {}", names));
}

void Haproxy::set_admin(const std::string& name, const std::string& admin) const {
  const std::string said = command(format("set server {} state {}", place(name), admin));
  if (const HaproxyServer is = server(name); is.admin != admin) {
    fail(Code::kRefused, format("haproxy: server {} is {}, not {}: {}", place(name), is.admin, admin, printable(said)));
  }
}

void Haproxy::set_address(const std::string& name, const std::string& address, std::uint16_t port) const {
  const std::string said = command(format("set server {} addr {} port {}", place(name), address, port));
  if (const HaproxyServer is = server(name); is.address != address || is.port != port) {
    fail(Code::kRefused,
         format("haproxy: server {} is at {}:{}, not {}:{}: {}", place(name), is.address, is.port, address, port,
                printable(said)),
         "The address must be an IP address.");
  }
}

void Haproxy::end_sessions(const std::string& name) const {
  command(format("shutdown sessions server {}", place(name)));
}

void Haproxy::wait_running(const std::string& name, std::chrono::milliseconds patience) const {
  const auto deadline = std::chrono::steady_clock::now() + patience;
  while (!server(name).running) {
    if (std::chrono::steady_clock::now() > deadline) {
      fail(Code::kTimeout, format("haproxy: the checks of server {} do not find it up", place(name)),
           format("See what they say: echo 'show stat' | socat {} -", shell_word(socket_.string())));
    }
    std::this_thread::sleep_for(kLookEvery);
  }
}

}  // namespace lifeboat::rescue
