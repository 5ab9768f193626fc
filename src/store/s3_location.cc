#include "store/s3_location.h"

#include <algorithm>

#include "base/error.h"
#include "store/driver.h"
#include "store/s3_answers.h"

namespace lifeboat::store {
namespace {

constexpr std::size_t kPrefixSizeMax = 200;

bool is_host_character(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' || c == '-' || c == '_';
}

bool is_bucket(std::string_view name) {
  return name.size() >= 3 && name.size() <= 255 && std::ranges::all_of(name, is_host_character) &&
         !name.starts_with('.') && !name.starts_with('-') && name.find("..") == std::string_view::npos;
}

bool is_host(std::string_view host) {
  if (host.starts_with('[')) {
    return host.ends_with(']') && host.size() > 2 &&
           host.substr(1, host.size() - 2).find_first_not_of("0123456789abcdefABCDEF:.") == std::string_view::npos;
  }
  return !host.empty() && std::ranges::all_of(host, is_host_character);
}

void parse_endpoint(std::string_view endpoint, std::string_view url, S3Location& out) {
  const std::size_t colon = endpoint.find("://");
  out.scheme = endpoint.substr(0, colon);
  if (colon == std::string_view::npos || (out.scheme != "http" && out.scheme != "https")) {
    fail_url(url, "the endpoint must begin with https:// or http://");
  }
  std::string_view host = endpoint.substr(colon + 3);
  if (host.ends_with('/')) host.remove_suffix(1);
  std::string_view port;
  const std::size_t port_at = host.rfind(':');
  if (port_at != std::string_view::npos && !host.ends_with(']')) {
    port = host.substr(port_at + 1);
    host = host.substr(0, port_at);
    const auto number = parse_number(port);
    if (!number || *number == 0 || *number > 65535) fail_url(url, "the endpoint's port is no port");
  }
  if (!is_host(host)) fail_url(url, "the endpoint must be a scheme, a host and perhaps a port, nothing more");
  out.host = host;
  const std::string_view usual_port = out.scheme == "https" ? "443" : "80";
  if (!port.empty() && port != usual_port) out.host += format(":{}", port);
}

}  // namespace

std::string S3Location::path_of(std::string_view key) const {
  return virtual_style ? format("/{}", key) : format("/{}/{}", bucket, key);
}

std::string S3Location::url() const {
  const std::string_view server =
      virtual_style ? std::string_view(host).substr(bucket.size() + 1) : std::string_view(host);
  const std::string_view folder = std::string_view(prefix).substr(0, prefix.empty() ? 0 : prefix.size() - 1);
  std::string text = format("s3://{}{}{}?endpoint={}://{}&region={}", bucket, folder.empty() ? "" : "/", folder, scheme,
                            server, region);
  if (!ca_file.empty()) text += format("&ca={}", uri_encode(ca_file.string(), true));
  if (virtual_style) text += "&style=virtual";
  return text;
}

S3Location parse_s3_location(const Url& url, std::string_view text) {
  S3Location location{.bucket = url.authority, .region = "us-east-1"};
  if (!is_bucket(location.bucket)) fail_url(text, format("\"{}\" is no bucket's name", location.bucket));

  std::string_view prefix = url.path;
  if (prefix.starts_with('/')) prefix.remove_prefix(1);
  if (prefix.ends_with('/')) prefix.remove_suffix(1);
  if (!prefix.empty()) {
    if (prefix.size() > kPrefixSizeMax || !is_name(prefix)) {
      fail_url(text, "the prefix may hold letters, digits and . _ - in parts divided by slashes, nothing more");
    }
    location.prefix = format("{}/", prefix);
  }

  std::string endpoint;
  for (const auto& [key, value] : url.options) {
    if (key == "endpoint") {
      endpoint = value;
    } else if (key == "region") {
      location.region = value;
    } else if (key == "ca") {
      location.ca_file = value;
    } else if (key == "style" && (value == "path" || value == "virtual")) {
      location.virtual_style = value == "virtual";
    } else {
      fail_url(text, format("it knows no option {}={}", key, value));
    }
  }
  if (!is_host(location.region) || location.region.starts_with('[')) fail_url(text, "the region is no region's name");
  if (endpoint.empty()) endpoint = format("https://s3.{}.amazonaws.com", location.region);
  parse_endpoint(endpoint, text, location);
  if (location.virtual_style) location.host = format("{}.{}", location.bucket, location.host);
  return location;
}

}  // namespace lifeboat::store
