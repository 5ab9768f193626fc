/// What removal marks say: images that are hidden, packs that must not be re-used. See docs/internals/vault-format.md,
/// "Pruning".
#pragma once

#include <set>

#include "vault/image.h"
#include "vault/vault.h"

namespace lifeboat::vault {

/// The sum of all marks that were not taken back.
struct Hidden {
  std::set<ImageName> images;
  std::set<Id> packs;
};

/// Throws kCorruption naming a damaged mark.
Hidden read_hidden(Vault& vault);
std::set<ImageName> hidden_images(Vault& vault);

}  // namespace lifeboat::vault
