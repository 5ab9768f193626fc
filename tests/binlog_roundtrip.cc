// Takes every event of a log file apart and puts it together again; says which differ. For
// tests/integration/binlog-rows.
//
//   binlog_roundtrip FILE      exit status 1 if an event does not come out as it went in
#include <algorithm>
#include <cstdio>

#include "base/error.h"
#include "base/file.h"
#include "binlog/format_description.h"
#include "binlog/make_events.h"

namespace {

using namespace lifeboat;
using binlog::Checksum;
using binlog::Event;
using binlog::EventType;

bool same(const Bytes& made, const Event& event) {
  return std::ranges::equal(made, event.whole);
}

/// Header and checksum, off and on again.
bool same_ending(const Event& event) {
  Bytes header(binlog::kEventHeaderSize);
  binlog::encode_header(event.header, header);
  const Bytes bare = binlog::with_checksum(event, Checksum::kNone);
  const Bytes again = binlog::with_checksum(binlog::split_event(bare, Checksum::kNone), event.checksum);
  const bool is_format = event.header.type == EventType::kFormatDescription;
  return std::ranges::equal(header, event.whole.first(header.size())) && (is_format || same(again, event));
}

/// The types that are made, made from what was decoded.
bool same_content(const Event& event) {
  const binlog::StreamIdentity stream{.server_id = event.header.server_id, .checksum = event.checksum};
  switch (event.header.type) {
    case EventType::kGtid:
      return same(binlog::make_gtid(binlog::decode_gtid(event), event.header, event.checksum), event);
    case EventType::kRotate:
      return same(
          binlog::make_rotate(stream, binlog::decode_rotate(event), event.header.timestamp, event.header.end_position),
          event);
    case EventType::kGtidList: {
      const Bytes made = binlog::make_gtid_list(stream, binlog::decode_gtid_list(event), event.header.end_position);
      return std::ranges::equal(binlog::split_event(made, event.checksum).body, event.body);
    }
    case EventType::kFormatDescription: {
      const Bytes edited = binlog::edit_format_description(event, {.zero_created = false});
      Bytes closed(event.whole.begin(), event.whole.end());
      closed[17] &= static_cast<std::uint8_t>(~binlog::kFlagInUse);
      return edited == closed;
    }
    default:
      return true;
  }
}

int check(const char* path) {
  const Bytes bytes = read_file(path);
  ByteView rest = ByteView(bytes).subspan(std::min(bytes.size(), binlog::kFileMagic.size()));
  Checksum checksum = Checksum::kNone;
  int events = 0;
  int different = 0;
  while (!rest.empty()) {
    const std::size_t size = std::min<std::size_t>(binlog::decode_header(rest).size, rest.size());
    const Event event = binlog::split_event(rest.first(size), checksum);
    if (event.header.type == EventType::kFormatDescription)
      checksum = binlog::decode_format_description(event).checksum;
    rest = rest.subspan(size);
    ++events;
    if (binlog::checksum_matches(event) && same_ending(event) && same_content(event)) continue;
    ++different;
    std::fprintf(stderr, "%s: %s that ends at %u differs\n", path,
                 std::string(event_type_name(event.header.type)).c_str(), event.header.end_position);
  }
  std::printf("%d events, %d different\n", events, different);
  return different == 0 && events > 0 ? 0 : 1;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2) {
    std::fprintf(stderr, "usage: binlog_roundtrip FILE\n");
    return 2;
  }
  try {
    return check(argv[1]);
  } catch (const lifeboat::Exception& e) {
    std::fprintf(stderr, "%s\n", e.what());
    return 1;
  }
}
