/// Server settings that shape data or its meaning, so that a branch needs them as the production server had them. All
/// else is chosen for the rescue (server/options.h).
#pragma once

#include <map>
#include <span>
#include <string>
#include <string_view>

namespace lifeboat::server {

/// Canonical names (`_`), sorted.
std::span<const std::string_view> known_settings();
bool is_known_setting(std::string_view name);

/// The known ones among `options`.
std::map<std::string, std::string> relevant_settings(const std::map<std::string, std::string>& options);

/// Whether the value of a switch means on: "1", "on", "true", "yes" in any case.
bool is_on(const std::map<std::string, std::string>& settings, const std::string& name);

}  // namespace lifeboat::server
