/// CRC-32C (Castagnoli), as InnoDB's redo log uses it. Eight bytes a step; about 2 GB/s.
#pragma once

#include <cstdint>

#include "base/bytes.h"

namespace lifeboat::server {

/// Of `bytes`, continuing from `before` (0 at the start).
std::uint32_t crc32c(ByteView bytes, std::uint32_t before = 0);

}  // namespace lifeboat::server
