/// MariaDB's compressed payloads, in Query_compressed and the compressed rows events: byte 0 = 0x80 | algorithm << 4 |
/// n, n (1 to 4) bytes of the original length, big-endian; then the data. Algorithm 0 is zlib.
#pragma once

#include "base/bytes.h"

namespace lifeboat::binlog {

/// The length that the payload says it inflates to. kCorruption; kUnsupported for another algorithm.
std::size_t inflated_size(ByteView payload);
/// The original bytes. kOutOfSpace if they are said to be more than `max_size`; memory is taken as they appear, so a
/// length that lies costs nothing. kCorruption if they are not as many as said.
Bytes inflate_payload(ByteView payload, std::size_t max_size);

}  // namespace lifeboat::binlog
