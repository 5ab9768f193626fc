#include "rescue/forecast_sample.h"

#include "base/error.h"

namespace lifeboat::rescue {
namespace {

/// Of what the proof says of the host, if it does.
std::string condition_in(const json::object& proof, std::string_view name) {
  const json::value* conditions = proof.if_contains("conditions");
  if (conditions == nullptr || !conditions->is_object()) return {};
  const json::value* found = conditions->get_object().if_contains(name);
  return found != nullptr && found->is_string() ? std::string(found->get_string()) : std::string();
}

bool is_null(const json::object& object, std::string_view key) {
  const json::value* found = object.if_contains(key);
  return found == nullptr || found->is_null();
}

/// Nothing: it did not end, or took no time that a clock could tell.
std::optional<ForecastSample> sample_from_json(const json::object& phase) {
  if (!json_flag(phase, "recovers") || is_null(phase, "seconds")) return std::nullopt;
  ForecastSample sample{.phase = json_string(phase, "phase"),
                        .time = from_unix_ms(json_integer(phase, "begun")),
                        .work = {},
                        .unit = json_string(phase, "unit"),
                        .seconds = json_number(phase, "seconds"),
                        .load = {},
                        .host = {}};
  if (!is_null(phase, "work")) sample.work = json_number(phase, "work");
  if (sample.seconds <= 0 || sample.work.value_or(0) < 0) return std::nullopt;
  return sample;
}

}  // namespace

std::vector<ForecastSample> samples_of_proof(const json::object& proof) {
  std::vector<ForecastSample> samples;
  const json::value* phases = proof.if_contains("phases");
  if (phases == nullptr || !phases->is_array() || is_null(proof, "id")) return samples;
  for (const json::value& each : phases->get_array()) {
    if (!each.is_object()) continue;
    try {
      std::optional<ForecastSample> sample = sample_from_json(each.get_object());
      if (!sample) continue;
      sample->load = condition_in(proof, "label");
      sample->host = condition_in(proof, "host");
      samples.push_back(std::move(*sample));
    } catch (const Exception&) {
      continue;  // of another version: no evidence
    }
  }
  return samples;
}

}  // namespace lifeboat::rescue
