#include "binlog/format_description.h"

#include <array>
#include <utility>

#include "base/error.h"
#include "binlog/wire.h"

namespace lifeboat::binlog {

namespace {

using enum EventType;

/// The fixed parts that the decoders rely on.
constexpr std::array kPostHeaderLengths = std::to_array<std::pair<EventType, std::uint8_t>>({
    {kQuery, 13},
    {kRotate, 8},
    {kExecuteLoadQuery, 26},
    {kTableMap, 8},
    {kWriteRowsV1, 8},
    {kUpdateRowsV1, 8},
    {kDeleteRowsV1, 8},
    {kWriteRows, 10},
    {kUpdateRows, 10},
    {kDeleteRows, 10},
    {kQueryCompressed, 13},
    {kWriteRowsCompressedV1, 8},
    {kUpdateRowsCompressedV1, 8},
    {kDeleteRowsCompressedV1, 8},
    {kWriteRowsCompressed, 10},
    {kUpdateRowsCompressed, 10},
    {kDeleteRowsCompressed, 10},
});

[[noreturn]] void unsupported(const std::string& why) {
  fail(Code::kUnsupported, format("binary log: {}", why), "Logs of MySQL 5.1 and newer and of MariaDB can be read.");
}

void check_lengths(const FormatDescription& description) {
  for (const auto& [type, length] : kPostHeaderLengths) {
    const std::size_t at = static_cast<std::size_t>(type) - 1;
    if (at >= description.post_header_lengths.size()) continue;
    // Types of the other flavour have 0 here.
    const std::uint8_t found = description.post_header_lengths[at];
    if (found != 0 && found != length) {
      unsupported(format("{} events of {} have a fixed part of {} bytes, not {}", event_type_name(type),
                         description.server_version, found, length));
    }
  }
}

}  // namespace

FormatDescription decode_format_description(const Event& event) {
  Decoder in(event.body, "format event");
  if (event.header.type != kFormatDescription) in.bad("not one");
  FormatDescription description;
  description.binlog_version = in.u16();
  const std::string_view version = as_text(in.raw(50));
  description.server_version = version.substr(0, version.find('\0'));
  description.created = in.u32();
  const std::uint8_t header_size = in.u8();
  if (description.binlog_version != 4 || header_size != kEventHeaderSize) {
    unsupported(format("version {} with headers of {} bytes", description.binlog_version, header_size));
  }
  description.checksum_aware = event.checksum == Checksum::kCrc32;
  const ByteView lengths = in.raw(in.left() - (description.checksum_aware ? 1 : 0));
  description.post_header_lengths.assign(lengths.begin(), lengths.end());
  description.checksum = Checksum::kNone;
  if (description.checksum_aware) {
    const std::uint8_t algorithm = in.u8();
    if (algorithm > 1) unsupported(format("checksum algorithm {}", algorithm));
    description.checksum = static_cast<Checksum>(algorithm);
  }
  const bool maria_types = description.post_header_lengths.size() >= static_cast<std::size_t>(kAnnotateRows);
  const bool maria_name = description.server_version.find("MariaDB") != std::string::npos;
  description.flavour = maria_types || maria_name ? Flavour::kMariadb : Flavour::kMysql;
  check_lengths(description);
  return description;
}

}  // namespace lifeboat::binlog
