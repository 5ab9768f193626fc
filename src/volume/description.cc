#include "volume/description.h"

#include "base/json.h"
#include "volume/journal.h"

namespace lifeboat::volume {

Bytes encode_description(const Description& description) {
  const std::string text = json::serialize(json::object{{"format", kVolumeFormatVersion},
                                                        {"id", description.id},
                                                        {"image", description.image},
                                                        {"vault", description.vault},
                                                        {"created", description.created}});
  return {text.begin(), text.end()};
}

Description decode_description(ByteView content, std::string_view what) {
  const json::object object = parse_json_object(as_text(content), what);
  const std::int64_t version = json_integer(object, "format");
  if (version > kVolumeFormatVersion) {
    fail(Code::kUnsupported, format("{}: made by a newer Lifeboat (format {})", what, version),
         "Open this volume with the version of Lifeboat that made it, or a newer one.");
  }
  return {.id = json_string(object, "id"),
          .image = json_string(object, "image"),
          .vault = json_string(object, "vault"),
          .created = json_string(object, "created")};
}

}  // namespace lifeboat::volume
