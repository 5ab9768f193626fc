// Names and URLs: which driver serves which URL.

#include "store/store.h"

#include <algorithm>

#include "base/error.h"
#include "store/directory_store.h"
#include "store/driver.h"
#include "store/s3_credentials.h"
#include "store/s3_store.h"
#include "store/url.h"

namespace lifeboat::store {
namespace {

constexpr std::size_t kNameSizeMax = 200;

bool is_name_part(std::string_view part) {
  const auto legal = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || c == '.' || c == '_' ||
           c == '-';
  };
  return !part.empty() && part != "." && part != ".." && std::ranges::all_of(part, legal);
}

}  // namespace

bool is_name(std::string_view name) {
  if (name.size() > kNameSizeMax) return false;
  for (;;) {
    const std::size_t slash = name.find('/');
    if (!is_name_part(name.substr(0, slash))) return false;
    if (slash == std::string_view::npos) return true;
    name.remove_prefix(slash + 1);
  }
}

void check_name(std::string_view name) {
  if (!is_name(name)) fail(Code::kUsage, format("\"{}\" is no legal object name", name.substr(0, kNameSizeMax)));
}

std::unique_ptr<Store> open_store(std::string_view url, std::optional<std::chrono::seconds> patience) {
  const Url parsed = parse_url(url);
  if (parsed.scheme == "file") return open_directory_store(parsed.path);
  if (parsed.scheme == "s3") {
    S3Tuning tuning;
    if (patience) {
      tuning.retry.deadline = *patience;
      tuning.limits = {.connect = *patience, .stall = *patience};
    }
    return open_s3_store(parse_s3_location(parsed, url), load_s3_credentials(), tuning);
  }
  fail_url(url, format("\"{}://\" is not a kind of store", parsed.scheme));
}

}  // namespace lifeboat::store
