/// Replaces damaged or missing objects by those of a second vault made by copy.
///
/// The one exception to "objects are never changed": the damaged one is removed and the good one put under the same
/// name. The bytes put are those that were put there first, so no reader can meet two versions. Killed in between, the
/// object is missing, which the next scrub finds: trees refer to packs, and what nothing refers to (images, pins, key
/// slots, log parts) is noted in the vault before it is removed. Two are not noted: launch lists, which are only a
/// hint, and images that a removal mark hides, since a prune may remove those before a scrub looks, and they must not
/// come back. Errors: kRefused (the second is another vault), and the stores'. Memory: one object.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "vault/vault.h"

namespace lifeboat::vault {

struct HealReport {
  std::vector<std::string> healed;
  struct Failure {
    std::string object;
    std::string why;
  };
  std::vector<Failure> failures;
};

/// `objects` by name; those found whole on a second look are left alone.
HealReport heal(Vault& vault, Vault& from, const std::vector<std::string>& objects);

/// Config and key slots of a store whose vault can't be opened.
HealReport heal_way_in(std::unique_ptr<store::Store> store, Vault& from);

}  // namespace lifeboat::vault
