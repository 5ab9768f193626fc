#include "base/json_file.h"

namespace lifeboat {

std::optional<json::object> find_json_file(const Path& path) {
  const auto content = find_and_read_file(path);
  if (!content) return std::nullopt;
  return parse_json_object(as_text(*content), path.string());
}

void save_json_file(const Path& path, const json::object& object) {
  write_file_durably(path, as_bytes(json::serialize(object) + "\n"));
}

}  // namespace lifeboat
