/// Pins: images that stay whatever the retention policy says.
/// Errors: the store's. Threads: functions without state.
#pragma once

#include <set>

#include "vault/image.h"
#include "vault/vault.h"

namespace lifeboat::vault {

/// By name only, so a damaged pin still holds.
std::set<ImageName> pinned_images(Vault& vault);

/// Durable when it returns; pinning twice is fine. kConflict if the image was marked for removal meanwhile.
void pin_image(Vault& vault, const ImageName& image);
/// False if it was not pinned.
bool unpin_image(Vault& vault, const ImageName& image);

}  // namespace lifeboat::vault
