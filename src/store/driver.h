/// What the drivers share: the same words for the same errors.
#pragma once

#include <source_location>
#include <string_view>

#include "base/error.h"

namespace lifeboat::store {

/// Whether check_name would let it pass.
bool is_name(std::string_view name);

[[noreturn]] void fail_not_found(std::string_view url, std::string_view name,
                                 std::source_location place = std::source_location::current());
[[noreturn]] void fail_exists(std::string_view url, std::string_view name,
                              std::source_location place = std::source_location::current());
/// kCorruption: the object ends at `size` where `wanted` bytes should be.
[[noreturn]] void fail_short(std::string_view url, std::string_view name, std::uint64_t size, std::uint64_t wanted,
                             std::source_location place = std::source_location::current());
/// kCorruption: the object has more than `max_size` bytes.
[[noreturn]] void fail_large(std::string_view url, std::string_view name, std::uint64_t max_size,
                             std::source_location place = std::source_location::current());

}  // namespace lifeboat::store
