/// Random bytes from the kernel. For keys and ids alike; never fails quietly.
#pragma once

#include <cstdint>
#include <string>

#include "base/bytes.h"

namespace lifeboat {

void random_fill(ByteSpan out);
Bytes random_bytes(std::size_t size);
std::uint64_t random_number();
/// `bytes` random bytes as hex digits.
std::string random_hex(std::size_t bytes);

}  // namespace lifeboat
