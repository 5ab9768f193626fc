#include "vault/image_object.h"

#include <algorithm>
#include <array>
#include <ctime>
#include <limits>

#include "base/error.h"
#include "base/random.h"
#include "vault/sealed_object.h"

namespace lifeboat::vault {

namespace {

constexpr std::string_view kNamePattern = "dddddddd-dddddd-xxxxxx";
constexpr std::size_t kMetadataBytesMax = std::size_t{32} << 20U;

std::uint64_t json_count(const json::object& object, std::string_view key) {
  const std::int64_t value = json_integer(object, key);
  if (value < 0) fail(Code::kCorruption, format("'{}' is negative", key));
  return static_cast<std::uint64_t>(value);
}

json::object json_object(const json::object& object, std::string_view key) {
  const json::value* value = object.if_contains(key);
  if (value == nullptr || !value->is_object()) fail(Code::kCorruption, format("'{}' is not an object", key));
  return value->get_object();
}

std::optional<TopDirectory> parse_top(const json::object& metadata) {
  if (!metadata.contains("top")) return std::nullopt;
  const json::object top = json_object(metadata, "top");
  const auto number = [&](std::string_view key, std::uint64_t max) {
    const std::uint64_t value = json_count(top, key);
    if (value > max) fail(Code::kCorruption, format("'{}' of the top directory is out of range", key));
    return static_cast<std::uint32_t>(value);
  };
  constexpr std::uint64_t kIdMax = std::numeric_limits<std::uint32_t>::max();
  return TopDirectory{.mode = number("mode", 07777), .uid = number("uid", kIdMax), .gid = number("gid", kIdMax)};
}

ImageInfo parse_info(const json::value& metadata) {
  if (!metadata.is_object()) fail(Code::kCorruption, "metadata is not an object");
  const json::object& object = metadata.get_object();
  ImageInfo info;
  info.time = from_unix_ms(json_integer(object, "time"));
  info.parent = json_string(object, "parent");
  info.origin = json_string(object, "origin");
  info.bytes = json_count(object, "bytes");
  info.new_bytes = json_count(object, "new_bytes");
  info.files = json_count(object, "files");
  info.top = parse_top(object);
  info.server = json_object(object, "server");
  info.attachments = json_object(object, "attachments");
  return info;
}

}  // namespace

Bytes encode_image(const ImageInfo& info, const DirectoryNode& root) {
  json::object object;
  object["time"] = unix_ms(info.time);
  object["parent"] = info.parent;
  object["origin"] = info.origin;
  object["bytes"] = info.bytes;
  object["new_bytes"] = info.new_bytes;
  object["files"] = info.files;
  if (info.top) object["top"] = {{"mode", info.top->mode}, {"uid", info.top->uid}, {"gid", info.top->gid}};
  object["server"] = info.server;
  object["attachments"] = info.attachments;
  Encoder out;
  out.text(json::serialize(object));
  out.raw(encode_directory_node(root));
  return out.take();
}

ImageObject decode_image(const ImageName& name, ByteView payload) {
  const std::string what = format("image {}", name);
  try {
    Decoder in(payload, "metadata");
    ImageObject image;
    image.info = parse_info(parse_json(in.text(kMetadataBytesMax), "metadata"));
    image.info.name = name;
    image.root = decode_directory_node(in.raw(in.left()), "root node");
    return image;
  } catch (Exception& e) {
    e.add_context(what);
    throw;
  }
}

ImageObject load_image(Vault& vault, const ImageName& name) {
  return decode_image(name, get_object(vault, ObjectKind::kImage, format("{}{}", kImagesPrefix, name)));
}

ImageName make_image_name(SystemTime time) {
  const std::time_t seconds = std::chrono::system_clock::to_time_t(time);
  std::tm parts{};
  ::gmtime_r(&seconds, &parts);
  std::array<char, 32> text{};
  std::strftime(text.data(), text.size(), "%Y%m%d-%H%M%S", &parts);
  return format("{}-{}", text.data(), random_hex(3));
}

SystemTime image_name_time(const ImageName& name) {
  const auto number = [&](std::size_t at, std::size_t digits) {
    int value = 0;
    for (const char c : std::string_view(name).substr(at, digits)) value = 10 * value + (c - '0');
    return value;
  };
  std::tm parts{};
  parts.tm_year = number(0, 4) - 1900;
  parts.tm_mon = number(4, 2) - 1;
  parts.tm_mday = number(6, 2);
  parts.tm_hour = number(9, 2);
  parts.tm_min = number(11, 2);
  parts.tm_sec = number(13, 2);
  return from_unix_ms(std::int64_t{1000} * ::timegm(&parts));
}

bool valid_image_name(std::string_view name) {
  if (name.size() != kNamePattern.size()) return false;
  for (std::size_t i = 0; i < name.size(); ++i) {
    const char c = name[i];
    const bool digit = c >= '0' && c <= '9';
    switch (kNamePattern[i]) {
      case 'd':
        if (!digit) return false;
        break;
      case 'x':
        if (!digit && (c < 'a' || c > 'f')) return false;
        break;
      default:
        if (c != kNamePattern[i]) return false;
    }
  }
  return true;
}

}  // namespace lifeboat::vault
