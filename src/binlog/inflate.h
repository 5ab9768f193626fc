/// MariaDB's compressed payloads, in Query_compressed and the compressed rows events: byte 0 = 0x80 | algorithm << 4 |
/// n, n (1 to 4) bytes of the original length, big-endian; then the data. Algorithm 0 is zlib. And columns declared
/// COMPRESSED, as rows carry them: byte 0 = 0: the rest is plain; else method << 4 (8: zlib) | 8 if the data has no
/// zlib header | n, then as above.
///
/// Errors: kCorruption; kUnsupported for another method; kOutOfSpace if the data says that it becomes more than
/// `max_size`. Memory is taken as bytes appear, so a length that lies costs nothing.
#pragma once

#include "base/bytes.h"

namespace lifeboat::binlog {

/// The length that a payload says it inflates to.
std::size_t inflated_size(ByteView payload);
Bytes inflate_payload(ByteView payload, std::size_t max_size);
/// The value of a column declared COMPRESSED.
Bytes inflate_column(ByteView stored, std::size_t max_size);

}  // namespace lifeboat::binlog
