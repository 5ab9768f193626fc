/// Whether the bytes of one whole object are what this vault once put under that name: for scrub, copy and heal.
/// Pure functions. Errors: kCorruption and kUnsupported, naming the object and what is wrong with it.
#pragma once

#include <string_view>

#include "base/bytes.h"
#include "vault/keys.h"

namespace lifeboat::vault {

/// No object of ours is larger.
inline constexpr std::size_t kObjectBytesMax = std::size_t{512} << 20U;

/// Whether a name is one that objects of a vault have.
bool is_object_name(std::string_view name);

/// Checks every byte: header and tag, or every record of a pack.
void check_object(const Keys& keys, std::string_view name, ByteView object);

}  // namespace lifeboat::vault
