/// The last step of publishing when the writer's session was ended by somebody else before the image could be seen.
/// Protocol: docs/internals/vault-format.md, "Pruning". Stays inside this part.
#pragma once

#include "vault/image.h"
#include "vault/vault.h"

namespace lifeboat::vault {

/// Returns if everything the image refers to is there and stays; else hides the image and throws kConflict.
void confirm_image(Vault& vault, const ImageName& image);

}  // namespace lifeboat::vault
