// An index block as it comes, and one whose CRC is right around the input: what decodes is what encodes to equal
// entries.
#include "base/error.h"
#include "binlog/event.h"
#include "relay/index_block.h"

namespace {

using namespace lifeboat;

void check(ByteView bytes) {
  std::vector<relay::IndexEntry> entries;
  try {
    if (relay::decode_index_block(bytes, entries) == 0) return;
  } catch (const Exception& e) {
    if (e.code() != Code::kCorruption) __builtin_trap();
    return;
  }
  std::vector<relay::IndexEntry> again;
  relay::IndexBlockBuilder builder;
  const auto take = [&] { LIFEBOAT_CHECK(relay::decode_index_block(builder.take(), again) > 0); };
  for (const relay::IndexEntry& entry : entries) {
    if (builder.add(entry)) take();
  }
  if (!builder.empty()) take();
  LIFEBOAT_CHECK(again == entries);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const ByteView input(data, size);
  static_cast<void>(relay::decode_index_head(input));
  check(input);
  Encoder block;
  block.u32(static_cast<std::uint32_t>(size));
  block.u32(binlog::crc32(input));
  block.raw(input);
  check(block.bytes());
  return 0;
}
