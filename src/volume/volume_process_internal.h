/// What starting, serving and removing a volume have in common.
#pragma once

#include <memory>

#include "vault/vault.h"
#include "volume/volume_process.h"

namespace lifeboat::volume {

/// The record as the request makes or changes it; not saved.
VolumeRecord record_for(const MountRequest& request);

void refuse_if_mounted(const VolumeRecord& record);

/// Held by who mounts, serves or removes a volume, from before its files are looked at. Makes its directory.
FileLock lock_volume(const VolumeRecord& record);

/// Its directory with all in it, under the lock: gone at once for everybody.
void discard_state(const VolumeRecord& record);

/// Of a vault that the work at hand can do without.
inline constexpr std::chrono::seconds kVaultPatience{3};
/// As the record says; `patience` as for store::open_store. Throws kUsage if it says too little, and what a vault
/// throws.
std::unique_ptr<vault::Vault> open_vault(const VolumeRecord& record, std::optional<std::chrono::seconds> patience = {});
/// Tells the vault that the volume needs no image any more; what it cannot tell is logged.
void keep_nothing(const VolumeRecord& record) noexcept;

}  // namespace lifeboat::volume
