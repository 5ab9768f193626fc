/// JSON (Boost.JSON behind one name, so that only `base` includes it).
#pragma once

#include <boost/json.hpp>
#include <optional>
#include <string>
#include <string_view>

#include "base/error.h"

namespace lifeboat {

namespace json = boost::json;

/// Parses untrusted text; throws kCorruption naming `what`.
json::value parse_json(std::string_view text, std::string_view what);
/// The same of what has to be an object.
json::object parse_json_object(std::string_view text, std::string_view what);
/// `{"error":{"code","exit","message","hint","context"}}`, as every --json command prints on failure.
json::object error_to_json(const Error& error);
/// The error in such an object, as another process of ours printed it; empty if the object holds none.
std::optional<Error> error_from_json(const json::object& object);

/// A member of an object from untrusted JSON; throws kCorruption naming the key if absent or of another type.
std::string json_string(const json::object& object, std::string_view key);
std::int64_t json_integer(const json::object& object, std::string_view key);
bool json_flag(const json::object& object, std::string_view key);
/// Finite.
double json_number(const json::object& object, std::string_view key);
const json::array& json_array(const json::object& object, std::string_view key);
/// A value that has to be an object; kCorruption naming `what`.
const json::object& json_object(const json::value& value, std::string_view what);

}  // namespace lifeboat
