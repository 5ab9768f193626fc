/// Big-endian integers, as InnoDB and Aria write them. The caller has checked that they fit.
#pragma once

#include <cstdint>

#include "base/bytes.h"
#include "base/error.h"

namespace lifeboat::server {

inline std::uint32_t big_u32(ByteView bytes, std::size_t at) {
  LIFEBOAT_CHECK(at + 4 <= bytes.size());
  std::uint32_t value = 0;
  for (std::size_t i = 0; i < 4; ++i) value = value << 8U | bytes[at + i];
  return value;
}

inline std::uint64_t big_u64(ByteView bytes, std::size_t at) {
  return std::uint64_t{big_u32(bytes, at)} << 32U | big_u32(bytes, at + 4);
}

}  // namespace lifeboat::server
