/// The URLs that name a store, taken apart. What they mean is the driver's business.
#pragma once

#include <map>
#include <source_location>
#include <string>
#include <string_view>

namespace lifeboat::store {

/// `scheme://authority/path?key=value&…`, percent-decoded. A text without "://" is a plain path: scheme "file".
struct Url {
  std::string scheme;
  std::string authority;
  std::string path;  ///< with its leading slash, if it has one; for a plain path the whole text, as it is
  std::map<std::string, std::string> options;
};

/// Throws kUsage with the accepted forms.
Url parse_url(std::string_view text);

/// All but letters, digits and -._~ as %XX; '/' too unless `keep_slashes`.
std::string uri_encode(std::string_view text, bool keep_slashes = false);

/// Throws kUsage: "store URL …: why", with the accepted forms as the hint.
[[noreturn]] void fail_url(std::string_view text, std::string_view why,
                           std::source_location place = std::source_location::current());

}  // namespace lifeboat::store
