#include "vault/types.h"

#include <algorithm>
#include <cctype>

#include "base/error.h"
#include "base/random.h"

namespace lifeboat::vault {

std::string id_text(const Id& id) {
  return to_hex(id);
}

std::optional<Id> find_id(std::string_view hex) {
  Id id{};
  const auto is_digit = [](char c) { return std::isxdigit(static_cast<unsigned char>(c)) != 0; };
  if (hex.size() != id.size() * 2 || !std::ranges::all_of(hex, is_digit)) return std::nullopt;
  std::ranges::copy(from_hex(hex), id.begin());
  return id;
}

Id id_from_text(std::string_view hex) {
  const std::optional<Id> id = find_id(hex);
  if (!id) fail(Code::kUsage, format("'{}' is not an id", hex), "An id is 32 hex digits.");
  return *id;
}

Id random_id() {
  Id id{};
  random_fill(id);
  return id;
}

}  // namespace lifeboat::vault
