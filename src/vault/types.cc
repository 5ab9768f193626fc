#include "vault/types.h"

#include <algorithm>

#include "base/error.h"
#include "base/random.h"

namespace lifeboat::vault {

std::string id_text(const Id& id) {
  return to_hex(id);
}

Id id_from_text(std::string_view hex) {
  Id id{};
  if (hex.size() != id.size() * 2) fail(Code::kUsage, format("'{}' is not an id", hex), "An id is 32 hex digits.");
  std::ranges::copy(from_hex(hex), id.begin());
  return id;
}

Id random_id() {
  Id id{};
  random_fill(id);
  return id;
}

}  // namespace lifeboat::vault
