#include "vault/reusable_packs.h"

#include "vault/format.h"

namespace lifeboat::vault {

bool ReusablePacks::contains(const Id& pack) {
  {
    const std::scoped_lock lock(mutex_);
    if (const auto at = known_.find(pack); at != known_.end()) return at->second;
  }
  const bool usable = !marked_.contains(pack) && vault_.store().find(pack_name(pack)).has_value();
  const std::scoped_lock lock(mutex_);
  return known_.emplace(pack, usable).first->second;
}

void ReusablePacks::add_own(const Id& pack) {
  const std::scoped_lock lock(mutex_);
  known_[pack] = true;
}

}  // namespace lifeboat::vault
