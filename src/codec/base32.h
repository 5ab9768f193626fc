/// Base 32 (RFC 4648 alphabet, without padding), for keys that people read aloud and type.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/bytes.h"

namespace lifeboat::codec {

std::string to_base32(ByteView bytes);
/// Either case. Empty if there is a foreign character, a left-over digit, or left-over bits that are not zero: every
/// byte string has exactly one spelling.
std::optional<Bytes> from_base32(std::string_view text);

}  // namespace lifeboat::codec
