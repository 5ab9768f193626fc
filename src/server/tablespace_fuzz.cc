#include "base/error.h"
#include "server/redo_log.h"
#include "server/tablespace.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const lifeboat::ByteView bytes(data, size);
  try {
    lifeboat::server::parse_tablespace_header(bytes, "fuzz");
  } catch (const lifeboat::Exception&) {  // refused, as it should be
  }
  try {
    lifeboat::server::parse_redo_head(bytes, std::uint64_t{64} << 20U, "fuzz");
  } catch (const lifeboat::Exception&) {  // refused, as it should be
  }
  return 0;
}
