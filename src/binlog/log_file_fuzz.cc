// A log file (without its magic) of any bytes is cut, described and grouped, or refused; what was cut can be put
// together again byte for byte.
#include <algorithm>

#include "binlog/describe.h"
#include "binlog/fuzzing.h"
#include "binlog/group_reader.h"
#include "binlog/make_events.h"

namespace {

using namespace lifeboat;

void expect_same_again(const binlog::Event& event) {
  Bytes header(binlog::kEventHeaderSize);
  binlog::encode_header(event.header, header);
  if (!std::ranges::equal(header, event.whole.first(header.size()))) __builtin_trap();
  if (event.header.type == binlog::EventType::kFormatDescription || !binlog::checksum_matches(event)) return;
  if (event.whole.size() + binlog::kChecksumSize > binlog::kMaxEventSize) return;
  const Bytes bare = binlog::with_checksum(event, binlog::Checksum::kNone);
  const Bytes again = binlog::with_checksum(binlog::split_event(bare, binlog::Checksum::kNone), event.checksum);
  if (!std::ranges::equal(again, event.whole)) __builtin_trap();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  ByteView rest(data, size);
  binlog::may_refuse([&] {
    binlog::Describer describer(binlog::kFuzzLimit);
    binlog::GroupReader groups;
    binlog::Checksum checksum = binlog::Checksum::kNone;
    while (!rest.empty()) {
      const std::size_t event_size = binlog::decode_header(rest).size;
      if (event_size > rest.size()) return;
      const binlog::Event event = binlog::split_event(rest.first(event_size), checksum);
      rest = rest.subspan(event_size);
      json::serialize(describer.describe(event, 0));
      expect_same_again(event);
      if (event.header.type == binlog::EventType::kFormatDescription) {
        checksum = binlog::decode_format_description(event).checksum;
      }
      binlog::may_refuse([&] { groups.next(event); });
    }
  });
  return 0;
}
