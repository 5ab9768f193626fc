/// What a volume tells of itself.
#include <algorithm>
#include <mutex>
#include <shared_mutex>

#include "volume/volume_state.h"

namespace lifeboat::volume {

VolumeStatus Volume::State::status() {
  State& state = *this;
  VolumeStatus status;
  {
    const std::shared_lock guard(state.gate);
    const std::shared_lock lock(state.catalog.mutex);
    status.image = state.catalog.image;
    status.local_bytes =
        static_cast<std::uint64_t>(std::max<std::int64_t>(state.space.used, 0)) + state.journal->bytes();
    status.hydrated = true;
    status.changed = !state.catalog.gone.empty();
    state.catalog.for_each([&](const NodePtr& each) {
      const Node& node = *each;
      status.changed = status.changed || (node.linked && node.changed != 0);
      status.bytes += node.size;
      if (node.type != vault::FileType::kFile || !node.linked) return;
      const std::uint64_t chunks = vault::chunk_count(node.image_path.empty() ? 0 : node.image_size);
      if (!node.file) {
        status.hydrated = status.hydrated && chunks == 0;
        return;
      }
      File& file = *node.file;
      const std::shared_lock file_lock(file.lock);
      const std::uint64_t hydrated = file.hydrated.count();
      // Only what is journaled survives this process: until then the vault may still be needed.
      status.hydrated = status.hydrated && hydrated == chunks && file.hydrated_pending.runs().empty();
      status.hydrated_bytes += hydrated == chunks ? node.image_size : hydrated * kChunkBytes;
      if (file.current) status.dirty_bytes += file.current->marks.count() * kBlockBytes;
      if (file.frozen && !state.catalog.frozen_committed) {
        status.dirty_bytes += file.frozen->marks.count() * kBlockBytes;
      }
    });
  }
  status.changed = status.changed || status.dirty_bytes > 0;
  return status;
}

std::string Volume::image() {
  const std::shared_lock lock(state_->catalog.mutex);
  return state_->catalog.image;
}

bool Volume::reads_removed_files() {
  const std::shared_lock lock(state_->catalog.mutex);
  bool reads = false;
  state_->catalog.for_each([&](const NodePtr& node) {
    if (reads || node->linked || !node->file || node->image_path.empty()) return;
    const std::shared_lock file_lock(node->file->lock);
    reads = !node->file->hydrated.full();
  });
  return reads;
}

VolumeStatus Volume::status() {
  return state_->status();
}

}  // namespace lifeboat::volume
