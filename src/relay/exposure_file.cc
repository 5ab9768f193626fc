#include "relay/exposure_file.h"

#include <filesystem>

#include "base/error.h"

namespace lifeboat::relay {
namespace {

ExposedSpan span_from_json(const json::object& object) {
  ExposedSpan span{.after_gtid = json_string(object, "after_gtid"),
                   .since = parse_time(json_string(object, "since")),
                   .to_gtid = json_string(object, "to_gtid"),
                   .until = {},
                   .why = json_string(object, "why")};
  if (!object.at("open").as_bool()) span.until = parse_time(json_string(object, "until"));
  return span;
}

}  // namespace

Exposure ExposureFile::load() {
  Exposure exposure;
  const auto content = find_and_read_file(file_);
  if (!content) return exposure;
  kept_ = as_text(*content);
  try {
    const json::object object = parse_json(kept_, file_.string()).as_object();
    for (const json::value& each : object.at("exposed").as_array()) {
      exposure.spans.push_back(span_from_json(each.as_object()));
    }
    for (const json::value& each : object.at("alarms").as_array()) exposure.alarms.emplace_back(each.as_string());
  } catch (const std::exception& e) {
    fail(Code::kCorruption, format("{}: {}", file_.string(), e.what()));
  }
  return exposure;
}

bool ExposureFile::removed() const {
  return !kept_.empty() && !std::filesystem::exists(file_);
}

void ExposureFile::save(const Exposure& exposure) {
  const json::object object{{"exposed", spans_to_json(exposure.spans)}, {"alarms", texts_to_json(exposure.alarms)}};
  std::string text = json::serialize(object) + "\n";
  if (text == kept_ && std::filesystem::exists(file_)) return;
  write_file_durably(file_, as_bytes(text));
  kept_ = std::move(text);
}

}  // namespace lifeboat::relay
