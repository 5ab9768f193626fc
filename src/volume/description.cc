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
  const json::value value = parse_json(as_text(content), what);
  if (!value.is_object()) fail(Code::kCorruption, format("{}: not an object", what));
  const json::object& object = value.get_object();
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
