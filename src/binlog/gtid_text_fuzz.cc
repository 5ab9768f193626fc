// GTIDs of both flavours as text, and MySQL's sets as on the wire: what is accepted comes back the same.
#include "binlog/fuzzing.h"
#include "binlog/gtid.h"
#include "binlog/mysql_gtid.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace lifeboat;
  const ByteView bytes(data, size);
  binlog::may_refuse([&] {
    const binlog::GtidPosition position = binlog::GtidPosition::parse(as_text(bytes));
    if (binlog::GtidPosition::parse(position.format()) != position) __builtin_trap();
  });
  binlog::may_refuse([&] {
    const binlog::GtidSet set = binlog::GtidSet::parse(as_text(bytes));
    if (binlog::GtidSet::parse(set.format()) != set) __builtin_trap();
    if (binlog::GtidSet::decode(set.encode()) != set) __builtin_trap();
  });
  binlog::may_refuse([&] {
    const binlog::GtidSet set = binlog::GtidSet::decode(bytes);
    if (binlog::GtidSet::decode(set.encode()) != set) __builtin_trap();
  });
  return 0;
}
