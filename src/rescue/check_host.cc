#include "rescue/check_host.h"

#include <fcntl.h>
#include <netdb.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdlib>
#include <cstring>

#include "base/process.h"
#include "store/s3_location.h"
#include "store/url.h"
#include "vault/image.h"

namespace lifeboat::rescue {
namespace {

bool is_in_path(const std::string& program) {
  const char* const path = std::getenv("PATH");
  std::string_view rest = path == nullptr ? "/usr/bin:/bin" : path;
  while (!rest.empty()) {
    const std::string_view directory = rest.substr(0, rest.find(':'));
    rest.remove_prefix(std::min(directory.size() + 1, rest.size()));
    if (::access((Path(directory) / program).c_str(), X_OK) == 0) return true;
  }
  return false;
}

/// What a mount needs: the device, and a program that mounts for those who may not.
std::string look_for_fuse() {
  const UniqueFd device(::open("/dev/fuse", O_RDWR | O_CLOEXEC));
  if (!device.valid()) return format("/dev/fuse cannot be opened: {}", std::strerror(errno));
  if (!is_in_path("fusermount3")) return "fusermount3 is not installed";
  return {};
}

/// Whether a socket here could have this address, which is no loopback.
bool is_address_of_this_host(const std::string& host) {
  addrinfo wanted{};
  wanted.ai_socktype = SOCK_DGRAM;
  addrinfo* found = nullptr;
  if (::getaddrinfo(host.c_str(), nullptr, &wanted, &found) != 0) return false;
  const std::unique_ptr<addrinfo, void (*)(addrinfo*)> owner(found, ::freeaddrinfo);
  for (const addrinfo* each = found; each != nullptr; each = each->ai_next) {
    std::array<char, 64> text{};
    ::getnameinfo(each->ai_addr, each->ai_addrlen, text.data(), text.size(), nullptr, 0, NI_NUMERICHOST);
    const std::string_view address(text.data());
    if (address.starts_with("127.") || address == "::1") continue;
    const UniqueFd socket(::socket(each->ai_family, SOCK_DGRAM | SOCK_CLOEXEC, 0));
    if (socket.valid() && ::bind(socket.get(), each->ai_addr, each->ai_addrlen) == 0) return true;
  }
  return false;
}

void find_rescue_server(const Path& named, RescueHost& host) {
  try {
    host.server = server::find_server_binary(named);
    if (!host.server->plugin_directory.empty()) host.plugins = list_directory(host.server->plugin_directory);
  } catch (const Exception& e) {
    host.server_problem = e.error();
  }
}

Path nearest_that_exists(Path path) {
  std::error_code ignored;
  while (path.has_parent_path() && path != path.parent_path() && !std::filesystem::exists(path, ignored)) {
    path = path.parent_path();
  }
  return path;
}

}  // namespace

std::optional<Disk> disk_of(const Path& path) {
  struct stat status{};
  if (path.empty() || ::stat(nearest_that_exists(std::filesystem::absolute(path)).c_str(), &status) != 0) return {};
  return static_cast<Disk>(status.st_dev);
}

RescueHost look_at_host(const Path& server_binary, const Path& state_root) {
  RescueHost host;
  host.name = host_name();
  host.fuse_problem = look_for_fuse();
  find_rescue_server(server_binary, host);
  host.state_root = state_root;
  host.free_bytes = free_space(nearest_that_exists(std::filesystem::absolute(state_root)));
  return host;
}

ServerPlace place_of(const Node& node, const RescueHost& host) {
  ServerPlace place;
  if (!node.asked()) return place;
  place.here = node.facts->variable("hostname") == host.name;
  for (const net::Endpoint& each : node.addresses) place.here = place.here || is_address_of_this_host(each.host);
  const std::string& data = node.facts->variable("datadir");
  std::error_code ignored;
  if (place.here && std::filesystem::exists(data, ignored)) place.disk = disk_of(data);
  return place;
}

VaultFacts look_at_vault(const std::string& url, const std::function<std::unique_ptr<vault::Vault>()>& open) {
  VaultFacts facts;
  facts.url = url;
  const store::Url parsed = store::parse_url(url);
  if (parsed.scheme == "file") {
    facts.directory = parsed.path;
  } else {
    facts.host = store::parse_s3_location(parsed, url).host;
    facts.host = facts.host.substr(0, facts.host.rfind(':'));
  }
  try {
    const auto vault = open();
    const std::vector<vault::ImageInfo> images = vault::list_images(*vault);
    if (!images.empty()) facts.newest = KeptImage{images.back().name, images.back().time};
    if (images.size() > 1) facts.before = images[images.size() - 2].time;
  } catch (const Exception& e) {
    facts.problem = e.error();
  }
  return facts;
}

}  // namespace lifeboat::rescue
