#include "binlog/event.h"

#include <zlib.h>

#include "base/error.h"
#include "binlog/wire.h"

namespace lifeboat::binlog {

namespace {

constexpr std::size_t kFlagsOffset = 17;

/// The part of a Format_description event's body in front of the lengths by type.
constexpr std::size_t kFormatFixedSize = 2 + 50 + 4 + 1;

/// "10.11.19-…" → 101119 as ten-thousands, hundreds, ones; 0 if it begins with no number.
std::uint32_t version_number(std::string_view version) {
  std::uint32_t number = 0;
  for (int part = 0; part < 3; ++part) {
    std::uint32_t value = 0;
    while (!version.empty() && version[0] >= '0' && version[0] <= '9' && value < 100) {
      value = value * 10 + static_cast<std::uint32_t>(version[0] - '0');
      version.remove_prefix(1);
    }
    number = number * 100 + std::min(value, 99U);
    if (!version.empty() && version[0] == '.') version.remove_prefix(1);
  }
  return number;
}

}  // namespace

bool format_has_checksum(ByteView body) {
  if (body.size() < kFormatFixedSize + 1 + kChecksumSize) return false;
  std::string_view version = as_text(body.subspan(2, 50));
  version = version.substr(0, version.find('\0'));
  // MySQL since 5.6.1, MariaDB since 5.3.0.
  return version_number(version) >= (version.find("MariaDB") != std::string_view::npos ? 50300U : 50601U);
}

EventHeader decode_header(ByteView bytes) {
  if (bytes.size() < kEventHeaderSize) fail(Code::kCorruption, "event header: truncated");
  EventHeader header;
  header.timestamp = static_cast<std::uint32_t>(get_little(bytes, 0, 4));
  header.type = static_cast<EventType>(bytes[4]);
  header.server_id = static_cast<std::uint32_t>(get_little(bytes, 5, 4));
  header.size = static_cast<std::uint32_t>(get_little(bytes, 9, 4));
  header.end_position = static_cast<std::uint32_t>(get_little(bytes, 13, 4));
  header.flags = static_cast<std::uint16_t>(get_little(bytes, kFlagsOffset, 2));
  if (header.size < kEventHeaderSize || header.size > kMaxEventSize) {
    fail(Code::kCorruption, format("event header: a size of {} bytes", header.size));
  }
  return header;
}

void encode_header(const EventHeader& header, ByteSpan out) {
  LIFEBOAT_CHECK(out.size() >= kEventHeaderSize);
  put_little(out, 0, header.timestamp, 4);
  out[4] = static_cast<std::uint8_t>(header.type);
  put_little(out, 5, header.server_id, 4);
  put_little(out, 9, header.size, 4);
  put_little(out, 13, header.end_position, 4);
  put_little(out, kFlagsOffset, header.flags, 2);
}

std::size_t checksum_size(Checksum checksum) {
  return checksum == Checksum::kCrc32 ? kChecksumSize : 0;
}

Event split_event(ByteView whole, Checksum checksum) {
  Event event{decode_header(whole), whole, whole.subspan(kEventHeaderSize), checksum};
  if (event.header.size != whole.size()) {
    fail(Code::kCorruption, format("event {}: {} bytes where its header says {}", event_type_name(event.header.type),
                                   whole.size(), event.header.size));
  }
  if (event.header.type == EventType::kFormatDescription) {
    event.checksum = format_has_checksum(event.body) ? Checksum::kCrc32 : Checksum::kNone;
  }
  const std::size_t trailer = checksum_size(event.checksum);
  if (event.body.size() < trailer) {
    fail(Code::kCorruption, format("event {}: no room for its checksum", event_type_name(event.header.type)));
  }
  event.body = event.body.first(event.body.size() - trailer);
  return event;
}

std::uint32_t crc32(ByteView bytes, std::uint32_t seed) {
  return static_cast<std::uint32_t>(::crc32_z(seed, bytes.data(), bytes.size()));
}

std::uint32_t event_checksum(ByteView whole) {
  const ByteView covered = whole.first(whole.size() - kChecksumSize);
  if (whole[4] != static_cast<std::uint8_t>(EventType::kFormatDescription)) return crc32(covered);
  Bytes head(covered.begin(), covered.begin() + kEventHeaderSize);
  head[kFlagsOffset] &= static_cast<std::uint8_t>(~kFlagInUse);
  return crc32(covered.subspan(kEventHeaderSize), crc32(head));
}

bool checksum_matches(const Event& event) {
  if (event.checksum == Checksum::kNone) return true;
  const std::size_t at = event.whole.size() - kChecksumSize;
  return get_little(event.whole, at, kChecksumSize) == event_checksum(event.whole);
}

void verify_checksum(const Event& event) {
  if (checksum_matches(event)) return;
  fail(Code::kCorruption, format("event {} that ends at {}: its checksum does not match",
                                 event_type_name(event.header.type), event.header.end_position));
}

}  // namespace lifeboat::binlog
