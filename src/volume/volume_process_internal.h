/// What starting, serving and removing a volume have in common.
#pragma once

#include "volume/volume_process.h"

namespace lifeboat::volume {

/// The record as the request makes or changes it; not saved.
VolumeRecord record_for(const MountRequest& request);

void refuse_if_mounted(const VolumeRecord& record);

/// Held by who mounts, serves or removes a volume, from before its files are looked at. Makes its directory.
FileLock lock_volume(const VolumeRecord& record);

/// Its directory with all in it, under the lock: gone at once for everybody.
void discard_state(const VolumeRecord& record);

}  // namespace lifeboat::volume
