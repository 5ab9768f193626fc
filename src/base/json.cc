#include "base/json.h"

#include <boost/json/src.hpp>  // the library's one implementation unit
#include <cmath>
#include <limits>
#include <utility>

namespace lifeboat {

json::value parse_json(std::string_view text, std::string_view what) {
  json::error_code error;
  json::value value = json::parse(json::string_view(text.data(), text.size()), error);
  if (error) fail(Code::kCorruption, format("{}: not JSON: {}", what, error.message()));
  return value;
}

json::object parse_json_object(std::string_view text, std::string_view what) {
  json::value value = parse_json(text, what);
  if (!value.is_object()) fail(Code::kCorruption, format("{}: not an object", what));
  return std::move(value.get_object());
}

json::object error_to_json(const Error& error) {
  json::array context;
  for (const std::string& each : error.context) context.emplace_back(each);
  json::object inner{{"code", code_name(error.code)},
                     {"exit", exit_status(error.code)},
                     {"message", error.message},
                     {"hint", error.hint},
                     {"context", std::move(context)}};
  return json::object{{"error", std::move(inner)}};
}

std::optional<Error> error_from_json(const json::object& object) {
  const json::value* found = object.if_contains("error");
  if (found == nullptr || !found->is_object()) return std::nullopt;
  const json::object& inner = found->get_object();
  Error error{Code::kInternal, json_string(inner, "message"), json_string(inner, "hint"), {}, {}};
  const std::string name = json_string(inner, "code");
  for (const Code each : all_codes()) {
    if (code_name(each) == name) error.code = each;
  }
  if (const json::value* context = inner.if_contains("context"); context != nullptr && context->is_array()) {
    for (const json::value& each : context->get_array()) {
      if (each.is_string()) error.context.emplace_back(each.get_string());
    }
  }
  return error;
}

namespace {
const json::value& member(const json::object& object, std::string_view key) {
  const json::value* value = object.if_contains(json::string_view(key.data(), key.size()));
  if (value == nullptr) fail(Code::kCorruption, format("JSON lacks '{}'", key));
  return *value;
}
}  // namespace

std::string json_string(const json::object& object, std::string_view key) {
  const json::value& value = member(object, key);
  if (!value.is_string()) fail(Code::kCorruption, format("JSON '{}' is not a string", key));
  return {value.get_string().data(), value.get_string().size()};
}

std::int64_t json_integer(const json::object& object, std::string_view key) {
  const json::value& value = member(object, key);
  json::error_code error;
  const auto number = value.to_number<std::int64_t>(error);
  if (error) fail(Code::kCorruption, format("JSON '{}' is not an integer", key));
  return number;
}

double json_number(const json::object& object, std::string_view key) {
  const json::value& value = member(object, key);
  const double number = value.is_number() ? value.to_number<double>() : std::numeric_limits<double>::quiet_NaN();
  if (!std::isfinite(number)) fail(Code::kCorruption, format("JSON '{}' is not a number", key));
  return number;
}

bool json_flag(const json::object& object, std::string_view key) {
  const json::value& value = member(object, key);
  if (!value.is_bool()) fail(Code::kCorruption, format("JSON '{}' is neither true nor false", key));
  return value.get_bool();
}

const json::array& json_array(const json::object& object, std::string_view key) {
  const json::value& value = member(object, key);
  if (!value.is_array()) fail(Code::kCorruption, format("JSON '{}' is not an array", key));
  return value.get_array();
}

const json::object& json_object(const json::value& value, std::string_view what) {
  if (!value.is_object()) fail(Code::kCorruption, format("{} is not an object", what));
  return value.get_object();
}

}  // namespace lifeboat
