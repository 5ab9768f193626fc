#include "store/url.h"

#include <algorithm>

#include "base/error.h"

namespace lifeboat::store {
namespace {

constexpr std::size_t kUrlSizeMax = 4096;

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

std::string percent_decode(std::string_view in, std::string_view url) {
  std::string out;
  for (std::size_t i = 0; i < in.size(); ++i) {
    char c = in[i];
    if (c == '%') {
      const int high = i + 1 < in.size() ? hex_digit(in[i + 1]) : -1;
      const int low = i + 2 < in.size() ? hex_digit(in[i + 2]) : -1;
      if (high < 0 || low < 0) fail_url(url, "a % is not followed by two hex digits");
      c = static_cast<char>(high * 16 + low);
      i += 2;
    }
    if (c == '\0') fail_url(url, "it holds a zero byte");
    out += c;
  }
  return out;
}

void parse_options(std::string_view query, std::string_view url, Url& out) {
  while (!query.empty()) {
    const std::size_t end = query.find('&');
    const std::string_view pair = query.substr(0, end);
    const std::size_t equals = pair.find('=');
    if (equals == std::string_view::npos) fail_url(url, format("option \"{}\" has no value", pair));
    const std::string key = percent_decode(pair.substr(0, equals), url);
    if (!out.options.emplace(key, percent_decode(pair.substr(equals + 1), url)).second) {
      fail_url(url, format("option \"{}\" stands there twice", key));
    }
    query.remove_prefix(end == std::string_view::npos ? query.size() : end + 1);
  }
}

}  // namespace

Url parse_url(std::string_view text) {
  if (text.empty() || text.size() > kUrlSizeMax) fail_url(text.substr(0, 100), "it is empty or too long");
  const std::size_t colon = text.find("://");
  if (colon == std::string_view::npos) {
    if (text.find('\0') != std::string_view::npos) fail_url(text, "it holds a zero byte");
    return {.scheme = "file", .path = std::string(text)};
  }
  Url url{.scheme = std::string(text.substr(0, colon))};
  std::string_view rest = text.substr(colon + 3);
  if (const std::size_t mark = rest.find('?'); mark != std::string_view::npos) {
    parse_options(rest.substr(mark + 1), text, url);
    rest = rest.substr(0, mark);
  }
  const std::size_t slash = std::min(rest.find('/'), rest.size());
  url.authority = percent_decode(rest.substr(0, slash), text);
  url.path = percent_decode(rest.substr(slash), text);
  if (url.scheme == "file" && (!url.authority.empty() || url.path.empty() || !url.options.empty())) {
    fail_url(text, "a file URL is file:// and an absolute path");
  }
  return url;
}

std::string uri_encode(std::string_view text, bool keep_slashes) {
  constexpr std::string_view kDigits = "0123456789ABCDEF";
  std::string out;
  out.reserve(text.size());
  for (const char c : text) {
    const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
                       c == '.' || c == '_' || c == '~' || (c == '/' && keep_slashes);
    if (plain) {
      out += c;
      continue;
    }
    const auto byte = static_cast<unsigned char>(c);
    out += '%';
    out += kDigits[byte >> 4U];
    out += kDigits[byte & 15U];
  }
  return out;
}

void fail_url(std::string_view text, std::string_view why, std::source_location place) {
  fail(Code::kUsage, format("store URL \"{}\": {}", text, why),
       "Accepted are file:///directory, a plain path, and s3://bucket/prefix?endpoint=https://host:port&region=name "
       "(options: endpoint, region, ca, style).",
       place);
}

}  // namespace lifeboat::store
