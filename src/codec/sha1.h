/// SHA-1, which mysql_native_password is made of. For nothing else: it resists no forger. Threads: any.
#pragma once

#include <array>
#include <cstdint>

#include "base/bytes.h"

namespace lifeboat::codec {

using Hash160 = std::array<std::uint8_t, 20>;

Hash160 sha1(ByteView bytes);

}  // namespace lifeboat::codec
