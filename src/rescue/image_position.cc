#include "rescue/image_position.h"

#include "base/error.h"

namespace lifeboat::rescue {

namespace {

constexpr std::string_view kPositionMember = "position";

ImagePosition parse_position(const json::object& object) {
  ImagePosition position{.gtid = binlog::GtidPosition::parse(json_string(object, "gtid")),
                         .file = json_string(object, "file"),
                         .position = 0,
                         .source = json_string(object, "source"),
                         .taken = parse_time(json_string(object, "taken"))};
  const std::int64_t within = json_integer(object, "file_position");
  if (within < 0) fail(Code::kCorruption, format("member 'file_position' is {}", within));
  position.position = static_cast<std::uint64_t>(within);
  return position;
}

}  // namespace

json::object to_json(const ImagePosition& position) {
  return {{"gtid", position.gtid.format()},
          {"file", position.file},
          {"file_position", position.position},
          {"source", position.source},
          {"taken", format_time(position.taken)}};
}

std::optional<ImagePosition> position_of(const vault::ImageInfo& image) {
  const json::value* member = image.server.if_contains(kPositionMember);
  if (member == nullptr) return std::nullopt;
  try {
    if (!member->is_object()) fail(Code::kCorruption, "it is no object");
    return parse_position(member->get_object());
  } catch (const Exception& e) {
    fail(Code::kCorruption, format("image {}: its position makes no sense: {}", image.name, e.error().message),
         "Another image may do (lifeboat image ls); this one can still be booted where no log is to be replayed.");
  }
}

void set_position(vault::ImageInfo& image, const ImagePosition& position) {
  image.server[kPositionMember] = to_json(position);
}

}  // namespace lifeboat::rescue
